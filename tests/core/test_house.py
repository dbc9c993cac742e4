"""Rules of the house that no tool knows, read from the source itself."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PRODUCT = ("bot", "connectors", "core", "mail", "usher", "web", "worker")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def sources(*folders: str) -> tuple[tuple[str, ast.Module], ...]:
    paths = [path for folder in folders for path in sorted((HOUSE / folder).rglob("*.py"))]
    return tuple((path.relative_to(HOUSE).as_posix(), parsed(path)) for path in paths)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All below it. Walking takes longer than all that these tests ask."""
    return tuple(ast.walk(tree))


@functools.cache
def called(tree: ast.AST) -> set[str]:
    """The last names of what is called: ``commit`` for ``session.commit()``."""
    calls = [node.func for node in nodes(tree) if isinstance(node, ast.Call)]
    return {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """Half a million nodes, which whoever collects garbage for a later test would look at again and again."""
    yield
    for cached in (sources, parsed, nodes, called):
        cached.cache_clear()


def attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)}


def imported(tree: ast.AST, module: str) -> set[str]:
    """What is imported from a package or from its modules."""
    imports = [node for node in nodes(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if f"{node.module}.".startswith(f"{module}.") for alias in node.names}


def test_only_app_run_begins_commits_and_rolls_back() -> None:
    allowed = {"core/app.py", "core/database.py", "usher/migrating.py"}
    forbidden = {"begin", "begin_nested", "begin_twophase", "commit", "rollback"}

    found = {name: called(tree) & forbidden for name, tree in sources(*PRODUCT)}

    assert {name for name, calls in found.items() if calls} - allowed == set()
    assert found["core/app.py"] == {"begin", "commit", "rollback"}


def test_only_access_looks_beyond_an_organisation() -> None:
    named = {
        name
        for name, tree in sources(*PRODUCT)
        for node in nodes(tree)
        if (isinstance(node, ast.Constant) and node.value == "all_organisations")
        or (isinstance(node, ast.keyword) and node.arg == "all_organisations")
    }

    assert named == {"core/access/links.py", "core/access/people.py", "core/access/runs.py", "core/access/scope.py"}


def test_postgresqls_walls_are_let_down_for_one_question_only() -> None:
    named = {name for name, tree in sources(*PRODUCT) if {"reaching_every_row", "reach_only"} & set(called(tree))}

    assert named == {"core/access/runs.py", "core/access/scope.py"}


def test_only_access_runs_a_query_everywhere() -> None:
    named = {name for name, tree in sources(*PRODUCT) if "run_everywhere" in called(tree)}

    assert named == {"core/access/links.py", "core/access/people.py"}


def test_only_a_query_that_carries_its_scope_says_so() -> None:
    """``core.access`` believes what says that it is scoped."""
    named = {
        name
        for name, tree in sources(*PRODUCT)
        for node in nodes(tree)
        if (isinstance(node, ast.Constant) and node.value == "is_scoped")
        or (isinstance(node, ast.keyword) and node.arg == "is_scoped")
    }

    assert named == {"core/access/scope.py", "core/queries.py"}


# The worker acts for every organisation, and received messages are nobody's until their sender is known: there is no
# scope to escape, and the class would cost a fifth.
ALLOWED = {
    "core/usecases/messages/few.py": {"__table__"},
    "core/usecases/mailbox/under_way.py": {"__table__"},
    "core/usecases/mailbox/senders.py": {"__table__"},
    "core/usecases/mailbox/settling.py": {"__table__"},
}


def test_no_statement_of_a_use_case_escapes_the_scope() -> None:
    """Each of these reaches rows without the organisation: measured, and listed at the head of ``core.access``."""
    forbidden_imports = {"text", "insert", "Session", "sessionmaker", "literal_column", "TextClause"}
    forbidden_calls = {
        *("from_statement", "connection", "get_bind", "exec_driver_sql", "bulk_save_objects"),
        *("bulk_insert_mappings", "bulk_update_mappings", "merge", "raw_connection"),
    }
    forbidden_attributes = {"__table__", "tables", "bind"}

    for name, tree in [
        *sources("core/usecases"),
        ("core/outbox.py", parsed(HOUSE / "core/outbox.py")),
    ]:
        assert imported(tree, "sqlalchemy") & forbidden_imports == set(), name
        assert called(tree) & forbidden_calls == set(), name
        assert attributes(tree) & forbidden_attributes <= ALLOWED.get(name, set()), name


def test_only_access_changes_the_scope() -> None:
    named = {
        name
        for name, tree in sources(*PRODUCT)
        for node in nodes(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "info"
        if isinstance(node.ctx, ast.Store)
    }

    assert named == {"core/access/scope.py"}


def public_usecases() -> dict[str, Function]:
    """Public functions of (ctx, command) in ``core/usecases``."""
    return {
        f"{name}:{node.name}": node
        for name, tree in sources("core/usecases")
        for node in tree.body
        if isinstance(node, Function) and [argument.arg for argument in node.args.args] == ["ctx", "command"]
        if not node.name.startswith("_")
    }


def test_every_use_case_begins_with_who_may() -> None:
    usecases = public_usecases()

    assert "core/usecases/invitations/batches.py:invite_learners" in usecases
    assert [name for name, usecase in usecases.items() if not _gates(usecase)] == []


def _gates(usecase: Function) -> set[str]:
    body = usecase.body[1:] if ast.get_docstring(usecase) else usecase.body
    return {call for call in called(body[0]) if call.startswith("require_") or call.endswith("_by_link")}


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = [
        f"{name}:{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for name, tree in sources(*PRODUCT)
        for node in nodes(tree)
        if isinstance(node, Function) and node.end_lineno is not None and node.end_lineno - node.lineno >= 60
    ]

    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [name for name, tree in sources(*PRODUCT) if not ast.get_docstring(tree)]

    assert silent == []


def loaded_with(*modules: str) -> set[str]:
    """What comes along at once: what a function imports comes when it is called."""
    trees = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): tree for name, tree in sources(*PRODUCT)
    }
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += (other for node in trees[name].body for other in named_in(node)) if name in trees else ()
    return found


def named_in(node: ast.stmt) -> list[str]:
    """``from core.sheets import export`` may name a module; what is none is found nowhere."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def test_no_start_waits_for_the_library_of_workbooks() -> None:
    """A tenth of a second, and ten megabytes for as long as the house runs (B9)."""
    loaded = loaded_with(
        "usher.serving",
        "usher.mailroom",
        "bot.app",
        "bot.deliverer",
        "mail.sending.deliverer",
        "web.app",
        "worker.engine",
    )

    assert {"core.exports.making", "core.import_reports", "core.sheets.reader"} <= loaded
    assert {name for name in loaded if name.partition(".")[0] in ("openpyxl", "lxml")} == set()
