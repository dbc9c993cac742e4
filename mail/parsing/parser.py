"""Reads messages in kept child processes with limits, so that no message harms this one."""

from types import TracebackType
from typing import Final, Self

from core.large_mail import LargeMail, RawMail, size_of
from core.limited import Done, Failed, Fault, Kept, Killed, Limits, Outcome, Stream
from core.rules.policy import MAIL_BYTES
from mail.parsing.parsed import NotParsed, ParsedMail
from mail.parsing.result import Parsed

LIMITS: Final = Limits(wall=30.0, cpu=10.0, memory=1 << 30, answer=3 * MAIL_BYTES)
_LARGE: Final = "mail.parsing.work:read_large"


class Parser:
    """Called from threads; at most so many ``children`` read at once, the others wait. ``close`` ends them."""

    def __init__(self, *, children: int = 1, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._kept = Kept("mail.parsing.work:read", Parsed, limits, children=children)

    def parse(self, raw: RawMail) -> ParsedMail | NotParsed:
        """Raises Busy if no child can be started; a message never makes it raise."""
        if size_of(raw) > MAIL_BYTES:
            return NotParsed("larger than 35 MiB")
        outcome = self._kept.run(raw) if isinstance(raw, bytes) else self._of_large(raw)
        if isinstance(outcome, Done):
            return outcome.value.mail or NotParsed(outcome.value.reason)
        if isinstance(outcome, Killed):
            return NotParsed(f"reading it was ended: {outcome.cause}")
        if isinstance(outcome, Failed):
            return NotParsed(f"reading it failed: {outcome.error}")
        return NotParsed(f"reading it took too long: {outcome.limit}")

    def _of_large(self, raw: LargeMail) -> Outcome[Parsed]:
        """In a child of its own, which gets the file and not the bytes."""
        with raw.opened() as source, Stream(_LARGE, Parsed, self._limits, raw.size, source=source) as found:
            parsed = next(iter(found), None)
            if parsed is not None:
                return Done(parsed)
        return found.outcome if isinstance(found.outcome, Fault) else Failed("nothing")

    def close(self) -> None:
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
