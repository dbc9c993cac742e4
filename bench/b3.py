"""B3: from a confirmation to mails accepted by a mail server, beside a hand-written script that keeps no state.

Ours: the confirmation in this process, as a door does it; one ``usher worker`` beside it; recall window 0. The clock
runs from the moment before the confirmation to the last mail in the sink's ledger. Theirs: from the moment their script
has loaded to the last mail in the same ledger. Both send the same words to the same sink, and take turns.
"""

import csv
import json
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from bench.processes import Program
from bench.report import Goal, Report, Samples, progress, rounded
from bench.sinks import Accepted, Sink
from bench.world import World, addresses, as_typed, commits_a_second, make_world, new_folder, postgresql_url
from core.cards import RunCard
from core.letters import InvitationLetter, LetterHead
from mail.sending.rendering import render

_PEER_NAME: Final = "{name}"
_WARM_UP: Final = 50
_LINK: Final = "https://usher.example.org/i/"


class Size(Struct, frozen=True):
    """``count`` in one run of ours; ``pair_count`` in each of the pairs that take turns."""

    count: int = 10_000
    pair_count: int = 1_000
    pairs: int = 3
    is_postgresql: bool = False


SMALL: Final = Size(count=60, pair_count=20, pairs=1)


class _Sending(Struct, frozen=True):
    """Seconds, counted from the confirmation (ours) or from the start of the script (theirs)."""

    count: int
    first: float
    last: float
    confirmed: float = 0.0
    marked: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return self.count / self.last

    @property
    def cpu_ms(self) -> float:
        return self.cpu / self.count * 1000


def run(size: Size) -> Report:
    database = postgresql_url() if size.is_postgresql else nullcontext("")
    with (
        new_folder() as folder,
        database as url,
        Sink(folder) as sink,
        make_world(folder, smtp_port=sink.port, database_url=url) as world,
        world.start("worker") as worker,
    ):
        worker.wait_for_words('"ready"')
        figures: dict[str, Any] = {
            "database": "PostgreSQL" if size.is_postgresql else "SQLite",
            "count": size.count,
            "pair_count": size.pair_count,
            "bare_full_commits_a_second": rounded(commits_a_second(folder)),
        }
        invited_run = _warm_up(world, worker)
        peer_words = _words(world, invited_run)
        samples = Samples()
        for pair in range(size.pairs):
            progress(f"B3: pair {pair + 1} of {size.pairs}, {size.pair_count} mails each")
            ours = _ours(world, worker, sink, size.pair_count, f"pair{pair}")
            theirs = _theirs(folder, sink, peer_words, size.pair_count, f"peer{pair}")
            _note_pair(samples, ours, theirs)
        progress(f"B3: {size.count} mails")
        whole = _ours(world, worker, sink, size.count, "whole")
        figures |= samples.figures() | _whole_figures(whole) | {"states_at_the_end": world.states()}
        invited = _WARM_UP + size.pairs * size.pair_count + size.count
        return Report("b3", figures, _goals(samples, whole, invited - world.sent(), sink))


def _note_pair(samples: Samples, ours: _Sending, theirs: _Sending) -> None:
    samples.add("pair_ours_mails_a_second", ours.rate)
    samples.add("pair_peer_mails_a_second", theirs.rate)
    samples.add("pair_ratio", ours.rate / theirs.rate)
    samples.add("pair_cpu_ratio", theirs.cpu_ms / max(ours.cpu_ms, 0.001))
    samples.add("pair_ours_first_seconds", ours.first)
    samples.add("pair_ours_last_seconds", ours.last)
    samples.add("pair_ours_confirm_seconds", ours.confirmed)
    samples.add("pair_ours_marked_seconds", ours.marked)
    samples.add("pair_ours_cpu_ms_a_mail", ours.cpu_ms)
    samples.add("pair_peer_cpu_ms_a_mail", theirs.cpu_ms)


def _whole_figures(whole: _Sending) -> dict[str, float]:
    return {
        "whole_mails_a_second": rounded(whole.rate),
        "whole_first_seconds": rounded(whole.first),
        "whole_last_seconds": rounded(whole.last),
        "whole_confirm_seconds": rounded(whole.confirmed),
        "whole_marked_seconds": rounded(whole.marked),
        "whole_cpu_ms_a_mail": rounded(whole.cpu_ms),
    }


