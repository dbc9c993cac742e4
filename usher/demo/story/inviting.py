"""Inviting: a file in Slack's form -> confirmed -> mails -> one learner accepts, another declines -> scoreboard."""

import asyncio
import re
from collections.abc import Mapping

import aiohttp
from msgspec import Struct

from usher.demo.opened_mail import open_mail
from usher.demo.running import Demo
from usher.demo.slack.forms import Value, places
from usher.demo.slack.records import Message, View
from usher.demo.story.acting import StoryBroke, check, until

_PREVIEW_SECONDS, _MAIL_SECONDS, _SCOREBOARD_SECONDS = 20, 90, 30
_COUNT = re.compile(r"([\d,]+)\W+(accepted|declined|sent|waiting|not delivered|cancelled)")


class Invited(Struct, frozen=True):
    """``invited`` to ``bounced`` as the scoreboard counts them; seconds since the confirmation."""

    invited: int
    sent: int
    accepted: int
    declined: int
    bounced: int
    seconds_to_first_mail: float
    seconds_to_all_sent: float
    mails_per_second: float
    scoreboard: str


async def tell_of_inviting(demo: Demo, *, addresses: int) -> Invited:
    """Raises StoryBroke."""
    people = [f"learner{number:04d}@example.org" for number in range(1, addresses + 1)]
    await _invite(demo, people)
    confirmed_at = asyncio.get_running_loop().time()
    await _arrived(demo, addresses)
    arrivals = demo.mailbox.arrivals()[:addresses]
    async with aiohttp.ClientSession() as learner:
        await _answer(learner, _link(demo, people[0]), "accept", {"first_name": "Ada", "last_name": "Marsh"})
        await _answer(learner, _link(demo, people[1]), "decline", {})
    scoreboard = await until(lambda: _final_scoreboard(demo), "the scoreboard shows both answers", _SCOREBOARD_SECONDS)
    return _figures(scoreboard, [moment - confirmed_at for moment in arrivals])


# --- In Slack ---------------------------------------------------------------------------------------------


async def _invite(demo: Demo, people: list[str]) -> None:
    """``/invite``, a run by searching, a file of addresses; then the button under the preview."""
    driver, olive = demo.slack.driver, demo.sample.owner
    check(await driver.command(olive, demo.sample.channel, "/invite"), "/invite")
    form = driver.modal(olive)
    run = _field(form, "external_select")
    offered = check(await driver.suggest(olive, form, run, demo.sample.run), "searching the run").options
    file = driver.add_file(olive, "learners.csv", "\n".join(["email", *people]).encode())
    values: Mapping[str, Value] = {run: offered[0]["value"], _field(form, "file_input"): [file]}
    check(await driver.submit(olive, form, values), "sending the form")
    preview = await until(lambda: _preview(demo), "the preview of the file appears", _PREVIEW_SECONDS)
    check(await driver.submit(olive, preview, {}), "confirming")


def _preview(demo: Demo) -> View | None:
    """The window whose button names the number; there is nothing to fill in any more."""
    stack = demo.slack.workspace.views.stack(demo.sample.team, demo.sample.owner.id)
    view = stack[-1] if stack else None
    return view if view and "submit" in view.payload and not list(places(view.blocks)) else None


def _field(view: View, kind: str) -> str:
    found = [block["block_id"] for block, element in places(view.blocks) if element["type"] == kind]
    if len(found) != 1:
        raise StoryBroke(f"the form has {len(found)} fields of the kind {kind}")
    return str(found[0])


# --- As a learner -----------------------------------------------------------------------------------------


async def _arrived(demo: Demo, count: int) -> None:
    try:
        await demo.mailbox.wait_for(count, seconds=_MAIL_SECONDS)
    except TimeoutError:
        raise StoryBroke(
            f"{demo.mailbox.received:,} of {count:,} mails arrived within {_MAIL_SECONDS} seconds"
        ) from None


def _link(demo: Demo, address: str) -> str:
    """The first one in the mail, as a person would take."""
    mail = demo.mailbox.newest_for(address)
    text = open_mail(mail.content).text if mail else ""
    found = re.search(rf"{re.escape(demo.house.settings.base_url)}/\S+", text)
    if found is None:
        raise StoryBroke(f"the mail to {address} has no link")
    return found.group()


async def _answer(learner: aiohttp.ClientSession, link: str, answer: str, form: Mapping[str, str]) -> None:
    """Opens the page, finds the button on it, presses it."""
    async with learner.get(link) as opened:
        page = await opened.text()
    target = re.search(rf'<form[^>]*action="([^"]*/{answer})"', page)
    if opened.status != 200 or target is None:
        raise StoryBroke(f"the learner's page (status {opened.status}) has no button to {answer}")
    async with learner.post(opened.url.join(type(opened.url)(target.group(1))), data=form) as answered:
        if answered.status != 200:
            raise StoryBroke(f"to {answer} ended with status {answered.status}")


# --- The scoreboard ---------------------------------------------------------------------------------------


def _final_scoreboard(demo: Demo) -> str | None:
    workspace, olive = demo.slack.workspace, demo.sample.owner
    channel = workspace.direct_messages(demo.sample.team, olive.id)
    for message in reversed(workspace.seen_by(olive.id, channel.id)):
        text = _text(message)
        counts = _counts(text)
        if counts.get("accepted") and counts.get("declined") and not counts.get("waiting"):
            return text
    return None


def _text(message: Message) -> str:
    """What stands in its sections, without the markup."""
    lines = [block["text"]["text"] for block in message.blocks if block["type"] == "section" and "text" in block]
    return re.sub(r"[*`]", "", "\n".join(lines))


def _counts(text: str) -> dict[str, int]:
    return {name: int(number.replace(",", "")) for number, name in _COUNT.findall(text)}


def _figures(scoreboard: str, seconds: list[float]) -> Invited:
    """Whoever answered or bounced was sent to as well."""
    counts = _counts(scoreboard)
    answered = counts.get("accepted", 0) + counts.get("declined", 0)
    sent = counts.get("sent", 0) + answered
    return Invited(
        invited=sent + sum(counts.get(name, 0) for name in ("waiting", "not delivered", "cancelled")),
        sent=sent,
        accepted=counts.get("accepted", 0),
        declined=counts.get("declined", 0),
        bounced=counts.get("not delivered", 0),
        seconds_to_first_mail=round(seconds[0], 3),
        seconds_to_all_sent=round(seconds[-1], 3),
        mails_per_second=round(len(seconds) / seconds[-1], 1),
        scoreboard=scoreboard,
    )
