"""F6, Slack's side: an event told four times to two processes, requests to be refused, a form that came late."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bench.world import World
from usher.demo.slack.courier import Courier, Kind, Reply, Retry, Signing
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.payloads import Payloads

_PATH: Final = "/slack/events"
_TELLINGS: Final = 4
_PATIENCE_SECONDS: Final = 10.0
_TOO_OLD_SECONDS: Final = 301
_TOO_LATE_SECONDS: Final = 10
# Slack takes one message a second into a conversation, and an event is acknowledged when its answer is there.
_PAUSE_SECONDS: Final = 1.1


class Told(Struct):
    ack_seconds: list[float] = []
    failed: list[str] = []
    refused_forgeries: int = 0
    late_form_words: str = ""
    form_opened: bool = False


async def tell(world: World, urls: Sequence[str], events: int) -> Told:
    told = Told()
    couriers = [Courier(world.slack.workspace, world.slack.hub, _PATIENCE_SECONDS) for _ in urls]
    for courier, url in zip(couriers, urls, strict=True):
        courier.request_url = url + _PATH
    try:
        for number in range(events):
            await _tell_again_and_again(world, couriers, number, told)
            await asyncio.sleep(_PAUSE_SECONDS)
        await _forge(world, couriers[0], told)
        told.late_form_words = await _open_form(world, couriers[0], is_late=True)
        told.form_opened = not await _open_form(world, couriers[0], is_late=False)
    finally:
        for courier in couriers:
            await courier.close()
    return told


async def _tell_again_and_again(world: World, couriers: Sequence[Courier], number: int, told: Told) -> None:
    """At the same moment, to every process in turn: the first telling and its repeats."""
    payload = _asking(world, f"EvF6x{number}", f"invite {world.sample.run} learner{number}.event@example.org")
    tellings = [
        _timed(couriers[place % len(couriers)], payload, Retry(place, "http_timeout") if place else None)
        for place in range(_TELLINGS)
    ]
    for reply, seconds in await asyncio.gather(*tellings):
        told.ack_seconds.append(seconds)
        if reply.problem:
            told.failed.append(f"{reply.problem}: {reply.status}")


async def _timed(courier: Courier, payload: JsonObject, retry: Retry | None) -> tuple[Reply, float]:
    began_at = time.monotonic()
    reply = await courier.carry(Kind.EVENT, payload, retry)
    return reply, time.monotonic() - began_at


async def _forge(world: World, courier: Courier, told: Told) -> None:
    """An old moment, and another secret."""
    secret = world.slack.workspace.app.signing_secret
    payload = _asking(world, "EvF6forged", f"invite {world.sample.run} learner.forged@example.org")
    for signing in (Signing(secret, seconds_old=_TOO_OLD_SECONDS), Signing("another secret")):
        courier.signing = signing
        reply = await courier.carry(Kind.EVENT, payload)
        told.refused_forgeries += reply.status in (401, 403)
    courier.signing = Signing(secret)


async def _open_form(world: World, courier: Courier, *, is_late: bool) -> str:
    """What the person reads instead of the form; empty when it opened."""
    slack, sample = world.slack.workspace, world.sample
    team = slack.teams[sample.team.id]
    trigger = slack.issue_trigger(team, sample.owner.id)
    if is_late:
        slack.triggers[trigger.id] = replace(trigger, issued_at=trigger.issued_at - _TOO_LATE_SECONDS)
    payload = Payloads(slack).slash_command(
        user=sample.owner,
        channel=sample.channel,
        command="/usher",
        text="invite",
        trigger=trigger,
        response_url=slack.issue_response_url(team, sample.owner.id, sample.channel.id, None),
    )
    reply = await courier.carry(Kind.COMMAND, payload)
    return str(reply.body or reply.problem or "")


def _asking(world: World, event_id: str, text: str) -> JsonObject:
    """What somebody writes to the bot."""
    slack, sample = world.slack.workspace, world.sample
    team = slack.teams[sample.team.id]
    channel = slack.direct_messages(team, sample.owner.id)
    message = slack.post(channel, sample.owner, text)
    event = {**message.as_json(team.id), "channel": channel.id, "channel_type": "im", "event_ts": message.ts}
    return Payloads(slack).event(team, event, event_id, is_ext_shared=False)