def _goals(samples: Samples, whole: _Sending, not_sent: int, sink: Sink) -> list[Goal]:
    peer = samples.median("pair_peer_mails_a_second")
    first, last = samples.median("pair_ours_first_seconds"), samples.median("pair_ours_last_seconds")
    accepted = sink.ledger.read()
    return [
        Goal("mails a second, 1,000, ours to peer's", rounded(samples.median("pair_ratio")), ">= 3"),
        Goal("mails a second, 10,000, ours to peer's", rounded(whole.rate / peer), ">= 3"),
        Goal("seconds from the confirmation to 1,000 accepted", rounded(last), "<= 3.5"),
        Goal("seconds from the confirmation to the first accepted", rounded(first), "<= 1.5"),
        Goal("worker's CPU milliseconds a mail", rounded(whole.cpu_ms), "<= 1"),
        Goal("rows that are not “sent” at the end", not_sent, "== 0"),
        Goal("mails accepted twice", len(accepted) - len({each.message_id for each in accepted}), "== 0"),
    ]


# --- Ours -------------------------------------------------------------------------------------------------


def _warm_up(world: World, worker: Program) -> RunCard:
    """A house that runs has sent mail before: its templates are compiled."""
    invited = world.confirm(world.draft(as_typed(addresses(_WARM_UP, "warm"))))
    _wait_until_sent(world, worker, _WARM_UP)
    return invited.run


def _wait_until_sent(world: World, worker: Program, count: int) -> None:
    worker.wait_for(lambda: world.sent() >= count, seconds=60, what=f"marking {count} as sent")


def _ours(world: World, worker: Program, sink: Sink, count: int, tag: str) -> _Sending:
    draft_id = world.draft(as_typed(addresses(count, tag)))
    before = len(sink.ledger.read())
    sent_before = world.sent()
    cpu = worker.usage().cpu_seconds
    began_at = time.monotonic()
    world.confirm(draft_id)
    confirmed = time.monotonic() - began_at
    accepted = sink.ledger.wait_for(before + count, seconds=30 + count / 20)[before:]
    _wait_until_sent(world, worker, sent_before + count)
    marked = time.monotonic() - began_at
    return _sending(accepted, began_at, confirmed=confirmed, marked=marked, cpu=worker.usage().cpu_seconds - cpu)


def _sending(accepted: list[Accepted], began_at: float, **more: float) -> _Sending:
    moments = [each.at - began_at for each in accepted]
    return _Sending(len(moments), min(moments), max(moments), **more)


# --- Theirs -----------------------------------------------------------------------------------------------


def _theirs(folder: Path, sink: Sink, words: dict[str, str], count: int, tag: str) -> _Sending:
    words_file, people = folder / "words.json", folder / f"{tag}.csv"
    words_file.write_text(json.dumps(words))
    with people.open("w", newline="") as file:
        csv.writer(file).writerows((*person, f"{_LINK}{person[0]}") for person in addresses(count, tag))
    before = len(sink.ledger.read())
    arguments = ["-m", "bench.peers.handwritten_mail", str(sink.port), str(words_file), str(people)]
    printed = json.loads(Program(arguments, folder=folder, name=tag).wait(seconds=60 + count / 10))
    accepted = sink.ledger.wait_for(before + count, seconds=10)[before:]
    return _sending(accepted, printed["started_at"], cpu=printed["cpu_seconds"])


def _words(world: World, invited_run: RunCard) -> dict[str, str]:
    """What our own mail says, so that theirs is as long."""
    token = "{url}"  # Their placeholder.
    now = datetime.now(UTC)
    head = LetterHead(
        message_id=1,
        message_ref="<1@example.org>",
        recipient="bo@example.org",
        recipient_name=_PEER_NAME,
        organisation="Northfield College",
        reply_to="olive@example.org",
        created_at=now,
    )
    letter = InvitationLetter(head, token, invited_run, "Olive Owner", "", now, is_again=False)
    content = render(letter, world.app.settings, world.app.links, now=now).content
    mail = message_from_bytes(content, policy=policy.default)
    address = f"{world.app.settings.base_url}/i/{token}"
    return {
        "subject": str(mail["Subject"]),
        "from": str(mail["From"]),
        "text": _part(mail, "plain").replace(address, token),
        "html": _part(mail, "html").replace(address, token),
        "ics": _part(mail, "calendar"),
    }


def _part(mail: EmailMessage, subtype: str) -> str:
    found = next(part for part in mail.walk() if part.get_content_subtype() == subtype)
    content = found.get_content()
    return content if isinstance(content, str) else content.decode()
