"""The zip container of a workbook: is it safe to open, what is in it, and which of its cells a fast reader misses.

Only the container's directory is read before the limits are known to hold; then each visible sheet's XML is looked
through once, a megabyte at a time, without being parsed (notes on spreadsheets, section 9).
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from core.rules import policy
from core.sheets.cells import CellFault, FaultyCell, FileKind, FileNote
from core.sheets.faults import FileFault, Unreadable

_MEGABYTE: Final = 1 << 20
# A workbook's list of sheets and parts is a few kilobytes.
_SMALL_PART: Final = 4 * _MEGABYTE
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384
# More faulty cells than this are not looked at one by one: the file has another trouble.
_FAULTY_CELLS: Final = 100_000
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip

_ROWS: Final = re.compile(rb' r="[A-Za-z]{1,9}(\d{1,12})"')
_COLUMNS: Final = re.compile(rb' r="([A-Za-z]{1,9})\d')
# A cell beyond Z99999: all others are fewer than SHEET_RECTANGLE, and need not be told apart.
_FAR: Final = re.compile(rb' r="[A-Za-z](?:[A-Za-z]|\d{6})')
_NEAR_ROWS, _NEAR_COLUMNS = 99_999, 26
# Generators may give the elements a prefix, and leave out where a cell stands.
_FILLED: Final = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Za-z]{1,9})(\d{1,12})"(?:[^>]*[^/>])?>(?!</)')
_ERROR: Final = re.compile(rb'<(?:\w+:)?c\s([^>]*\bt="e"[^>]*)>[^v]*?<(?:\w+:)?v>([^<]{1,40})<')
_NOT_CALCULATED: Final = re.compile(
    rb"<(?:\w+:)?c\s([^>]*[^/>])>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PROPERTIES: Final = (
    (
        "docProps/custom.xml",
        re.compile(rb'name="(Usher[A-Za-z]{1,20})"[^>]{0,99}>\s*<(?:\w+:)?lpwstr[^>]{0,120}>([^<&]{1,64})<'),
    ),
    ("meta.xml", re.compile(rb'meta:name="(Usher[A-Za-z]{1,20})"[^>]{0,99}>([^<&]{1,64})<')),
)
_PLACE: Final = re.compile(rb'\br="([A-Za-z]{1,3})(\d{1,7})"')


class SheetScan(Struct, frozen=True):
    rows: int
    columns: int
    """At most so many."""
    faulty: dict[int, dict[int, FaultyCell]]
    """By row (1 is the first) and column (0 is the first)."""


class Package(Struct):
    """An open container that has passed the checks of its directory."""

    kind: FileKind
    archive: zipfile.ZipFile
    names: frozenset[str]
    notes: set[FileNote] = set()
    parts: dict[str, str] = {}
    """Of an .xlsx: the part of each worksheet by the sheet's name."""

    def properties(self) -> dict[str, str]:
        """Those of ours that the document carries."""
        part, wanted = next(((part, how) for part, how in _PROPERTIES if part in self.names), ("", None))
        if wanted is None:
            return {}
        try:
            found = wanted.findall(_part(self.archive, part))
        except Unreadable:
            # It says nothing of the rows, so it does not matter.
            return {}
        return {name.decode(): value.decode("utf-8", "replace") for name, value in found}

    def scan(self, sheet: str) -> SheetScan | None:
        part = self.parts.get(sheet)
        if part is None or part not in self.names:
            return None
        try:
            return _scanned(self.archive, part)
        except _BROKEN as error:
            raise Unreadable(FileFault.DAMAGED) from error


def opened(content: bytes) -> Package:
    """Raises Unreadable."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
    except _BROKEN as error:
        raise Unreadable(FileFault.DAMAGED) from error
    _check(members)
    names = frozenset(member.filename for member in members)
    package = Package(_kind(archive, names), archive, names)
    if any(name.lower().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
        package.notes.add(FileNote.MACROS)
    if any("/externalLinks/" in name for name in names):
        package.notes.add(FileNote.EXTERNAL_LINKS)
    if package.kind is FileKind.XLSX:
        _read_workbook(package)
    return package


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Of the directory only; nothing is unpacked."""
    if len(members) > policy.SHEET_PARTS:
        raise Unreadable(FileFault.TOO_BIG_INSIDE)
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(FileFault.PASSWORD)
    if any(_leaves_its_folder(member.filename) for member in members):
        raise Unreadable(FileFault.DAMAGED)
    if sum(member.file_size for member in members) > policy.SHEET_UNPACKED_BYTES or any(map(_is_a_bomb, members)):
        raise Unreadable(FileFault.TOO_BIG_INSIDE)


