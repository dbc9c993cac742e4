"""An IMAP server that misbehaves on cue, in the event loop of the test. Without a script it behaves.

A script says what it sends instead of its own answer to a command: bytes with ``TAG`` for the command's tag, or an act.
"""

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import Self

GREETING, CONTINUATION, DONE = "GREETING", "CONTINUATION", "DONE"
PLAIN = "IMAP4rev1 IDLE MOVE UIDPLUS NAMESPACE AUTH=XOAUTH2 SASL-IR"


class Act(Enum):
    DROP = auto()
    """The connection is reset."""
    SILENCE = auto()
    """Nothing is answered, what comes is read."""
    BEHAVE = auto()
    """As without a script."""


Answer = bytes | Act


class ScriptedImap:
    """``script``: by command (``FETCH`` for ``UID FETCH``), one answer for always, or several in their order."""

    def __init__(
        self,
        script: Mapping[str, Answer | Sequence[Answer]] | None = None,
        *,
        capabilities: str = PLAIN,
        prefix: str = "",
        password: str = "secret",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._script = {
            name: list(told) if isinstance(told, Sequence) and not isinstance(told, bytes) else [told]
            for name, told in (script or {}).items()
        }
        self.capabilities = capabilities
        self.prefix = prefix
        self.password = password
        self.tls = tls
        self.port = 0
        self.uid_validity = 7
        self.next_uid = 1
        self.inbox: dict[int, bytes] = {}
        self.dates: dict[int, str] = {}
        self.deleted: set[int] = set()
        self.folders: dict[str, list[bytes]] = {"INBOX": []}
        self.commands: list[str] = []
        self.connections = 0
        self._told = 1
        """The next UID when the client last heard how many messages there are."""
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._idlers: list[tuple[str, asyncio.StreamWriter]] = []
        self._reached: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._converse, "127.0.0.1", self.port, ssl=self.tls, limit=2**26)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._open, return_exceptions=True)

    def cut(self) -> None:
        for conversation, writer in self._open.items():
            writer.transport.abort()
            conversation.cancel()

    def put(self, mail: bytes, *, date: str = "02-Mar-2026 09:00:00 +0000") -> int:
        """A message arrives; who idles is told."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.inbox[uid] = mail
        self.dates[uid] = date
        for _, writer in self._idlers:
            writer.write(b"* %d EXISTS\r\n" % len(self.inbox))
            self._told = self.next_uid
        return uid

    async def reached(self, command: str) -> None:
        """Waits until it is asked that, after the last time it was waited for."""
        async with asyncio.timeout(60):
            await self._reached[command].wait()
        self._reached[command].clear()

    def heard(self, command: str) -> int:
        return sum(_verb(line) == command for line in self.commands)

    # --- One connection -----------------------------------------------------------------------------------

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.current_task()
        assert conversation is not None
        self._open[conversation] = writer
        self.connections += 1
        try:
            if await self._say(writer, GREETING, "*", b"* OK ready\r\n"):
                while line := (await reader.readline()).decode("latin-1").strip("\r\n"):
                    if not await self._hear(reader, writer, line):
                        break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._idlers = [(tag, each) for tag, each in self._idlers if each is not writer]
            writer.transport.abort()
            del self._open[conversation]

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> bool:
        self.commands.append(line)
        if line == "DONE":
            tag = next((tag for tag, each in self._idlers if each is writer), "*")
            self._idlers = [(tag, each) for tag, each in self._idlers if each is not writer]
            return await self._say(writer, DONE, tag, f"{tag} OK done\r\n".encode())
        tag, _, rest = line.partition(" ")
        verb = _verb(line)
        if verb == "IDLE" and self._peek(verb) is Act.BEHAVE:
            self._idlers.append((tag, writer))
        # What is scripted does not happen as well.
        own = self._own(verb, tag, rest) if self._peek(verb) is Act.BEHAVE else b""
        going = await self._say(writer, verb, tag, own)
        if verb == "AUTHENTICATE" and self._last.startswith(b"+"):
            self.commands.append((await reader.readline()).decode().strip("\r\n"))
            return await self._say(writer, CONTINUATION, tag, f"{tag} NO refused\r\n".encode())
        return going

    def _peek(self, moment: str) -> Answer:
        told = self._script.get(moment)
        return Act.BEHAVE if told is None else told[0]

    async def _say(self, writer: asyncio.StreamWriter, moment: str, tag: str, own: bytes) -> bool:
        told = self._script.get(moment, [Act.BEHAVE])
        answer = told.pop(0) if len(told) > 1 else told[0]
        self._last = own if answer is Act.BEHAVE else b""
        if isinstance(answer, bytes):
            self._last = answer.replace(b"TAG", tag.encode())
        if answer is not Act.DROP and self._last:
            writer.write(self._last)
            await writer.drain()
        self._reached[moment].set()
        return answer is not Act.DROP

    # --- As it should be ----------------------------------------------------------------------------------

    def _own(self, verb: str, tag: str, rest: str) -> bytes:
        method = getattr(self, f"_{verb.lower()}", None)
        if method is None:
            return f"{tag} OK done\r\n".encode()
        said: bytes = method(tag, rest)
        return said

    def _capability(self, tag: str, rest: str) -> bytes:
        return f"* CAPABILITY {self.capabilities}\r\n{tag} OK done\r\n".encode()

    def _login(self, tag: str, rest: str) -> bytes:
        is_right = rest.endswith(f'"{self.password}"')
        return f"{tag} {'OK in' if is_right else 'NO [AUTHENTICATIONFAILED] no'}\r\n".encode()

    def _namespace(self, tag: str, rest: str) -> bytes:
        return f'* NAMESPACE (("{self.prefix}" ".")) NIL NIL\r\n{tag} OK done\r\n'.encode()

    def _list(self, tag: str, rest: str) -> bytes:
        name = rest.split('"')[-2]
        line = f'* LIST () "." "{name}"\r\n' if name in self.folders else ""
        return f"{line}{tag} OK List completed\r\n".encode()

    def _create(self, tag: str, rest: str) -> bytes:
        self.folders[rest.split('"')[1]] = []
        return f"{tag} OK done\r\n".encode()

    def _select(self, tag: str, rest: str) -> bytes:
        return (
            f"* {len(self.inbox)} EXISTS\r\n* OK [UIDVALIDITY {self.uid_validity}] valid\r\n"
            f"* OK [UIDNEXT {self.next_uid}] next\r\n{tag} OK [READ-WRITE] done\r\n"
        ).encode()

    def _search(self, tag: str, rest: str) -> bytes:
        first, last = re.findall(r"(\d+):(\d+|\*)", rest)[0]
        uids = [uid for uid in self.inbox if uid not in self.deleted]
        self._told = self.next_uid
        chosen = [uid for uid in uids if uid >= int(first) and (last == "*" or uid <= int(last))]
        if last == "*" and uids and not chosen:
            chosen = [max(uids)]
        return f"* SEARCH {' '.join(map(str, chosen))}\r\n{tag} OK done\r\n".encode()

    def _fetch(self, tag: str, rest: str) -> bytes:
        said = b""
        uids = list(named(rest.split()[2]))
        for uid in (uid for uid in uids if uid in self.inbox):
            number, mail = list(self.inbox).index(uid) + 1, self.inbox[uid]
            if "BODY" in rest:
                said += b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (number, uid, len(mail), mail)
            else:
                date = self.dates[uid].encode()
                said += b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "%b")\r\n' % (number, uid, len(mail), date)
        return said + f"{tag} OK done\r\n".encode()

    def _move(self, tag: str, rest: str) -> bytes:
        return self._transfer(tag, rest, is_copy=False)

    def _copy(self, tag: str, rest: str) -> bytes:
        return self._transfer(tag, rest, is_copy=True)

    def _transfer(self, tag: str, rest: str, *, is_copy: bool) -> bytes:
        folder = self.folders.get(rest.split('"')[1])
        if folder is None:
            return f"{tag} NO [TRYCREATE] there is no such folder\r\n".encode()
        for uid in named(rest.split()[2]):
            if uid in self.inbox:
                folder.append(self.inbox[uid])
                if not is_copy:
                    del self.inbox[uid]
        return f"{tag} OK done\r\n".encode()

    def _store(self, tag: str, rest: str) -> bytes:
        self.deleted |= set(named(rest.split()[2]))
        return f"{tag} OK done\r\n".encode()

    def _expunge(self, tag: str, rest: str) -> bytes:
        for uid in named(rest.split()[2]):
            self.inbox.pop(uid, None)
        return f"{tag} OK done\r\n".encode()

    def _idle(self, tag: str, rest: str) -> bytes:
        # What came since the client looked is told now (RFC 3501, 7): else nobody would wake it.
        news = b"* %d EXISTS\r\n" % len(self.inbox) if self._told != self.next_uid else b""
        self._told = self.next_uid
        return b"+ idling\r\n" + news

    def _authenticate(self, tag: str, rest: str) -> bytes:
        return f"{tag} OK in\r\n".encode()


def _verb(line: str) -> str:
    words = line.upper().split()
    if words[1:2] == ["UID"]:
        return words[2]
    return words[1] if len(words) > 1 else line.upper()


def named(uids: str) -> Iterator[int]:
    """Of “3:5,9”."""
    for span in uids.split(","):
        first, _, last = span.partition(":")
        yield from range(int(first), int(last or first) + 1)
