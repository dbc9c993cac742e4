"""F12: files that were damaged on their way or made to harm, ten thousand of them, through a whole import.

Half of what is sent are valid workbooks of every kind with seeded changes: bits turned, pieces lost, doubled or put in,
parts of a container changed or gone. Beside them stand bombs, far cells, lies and locks. Whatever comes, the answer is
rows or a named reason, within the limits; this process neither dies nor grows, and nobody reads a traceback.
"""

import io
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any, Final

from msgspec import Struct, field
from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]  # It has no types.

from bench.processes import highest_memory_mb
from bench.report import Goal, Report, progress, rounded
from bench.world import new_folder
from core.context import StaffActor, SystemTokens, system_clock
from core.importing import run_import
from core.rules import policy
from core.sheets.cells import SheetFile
from core.sheets.faults import FileFault
from core.sheets.reader import LIMITS, read_sheets
from core.usecases.imports.imports import ShowImport, show_import
from core.usecases.imports.receiving import ReceiveImport, receive_import
from core.words import ImportState
from tests.core.sheets.files import HEADINGS, ods, raw_xlsx, text_cells, with_sizes, workbook, xls, xlsb
from tests.core.sheets.mutating import mutated, originals
from tests.factories import make_app, make_engine, make_school

# One more try with the other reader, and what starting and ending two processes takes on a busy machine.
_MOST_SECONDS: Final = 2 * LIMITS.wall + 10.0
_NAMES: Final = ("learners.xlsx", "learners.csv", "learners.xls", "../../etc/passwd", "=cmd|x.ods", "", "a" * 400)
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REASONS: Final = frozenset(fault.value for fault in FileFault)
_SETTLED: Final = (ImportState.APPLIED, ImportState.HELD, ImportState.REJECTED)


class Size(Struct, frozen=True):
    """``files``: changed ones; the hostile ones come besides. Each ``imported``-th goes through a whole import."""

    files: int = 10_000
    imported: int = 10
    threads: int = 2


SMALL: Final = Size(files=40, imported=5)


class _Answers(Struct):
    reasons: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = []
    tracebacks: int = 0
    nameless: int = 0
    unsettled: int = 0
    imported: int = 0
    longest: float = 0.0


def run(size: Size, seed: int) -> Report:
    answers, hostile = _Answers(), tuple(_hostile())
    peak = highest_memory_mb()
    # What makes a bomb is larger than the bomb, so that is no work for the process that is measured.
    maker = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver"))
    with new_folder() as folder, ThreadPoolExecutor(size.threads) as threads, maker:
        school = make_school(make_app(make_engine(f"sqlite:///{folder}/usher.db"), clock=system_clock))
        school.app.tokens = SystemTokens()
        makers: list[Callable[[], bytes]] = [
            *(partial(_made_elsewhere, maker, name) for name in hostile),
            *(partial(_changed, seed, number) for number in range(size.files)),
        ]
        for number, _ in enumerate(threads.map(lambda make: _answer(answers, make), makers)):
            if number % 500 == 0:
                progress(f"F12: {number} of {len(makers)} files")
        for number, make in enumerate(makers[:: size.imported]):
            _import(answers, school.app, school.owner, make, _NAMES[number % len(_NAMES)])
        school.app.engine.dispose()
    return _report(size, seed, answers, len(hostile), highest_memory_mb() - peak)


def _report(size: Size, seed: int, answers: _Answers, hostile: int, grown: float) -> Report:
    figures: dict[str, Any] = {
        "runs": size.files,
        "seed": seed,
        "hostile": hostile,
        "imported": answers.imported,
        "crashes": len(answers.crashes),
        "crashed": answers.crashes[:10],
        "tracebacks": answers.tracebacks,
        "nameless": answers.nameless,
        "unsettled": answers.unsettled,
        "longest_seconds": rounded(answers.longest),
        "grown_mb": rounded(grown),
        "peak_mb": rounded(highest_memory_mb()),
        "reasons": dict(answers.reasons.most_common()),
    }
    goals = [
        Goal("exceptions in the parent", len(answers.crashes), "== 0"),
        Goal("tracebacks that somebody reads", answers.tracebacks, "== 0"),
        Goal("files without a named reason", answers.nameless, "== 0"),
        Goal("imports that were not settled", answers.unsettled, "== 0"),
        Goal("seconds of the longest file", rounded(answers.longest), f"<= {_MOST_SECONDS}"),
        Goal("MB of the parent", rounded(highest_memory_mb()), "<= 256"),
    ]
    return Report("F12", figures, goals)


def _answer(answers: _Answers, make: Callable[[], bytes]) -> None:
    content = make()
    began = time.monotonic()
    try:
        read = read_sheets(content)
        if isinstance(read, SheetFile):
            # Gone through, for rows are unpacked only then.
            reason, words = "rows", str(sum(row.number > 0 for sheet in read.sheets for row in sheet.rows))
        else:
            reason, words = read.fault.value, f"{read.message} {read.hint}"
    except BaseException as error:
        answers.crashes.append(f"{type(error).__name__}: {error}"[:200])
        return
    answers.longest = max(answers.longest, time.monotonic() - began)
    answers.reasons[reason] += 1
    answers.nameless += not words or (reason != "rows" and reason not in _REASONS)
    answers.tracebacks += "Traceback" in words


