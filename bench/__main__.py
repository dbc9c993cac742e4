"""``python -m bench NAME``, or all of them. With ``--json`` one JSON object is all that goes to stdout."""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bench.report import Report, show, together

NAMES: Final = ("b2", "b3", "b4", "b5", "b9", "digests", "export", "home", "import", "inbox", "progress")


class Wish(Struct, frozen=True):
    """What was asked for on the command line; 0 leaves a count as it is."""

    is_small: bool = False
    is_postgresql: bool = False
    requests: int = 0


def main(arguments: list[str] | None = None) -> int:
    """1 if a goal was missed and ``--strict`` was given."""
    asked = _parser().parse_args(arguments)
    wish = Wish(asked.small, asked.postgresql, asked.requests)
    names = NAMES if asked.name == "all" else (asked.name,)
    reports = [_BENCHES[name](wish) for name in names]
    report = together(reports) if asked.name == "all" else reports[0]
    show(report, as_json=asked.json)
    return 1 if asked.strict and not report.holds else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast Usher is, beside a named peer.")
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--strict", action="store_true", help="exit status 1 if a goal is missed")
    parser.add_argument("--small", action="store_true", help="tiny counts: shows that it works, measures nothing")
    parser.add_argument(
        "--postgresql", action="store_true", help="on PostgreSQL instead of SQLite (b3, b5, import, inbox)"
    )
    parser.add_argument("--requests", type=int, default=0, help="how many Slack requests in all (b4)")
    return parser


def _b2(wish: Wish) -> Report:
    from bench import b2

    return b2.run(b2.SMALL if wish.is_small else b2.Size())


def _b3(wish: Wish) -> Report:
    from bench import b3

    return b3.run(replace(b3.SMALL if wish.is_small else b3.Size(), is_postgresql=wish.is_postgresql))


def _b4(wish: Wish) -> Report:
    from bench import b4

    size = b4.SMALL if wish.is_small else b4.Size()
    return b4.run(replace(size, requests=wish.requests or size.requests))


def _b5(wish: Wish) -> Report:
    from bench import b5

    return b5.run(replace(b5.SMALL if wish.is_small else b5.Size(), is_postgresql=wish.is_postgresql))


def _b9(wish: Wish) -> Report:
    from bench import b9

    return b9.run(b9.SMALL if wish.is_small else b9.Size())


def _digests(wish: Wish) -> Report:
    from bench import digests

    return digests.run(digests.SMALL if wish.is_small else digests.Size())


def _export(wish: Wish) -> Report:
    from bench import export

    return export.run(export.SMALL if wish.is_small else export.Size())


def _home(wish: Wish) -> Report:
    from bench import home

    return home.run(home.SMALL if wish.is_small else home.Size())


def _import(wish: Wish) -> Report:
    from bench import imports

    return imports.run(replace(imports.SMALL if wish.is_small else imports.Size(), is_postgresql=wish.is_postgresql))


def _inbox(wish: Wish) -> Report:
    from bench import inbox

    return inbox.run(replace(inbox.SMALL if wish.is_small else inbox.Size(), is_postgresql=wish.is_postgresql))


def _progress(wish: Wish) -> Report:
    from bench import progress

    return progress.run(progress.SMALL if wish.is_small else progress.Size())


# Each is loaded when it is asked for: b9 must not measure what the others have warmed up.
_BENCHES: Final[dict[str, Callable[[Wish], Report]]] = {
    "b2": _b2,
    "b3": _b3,
    "b4": _b4,
    "b5": _b5,
    "b9": _b9,
    "digests": _digests,
    "export": _export,
    "home": _home,
    "import": _import,
    "inbox": _inbox,
    "progress": _progress,
}

if __name__ == "__main__":
    sys.exit(main())
