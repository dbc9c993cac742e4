"""What the people of a story do by mail, and waiting for what others do."""

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from core.context import system_clock
from usher.demo.mailbox import Mail
from usher.demo.opened_mail import OpenedMail, open_mail
from usher.demo.running import Demo
from usher.demo.slack.acks import Ack
from usher.demo.writing import Enclosure, Written, as_bytes, thread_of

_Found = TypeVar("_Found")
_LOOK_AGAIN_SECONDS = 0.02
_ANSWER_SECONDS = 60


class StoryBroke(Exception):
    """The story did not go as it should; the text says where and how."""


class Answered(Struct, frozen=True):
    """What came back for a mail, ``seconds`` after it lay in the mailbox that Usher reads."""

    mail: Mail
    opened: OpenedMail
    seconds: float


async def ask(
    demo: Demo, subject: str, text: str = "", *, files: tuple[Enclosure, ...] = (), replied_to: Answered | None = None
) -> Answered:
    """Olive writes, with her mail program. Raises StoryBroke when nothing comes back."""
    olive, to = demo.sample.owner, demo.sample.mail_address
    thread = thread_of(replied_to.mail.content) if replied_to else None
    raw = as_bytes(Written(olive.real_name, olive.email, to, subject, text, files, thread), system_clock())
    (ref,) = thread_of(raw).refs[-1:]
    written_at = asyncio.get_running_loop().time()
    await demo.inbox.deliver(raw, sender=olive.email, recipient=to)
    mail = await until(lambda: _answer_to(demo, ref), f"the mail “{subject or text}” is answered", _ANSWER_SECONDS)
    return Answered(mail, open_mail(mail.content), round(mail.arrived - written_at, 3))


def _answer_to(demo: Demo, ref: str) -> Mail | None:
    mails = (mail for mail, _ in demo.mailbox.page(search=demo.sample.owner.email).mails)
    return next((mail for mail in mails if ref in thread_of(mail.content).refs), None)


def figures_in(text: str, pattern: str, what: str) -> tuple[int, ...]:
    """The numbers of the pattern's groups. Raises StoryBroke where the text does not say it."""
    found = re.search(pattern, text)
    if found is None:
        raise StoryBroke(f"{what} says: {text[:300]}")
    return tuple(int(number.replace(",", "")) for number in found.groups())


def check(ack: Ack, step: str) -> Ack:
    if ack.problem or ack.errors:
        raise StoryBroke(f"{step}: {ack.problem or '; '.join(ack.errors.values())}")
    return ack


async def until(look: Callable[[], _Found | None], what: str, seconds: int) -> _Found:
    try:
        async with asyncio.timeout(seconds):
            # What is waited for has no event: it is drawn by another process in real life.
            while (found := look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            return found
    except TimeoutError:
        raise StoryBroke(f"waited {seconds} seconds, and it did not happen that {what}") from None
