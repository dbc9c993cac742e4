"""A file of addresses, fetched from Slack and made into text.

A .txt or a snippet is taken as it stands. Of a .csv only the cells with an address count; a first row without any is a
heading, and any other row without one is passed on whole, so that the preview can name it: nobody is dropped silently.
Of a learner import its e-mail column counts, and no other: there may be a parent's address in a row of details.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.views import FILE_MEGABYTES
from core.errors import NotReadable
from core.rules.learner_sheets import LearnerSheet, recognised_sheet

_BYTES: Final = FILE_MEGABYTES * 1024 * 1024
_DOWNLOAD_SECONDS: Final = 60
_PACKED: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WORKBOOK_NAMES: Final = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".txt")
"""Under the last two a workbook was only renamed."""
_NOT_HERE: Final = {
    "tombstone": "it was deleted",
    "hidden_by_limit": "Slack hides it, because the workspace has reached its limit of files",
    "external": "it lies outside Slack, where I cannot fetch it",
}
"""Slack's ``mode`` of a file that cannot be downloaded."""
_ABOUT_WORKBOOKS: Final = (
    "it is a workbook. Importing learners from one is not available yet; "
    "save the sheet as .csv, and I can invite the addresses in it"
)
_BYTE_ORDERS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class FileContent:
    name: str
    text: str
    """Addresses, in any shape that the preview reads."""
    sheet: LearnerSheet | None = None
    """Set when the file looks like the learner import."""


async def read_file(client: AsyncWebClient, file: dict[str, Any]) -> FileContent:
    """``file`` as Slack tells of it. Raises NotReadable."""
    known = await _described(client, file)
    name = str(known.get("name") or known.get("title") or "the file")
    if reason := _NOT_HERE.get(str(known.get("mode"))):
        raise _unreadable(name, reason)
    if int(known.get("size") or 0) > _BYTES:
        raise _unreadable(name, f"it is larger than {FILE_MEGABYTES} MB")
    content = await _download(client, name, str(known.get("url_private_download") or known.get("url_private") or ""))
    return content_of(name, content, is_csv="csv" in (known.get("filetype"), name.lower().rpartition(".")[2]))


def content_of(name: str, content: bytes, *, is_csv: bool) -> FileContent:
    """Raises NotReadable."""
    if content.startswith(_PACKED) and name.lower().endswith(_WORKBOOK_NAMES):
        raise _unreadable(name, _ABOUT_WORKBOOKS)
    text = _decoded(content)
    if content.startswith(_PACKED) or "\x00" in text:
        raise _unreadable(name, "it is not a text file")
    if not is_csv:
        return FileContent(name, text)
    rows = _rows(name, text)
    sheet = recognised_sheet(rows)
    return FileContent(name, "\n".join(_cells(rows) if sheet is None else sheet.emails or ()), sheet)


def _decoded(content: bytes) -> str:
    if content.startswith(_BYTE_ORDERS):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheet programs on Windows write by default.
        return content.decode("cp1252", errors="replace")


def _rows(name: str, text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise _unreadable(name, "its rows cannot be told apart") from error


def _cells(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    filled = [cells for row in rows if (cells := [cell.strip() for cell in row if cell.strip()])]
    for number, cells in enumerate(filled):
        found = [cell for cell in cells if "@" in cell]
        if found:
            yield from (_one_entry(cell) for cell in found)
        elif number > 0:
            yield _one_entry(" ".join(cells))


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def _one_entry(cell: str) -> str:
    """A comma inside a cell is part of it: "Young, Bo <bo@example.org>"."""
    return " ".join(cell.replace(",", " ").replace(";", " ").split()) if "<" in cell else cell


async def _described(client: AsyncWebClient, file: dict[str, Any]) -> dict[str, Any]:
    """Files from shared channels come with nothing but their id."""
    if file.get("file_access") != "check_file_info":
        return file
    try:
        described: dict[str, Any] = (await client.files_info(file=file["id"]))["file"]
    except SlackApiError as error:
        raise _unreadable("the file", "Slack did not let me see it") from error
    return described


async def _download(client: AsyncWebClient, name: str, url: str) -> bytes:
    headers = {"Authorization": f"Bearer {client.token}"}
    timeout = aiohttp.ClientTimeout(total=_DOWNLOAD_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers) as response,
        ):
            # Without the right to see a file Slack answers with its sign-in page.
            if response.status != 200 or response.content_type == "text/html":
                raise _unreadable(name, "Slack did not let me download it")
            return await _limited(name, response)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _unreadable(name, "the download from Slack broke off") from error


async def _limited(name: str, response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        content += piece
        if len(content) > _BYTES:
            raise _unreadable(name, f"it is larger than {FILE_MEGABYTES} MB")
    return bytes(content)


def _unreadable(name: str, reason: str) -> NotReadable:
    return NotReadable(name=name[:100], reason=reason, limit_mb=FILE_MEGABYTES)