def _leaves_its_folder(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or name[1:2] == ":"


def _is_a_bomb(member: zipfile.ZipInfo) -> bool:
    ratio = member.file_size / max(1, member.compress_size)
    return member.file_size > _MEGABYTE and ratio > policy.SHEET_PACKING_RATIO


def _kind(archive: zipfile.ZipFile, names: frozenset[str]) -> FileKind:
    workbook = _workbook_part(archive, names)
    if workbook is not None:
        return FileKind.XLSB if workbook.endswith(".bin") else FileKind.XLSX
    if "content.xml" in names and "mimetype" in names:
        if b"spreadsheet" in _part(archive, "mimetype"):
            _check_not_encrypted(archive, names)
            return FileKind.ODS
        raise Unreadable(FileFault.NOT_A_SHEET, "a text document or a presentation")
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise Unreadable(FileFault.NOT_A_SHEET, "a text document or a presentation")
    if any(name.endswith(".iwa") or name == "Index.zip" for name in names):
        raise Unreadable(FileFault.NOT_A_SHEET, "a document of Apple's Numbers or Pages")
    raise Unreadable(FileFault.NOT_A_SHEET, "an archive of files")


def _check_not_encrypted(archive: zipfile.ZipFile, names: frozenset[str]) -> None:
    manifest = "META-INF/manifest.xml"
    if manifest in names and b"encryption-data" in _part(archive, manifest):
        raise Unreadable(FileFault.PASSWORD)


def _workbook_part(archive: zipfile.ZipFile, names: frozenset[str]) -> str | None:
    """By relationship: some generators call it otherwise."""
    if "_rels/.rels" in names:
        for name, given in _elements(_part(archive, "_rels/.rels")):
            if name == "Relationship" and given.get("Type", "").endswith("/officeDocument"):
                part = posixpath.normpath(given.get("Target", "").lstrip("/"))
                if "workbook" in part.lower() or part.startswith("xl/"):
                    return part if part in names else None
    return next((name for name in ("xl/workbook.xml", "xl/workbook.bin") if name in names), None)


def _read_workbook(package: Package) -> None:
    workbook = _workbook_part(package.archive, package.names) or ""
    folder, file = posixpath.split(workbook)
    links = f"{folder}/_rels/{file}.rels"
    if links not in package.names:
        return
    targets = {
        given.get("Id", ""): posixpath.normpath(posixpath.join(folder, given.get("Target", ""))).lstrip("/")
        for name, given in _elements(_part(package.archive, links))
        if name == "Relationship" and given.get("Type", "").endswith("/worksheet")
    }
    for name, given in _elements(_part(package.archive, workbook)):
        if name == "workbookPr" and given.get("date1904", "").lower() in ("1", "true", "on"):
            package.notes.add(FileNote.DATES_1904)
        if name == "sheet" and given.get("id", "") in targets:
            package.parts[given.get("name", "")] = targets[given["id"]]


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        if archive.getinfo(name).file_size > _SMALL_PART:
            raise Unreadable(FileFault.TOO_BIG_INSIDE)
        return archive.read(name)
    except _BROKEN as error:
        raise Unreadable(FileFault.DAMAGED) from error


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    """Elements and attributes by their local names. A document that declares entities is refused."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, given: dict[str, str]) -> None:
        found.append((_local(name), {_local(key): value for key, value in given.items()}))

    def refuse(*_: object) -> None:
        raise Unreadable(FileFault.DAMAGED)

    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError) as error:
        raise Unreadable(FileFault.DAMAGED) from error
    return found


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _scanned(archive: zipfile.ZipFile, part: str) -> SheetScan:
    rows = columns = 0
    faulty: dict[int, dict[int, FaultyCell]] = {}
    for block in _blocks(archive, part):
        if _FAR.search(block):
            rows = max(rows, max(map(int, set(_ROWS.findall(block))), default=0))
            columns = max(columns, max(map(_column, set(_COLUMNS.findall(block))), default=-1) + 1)
        else:
            rows, columns = max(rows, _NEAR_ROWS), max(columns, _NEAR_COLUMNS)
        if len(faulty) < _FAULTY_CELLS:
            _note_faulty(block, faulty)
    if rows * columns > policy.SHEET_RECTANGLE:
        rows, columns = _filled_extent(archive, part)
    if rows > _LAST_ROW or columns > _LAST_COLUMN:
        # No program can have made such a file, and readers hang on it.
        raise Unreadable(FileFault.DAMAGED)
    return SheetScan(rows, columns, faulty)


def _filled_extent(archive: zipfile.ZipFile, part: str) -> tuple[int, int]:
    """Without the cells that have nothing but a format; five times slower."""
    rows = columns = 0
    for block in _blocks(archive, part):
        for letters, number in set(_FILLED.findall(block)):
            rows, columns = max(rows, int(number)), max(columns, _column(letters) + 1)
    return rows, columns


def _note_faulty(block: bytes, faulty: dict[int, dict[int, FaultyCell]]) -> None:
    if b't="e"' in block:
        for given, shown in _ERROR.findall(block):
            _put(faulty, given, FaultyCell(CellFault.ERROR, shown.decode("utf-8", "replace")))
    if b"<f" in block or b":f" in block:
        for given in _NOT_CALCULATED.findall(block):
            # The result of a formula may well be an empty text.
            if b't="str"' not in given:
                _put(faulty, given, FaultyCell(CellFault.NOT_CALCULATED, "="))


def _put(faulty: dict[int, dict[int, FaultyCell]], given: bytes, cell: FaultyCell) -> None:
    place = _PLACE.search(given)
    if place is not None:
        faulty.setdefault(int(place[2]), {})[_column(place[1])] = cell


def _column(letters: bytes) -> int:
    """``A`` is 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


def _blocks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A megabyte or so at a time, cut between rows where there are any."""
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(_MEGABYTE):
            block = rest + piece
            cut = block.rfind(b"row>") + 4
            if cut < 4:
                cut = block.rfind(b">") + 1
            yield block[:cut]
            # A tag longer than all this is no sheet's.
            rest = block[cut:][-_MEGABYTE:]
    yield rest
