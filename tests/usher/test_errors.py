"""Every expected failure, of core and of the doors, has a code of its own and one line in docs/errors.md."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import bot
import core
import mail
import usher
import web
import worker
from core.errors import UsherError

HOUSE = Path(__file__).parents[2]
ROOMS = (core, bot, mail, usher, web, worker)
FAMILIES = [family for family in UsherError.__subclasses__() if family.__module__ == "core.errors.families"]


def _load_everything() -> None:
    for room in ROOMS:
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def _below(kind: type[UsherError]) -> Iterator[type[UsherError]]:
    for heir in kind.__subclasses__():
        yield heir
        yield from _below(heir)


def _chapter(family: type[UsherError], kind: type[UsherError]) -> str:
    """A family of core's errors, or a door for what only it can say."""
    room = kind.__module__.partition(".")[0]
    return family.code if room == "core" else room


_load_everything()
ERRORS = {
    kind: _chapter(family, kind)
    for family in FAMILIES
    for kind in _below(family)
    if kind.__module__.partition(".")[0] in {room.__name__ for room in ROOMS}
}


def _told() -> list[tuple[str, str, str, str]]:
    """Chapter, code, wording and advice of each line."""
    chapters = re.split(r"^## (\w+)$", (HOUSE / "docs/errors.md").read_text(), flags=re.MULTILINE)[1:]
    return [
        (name, *row)
        for name, text in zip(chapters[::2], chapters[1::2], strict=True)
        for row in re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \|$", text, re.MULTILINE)
    ]


def test_the_doors_errors_are_found() -> None:
    assert {"workspace_not_bound", "form_too_late"} <= {kind.code for kind in ERRORS}


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in (*FAMILIES, *ERRORS)]

    assert len(set(codes)) == len(codes)
    assert all(kind.code == re.sub(r"(?<!^)([A-Z])", r"_\1", kind.__name__).lower() for kind in ERRORS)


def test_each_error_stands_in_the_docs_once_in_its_chapter() -> None:
    told = sorted((chapter, code) for chapter, code, _wording, _advice in _told())

    assert told == sorted((chapter, kind.code) for kind, chapter in ERRORS.items())


def test_each_error_stands_in_the_docs_with_its_words() -> None:
    told = {code: (wording, advice) for _chapter, code, wording, advice in _told()}

    for kind in ERRORS:
        wording, advice = told[kind.code]
        assert wording == kind.wording.replace("\n", "<br>")
        assert advice == kind.advice if kind.advice else advice


def test_the_chapters_are_the_families_and_then_the_doors() -> None:
    chapters = re.findall(r"^## (\w+)$", (HOUSE / "docs/errors.md").read_text(), re.MULTILINE)
    doors = [room.__name__ for room in ROOMS if room.__name__ in ERRORS.values()]

    assert chapters == [family.code for family in FAMILIES] + doors