def _import(answers: _Answers, app: Any, owner: StaffActor, make: Callable[[], bytes], name: str) -> None:
    answers.imported += 1
    try:
        received = app.run(receive_import, ReceiveImport(name, make()), owner)
        settled = run_import(app, received.import_id, owner)
        shown = app.read(show_import, ShowImport(import_id=received.import_id), owner)
    except BaseException as error:
        answers.crashes.append(f"import: {type(error).__name__}: {error}"[:200])
        return
    answers.unsettled += settled.state not in _SETTLED
    is_said = settled.state is not ImportState.REJECTED or bool(shown.fault or shown.problems or settled.reason)
    answers.nameless += not is_said
    answers.tracebacks += "Traceback" in str(shown)


def _changed(seed: int, number: int) -> bytes:
    noise = Random(seed * 1_000_000 + number)
    return mutated(noise.choice(originals()), noise)


def _made_elsewhere(maker: ProcessPoolExecutor, name: str) -> bytes:
    return maker.submit(_made, name).result()


def _made(name: str) -> bytes:
    return _hostile()[name]()


# --- Hostile ----------------------------------------------------------------------------------------------


def _hostile() -> dict[str, Callable[[], bytes]]:
    first = text_cells(1, *HEADINGS)
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    outside = '<row r="99999999"><c r="ABCD99999999"><v>1</v></c></row>'
    nested = "<x>" * 100_000
    return {
        "empty": lambda: b"",
        "zeros": lambda: bytes(100_000),
        "too large": lambda: b"a" * (policy.SHEET_BYTES + 1),
        "too many rows": lambda: b"a\n" * (policy.SHEET_ROWS + 1),
        "one line": lambda: b"a," * 2_000_000,
        "open quotation": lambda: b'a,b\n"c,d\n' * 50_000,
        "far cell": lambda: raw_xlsx(first + far),
        "cell outside the grid": lambda: raw_xlsx(first + outside),
        "far cell of an .xls": lambda: xls(HEADINGS, far=(65_535, 255)),
        "100,000 merged areas": lambda: raw_xlsx(_with_merges(first, 100_000)),
        "nested elements": lambda: raw_xlsx(first + nested),
        "white space bomb": lambda: _strings("<si><t> </t></si>" + " " * 60_000_000),
        "strings bomb": lambda: _strings("<si><t>a</t></si>" * 3_000_000),
        "long string, used often": _repeated,
        "billion laughs": lambda: raw_xlsx(_laughing()),
        "outside entity": lambda: raw_xlsx(_laughing('SYSTEM "file:///etc/passwd"')),
        "lying directory": lambda: with_sizes(
            raw_xlsx(first), "xl/worksheets/sheet1.xml", unpacked=4_000_000_000, packed=9_000_000
        ),
        "2,001 parts": lambda: raw_xlsx("", parts={f"xl/media/{n}.bin": b"" for n in range(policy.SHEET_PARTS)}),
        "part above its folder": lambda: raw_xlsx("", parts={"../../etc/cron": b""}),
        "password": _locked,
        "password of an .xls": lambda: xls(HEADINGS, is_encrypted=True),
        "password of an .ods": lambda: ods(HEADINGS, manifest="<manifest:encryption-data/>"),
        "wild spans": lambda: b"<table><tr><td rowspan=99999 colspan=99999>a" + b"<tr><td>b" * 500,
        "nested pages": lambda: b"<html>" + b"<div>" * 200_000 + b"<table><tr><td>a",
        "cut .xlsb": lambda: xlsb(HEADINGS)[:-200],
        "archive in an archive": lambda: raw_xlsx("", parts={"xl/workbook.xml": workbook()}),
    }


def _with_merges(rows: str, count: int) -> bytes:
    merges = "".join(f'<mergeCell ref="A{place}:B{place}"/>' for place in range(2, count + 2))
    sheet = f"<sheetData>{rows}</sheetData><mergeCells>{merges}</mergeCells>"
    return f'<worksheet xmlns="{_MAIN}">{sheet}</worksheet>'.encode()


def _strings(filling: str) -> bytes:
    strings = f'<sst xmlns="{_MAIN}">{filling}</sst>'
    return raw_xlsx(text_cells(1, *HEADINGS), parts={"xl/sharedStrings.xml": strings})


def _repeated() -> bytes:
    cells = "".join(
        f'<row r="{row}">' + "".join(f'<c r="{column}{row}" t="s"><v>0</v></c>' for column in "ABCDEFGHIJ") + "</row>"
        for row in range(1, 5000)
    )
    strings = (
        f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{"a" * 32_000}</t></si></sst>'
    )
    return raw_xlsx(cells, parts={"xl/sharedStrings.xml": strings})


def _laughing(outside: str = "") -> bytes:
    names = "abcdefghij"
    laughs = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    first = f"<!ENTITY a {outside}>" if outside else '<!ENTITY a "ha">'
    return (
        f'<?xml version="1.0"?><!DOCTYPE r [{first}{laughs}]>'
        f'<worksheet xmlns="{_MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
    ).encode()


def _locked() -> bytes:
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook())).encrypt("secret", locked)
    return locked.getvalue()
