"""Each expected failure has one code, one wording and one place in the tree; tests/usher compares it with the docs."""

import ast
import inspect
import re
from collections.abc import Iterator
from string import Formatter

from core import errors
from core.errors import UsherError
from tests.core.test_house import PRODUCT, nodes, sources

FAMILIES = [family for family in UsherError.__subclasses__() if family.__module__.startswith("core.errors")]
HOSTILE = "{0}{verb!r:>{x}}}}{{%s%(x)s|`*\x00\u202e\n<b>@channel"


def below(kind: type[UsherError]) -> Iterator[type[UsherError]]:
    for heir in kind.__subclasses__():
        yield heir
        yield from below(heir)


# Doors have a few errors of their own, which another test may have loaded.
ERRORS = [kind for family in FAMILIES for kind in below(family) if kind.__module__.startswith("core.errors")]


def wanted(kind: type[UsherError]) -> set[str]:
    """The values that the constructor must be given."""
    if kind.__init__ is not UsherError.__init__:
        return set(inspect.signature(kind.__init__).parameters) - {"self"}
    return {name for text in (kind.wording, kind.advice) for _, name, _, _ in Formatter().parse(text) if name}


def test_codes_are_unique_and_follow_the_name() -> None:
    codes = [kind.code for kind in (*FAMILIES, *ERRORS)]

    assert len(set(codes)) == len(codes)
    assert all(len(code) <= 64 for code in codes)
    for kind in ERRORS:
        assert kind.code == re.sub(r"(?<!^)([A-Z])", r"_\1", kind.__name__).lower()
        assert "code" in vars(kind)
        assert "wording" in vars(kind)


def test_wording_and_advice_are_sentences() -> None:
    for kind in ERRORS:
        for text in filter(None, (kind.wording, kind.advice)):
            assert text[0].isupper() or text[0] in "{“", kind
            assert text.rstrip("}”")[-1] in ".?!" or text.endswith("}") or "usher org create." in text, kind


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, set[str]] = {}
    family = ""
    for line in (errors.__doc__ or "").splitlines():
        if branch := re.match(r" {4}[├└]── (\w+)", line):
            family = branch[1]
            drawn[family] = set()
        elif family and ("──" in line or "│" in line):
            drawn[family] |= set(re.findall(r"[A-Z]\w+", line))
        elif not line.strip():
            family = ""

    assert drawn == {
        family.__name__: {kind.__name__ for kind in below(family) if kind in ERRORS} for family in FAMILIES
    }


_SEVERAL: dict[type[UsherError], tuple[str, ...]] = {
    errors.AgreementUnclear: ("choices",),
    errors.AgreementNotFound: ("known",),
    errors.BatchNotChosen: ("nearest",),
    errors.RunOrLearnerNotFound: ("runs",),
}
_PAIRS: dict[type[UsherError], str] = {
    errors.LearnerInvalid: "problems",
    errors.LearnerNotFound: "nearest",
    errors.LearnerUnclear: "choices",
    errors.RunOrLearnerNotFound: "choices",
}


def test_hostile_values_are_put_in_as_they_are() -> None:
    for kind in ERRORS:
        error = kind(**_hostile(kind))

        assert str(error) == error.message, kind
        shown = error.message + error.hint
        assert shown.count(HOSTILE) >= len(wanted(kind)), kind
        assert not shown.replace(HOSTILE, "").count("{"), kind


def _hostile(kind: type[UsherError]) -> dict[str, object]:
    values: dict[str, object] = dict.fromkeys(wanted(kind), HOSTILE)
    if kind is errors.RunNotFound:
        values["nearest"] = (HOSTILE,)
    for name in _SEVERAL.get(kind, ()):
        values[name] = (HOSTILE,)
    if kind in _PAIRS:
        values[_PAIRS[kind]] = ((HOSTILE, HOSTILE),)
    return values


def test_nearest_names_are_offered_only_if_there_are_any() -> None:
    assert errors.UnknownVerb(verb="x", nearest=None).hint.startswith("Write “help”")
    assert errors.UnknownVerb(verb="inivte", nearest="invite").hint.startswith("Did you mean “invite”?")
    assert errors.RunNotFound(run="x").hint.startswith("“courses”")
    assert errors.RunNotFound(run="x", nearest=("a", "b")).hint.startswith("Did you mean a or b?")


def test_each_error_is_made_with_the_values_that_its_words_need() -> None:
    kinds = {kind.__name__: kind for kind in ERRORS}
    wrong = []
    for path, tree in sources(*PRODUCT):
        for node in nodes(tree):
            name, given = _made(node)
            if name in kinds and None not in given:
                missing = wanted(kinds[name]) - _optional(kinds[name]) - given
                if missing or given - wanted(kinds[name]):
                    wrong.append(f"{path} {name} {missing}")

    assert wrong == []


def _made(node: ast.AST) -> tuple[str, set[str | None]]:
    """The name of what is raised or called, and the keywords that it is given; None among them: ``**values``."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
        return node.exc.id, set()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id, {keyword.arg for keyword in node.keywords}
    return "", set()


def _optional(kind: type[UsherError]) -> set[str]:
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {each.name for each in parameters if each.default is not inspect.Parameter.empty}
