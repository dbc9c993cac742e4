"""Files that people give in Slack, fetched; ``core.given_files`` tells what they are for."""

import asyncio
from typing import Any, Final

import aiohttp
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.given_files import addresses_in
from core.rules.address_files import FileContent, too_large, unreadable
from core.rules.policy import SHEET_BYTES

_DOWNLOAD_SECONDS: Final = 60
_NOT_HERE: Final = {
    "tombstone": "it was deleted",
    "hidden_by_limit": "Slack hides it, because the workspace has reached its limit of files",
    "external": "it lies outside Slack, where I cannot fetch it",
}
"""Slack's ``mode`` of a file that cannot be downloaded."""
_SEPARATED: Final = frozenset({"csv", "tsv"})


class Fetched(Struct, frozen=True):
    name: str
    content: bytes
    is_csv: bool
    """By its name, or by what Slack takes it for."""


async def read_file(client: AsyncWebClient, file: dict[str, Any]) -> FileContent:
    """As a list of addresses. ``file`` as Slack tells of it. Raises NotReadable."""
    fetched = await fetch_file(client, file)
    return await list_in(fetched)


async def list_in(file: Fetched) -> FileContent:
    """A workbook is read in a child process, for which nobody else waits. Raises NotReadable."""
    return await asyncio.to_thread(addresses_in, file.name, file.content, is_csv=file.is_csv)


async def fetch_file(client: AsyncWebClient, file: dict[str, Any]) -> Fetched:
    """``file`` as Slack tells of it. Raises NotReadable."""
    known = await _described(client, file)
    name = str(known.get("name") or known.get("title") or "the file")
    if reason := _NOT_HERE.get(str(known.get("mode"))):
        raise unreadable(name, reason)
    if int(known.get("size") or 0) > SHEET_BYTES:
        raise too_large(name)
    content = await _download(client, name, str(known.get("url_private_download") or known.get("url_private") or ""))
    kinds = {str(known.get("filetype")), name.lower().rpartition(".")[2]}
    return Fetched(name, content, is_csv=not kinds.isdisjoint(_SEPARATED))


async def _described(client: AsyncWebClient, file: dict[str, Any]) -> dict[str, Any]:
    """Files from shared channels come with nothing but their id."""
    if file.get("file_access") != "check_file_info":
        return file
    try:
        described: dict[str, Any] = (await client.files_info(file=file["id"]))["file"]
    except SlackApiError as error:
        raise unreadable("the file", "Slack did not let me see it") from error
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
                raise unreadable(name, "Slack did not let me download it")
            return await _limited(name, response)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise unreadable(name, "the download from Slack broke off") from error


async def _limited(name: str, response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        content += piece
        if len(content) > SHEET_BYTES:
            raise too_large(name)
    return bytes(content)
