"""Every deed has words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import core.usecases
from core.wording.history import DEEDS

_LOOKS = (
    "show_",
    "list_",
    "find_",
    "load_",
    "preview_",
    "look_",
    "offer_",
    "report_",
    "write_export",
    "who_is",
    "check_",
    "sender_of_",
    "reporter_of",
)
"""Use cases that change nothing are read, and the audit has no entry of them; where it has, they need words, too."""


def _usecases() -> Iterator[tuple[str, ast.FunctionDef, dict[str, bool]]]:
    (folder,) = core.usecases.__path__
    for path in sorted(Path(folder).rglob("*.py")):
        tree = ast.parse(path.read_text())
        routine = {
            node.name: "is_routine: ClassVar = True" in ast.unparse(node)
            for node in tree.body
            if isinstance(node, ast.ClassDef)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and [each.arg for each in node.args.args] == ["ctx", "command"]:
                yield node.name, node, routine


def _is_routine(node: ast.FunctionDef, routine: dict[str, bool]) -> bool:
    annotation = node.args.args[1].annotation
    return isinstance(annotation, ast.Name) and routine.get(annotation.id, False)


def test_every_command_that_leaves_an_entry_has_a_sentence() -> None:
    done = {name for name, node, routine in _usecases() if not _is_routine(node, routine)}

    assert {name for name in done - set(DEEDS) if not name.startswith(("_", *_LOOKS))} == set()
    assert set(DEEDS) - done == set()
    assert all(words.startswith(("{", "somebody", "Usher")) and not words.endswith(".") for words in DEEDS.values())
