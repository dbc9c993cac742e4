"""What staff do by e-mail and what follows from it, through a real Postfix and a real Dovecot.

The everyday house is one process on SQLite that reads a mailbox; the slow ones are the Procfile's four processes on
PostgreSQL, and one process that takes mail from its mail host by LMTP.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
import pytest_asyncio

from bot.blocks.controls import Action, Field
from core.context import system_clock
from tests.bot.conftest import words
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import GONE_DOMAIN, Postfix
from tests.servers.postgresql import PostgreSQL
from tests.stories.post_offices import PostOffice, Way, open_post_office
from tests.stories.talking import until
from usher.demo.opened_mail import open_mail
from usher.demo.slack.records import Message, User
from usher.demo.writing import Enclosure

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.postfix]
_WAYS = (
    Way.MAILBOX,
    pytest.param(Way.CLUSTER, marks=[pytest.mark.slow, pytest.mark.postgresql]),
    pytest.param(Way.LISTENER, marks=pytest.mark.slow),
)
_BY_ITSELF = 45
"""Seconds: sooner than any sweep or pause would have sent it. It takes one, but the machine may have other work."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=_WAYS)
async def post(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postfix_server: Postfix,
    dovecot_server: Dovecot,
) -> AsyncIterator[PostOffice]:
    folder, way = tmp_path_factory.mktemp("house"), request.param
    database_url = f"sqlite:///{folder}/usher.db"
    if way is Way.CLUSTER:
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        database_url = server.url(server.create_database())
    dovecot_server.wipe()
    async with open_post_office(folder, way, database_url, postfix_server, dovecot_server.imap_port) as post:
        yield post
    dovecot_server.wipe()


# --- Asking and replying ----------------------------------------------------------------------------------


async def test_learners_of_the_text_and_of_a_file_are_invited_and_taken_back_by_a_reply(post: PostOffice) -> None:
    file = Enclosure("more.csv", b"name,email\nCy Young,cy@example.org\nDi Zane,di@example.org\n")

    letter = await post.mail("invite thread-1", "Hi Usher,\n\nann@example.org\nBo <bo@example.org>\n", files=(file,))
    answer = await post.answer_to(letter)
    invitations = [await post.mail_to(f"{name}@example.org") for name in ("ann", "bo", "cy", "di")]
    undone = await post.ask("", "Undo, please.\n\nOlive", answered=answer)
    listed = await post.ask("invites thread-1 cancelled")

    assert answer.took < _BY_ITSELF
    assert "4 learners invited to A Course of Thread" in answer.text
    assert answer.mail["Subject"] == "Re: invite thread-1"
    assert str(answer.mail["References"]).split() == [letter.ref]
    assert answer.mail["Auto-Submitted"] == "auto-replied"
    assert all(f"{post.house.base_url}/i/" in each.text for each in invitations)
    assert str(undone.mail["References"]).split()[:2] == [letter.ref, str(answer.mail["Message-ID"])]
    assert "4" in undone.text
    assert "4 invitations" in listed.text


@pytest.mark.slow  # Few are invited so every day, by the tests of requests.
async def test_sixty_learners_are_previewed_and_invited_by_yes(post: PostOffice) -> None:
    addresses = "\n".join(f"learner{number}@example.org" for number in range(60))

    preview = await post.ask("invite many-1", addresses)
    told = post.mails_to("learner")
    (number,) = set(re.findall(r"yes (B-\d+)", preview.text))
    invited = await post.ask("", f"yes {number}", answered=preview)
    await until(lambda: len(post.mails_to("learner")) == 60 or None, "60 mails arrive")

    assert told == []
    assert "60" in preview.text
    assert "60 learners invited to A Course of Many" in invited.text
    assert number in invited.text


async def test_several_requests_of_one_mail_are_answered_together(post: PostOffice) -> None:
    answer = await post.ask("", "courses maths\ninvites several-1\ninvitse several-1\nlinks maths")

    assert "Maths for Everyone" in answer.text
    assert "A Course of Several" in answer.text
    assert "invites" in answer.text
    assert f"{post.house.base_url}/j/" in answer.text


async def test_a_history_and_a_digest_are_told_alike_in_slack_and_by_mail(post: PostOffice) -> None:
    """That the result is the same object, test_same_as_slack says."""
    invited = await post.ask("invite both-1", "kay@example.org\nlou@example.org")
    (number,) = set(re.findall(r"B-\d+", invited.text))
    await _accept(post, "kay@example.org")
    deed = f"Olive Owner invited 2 people to A Course of Both ({number}), by e-mail"

    history, by_mail = words(await post.write("history both-1")), (await post.ask("history both-1")).text
    digest, mailed = words(await post.write("digest now")), (await post.ask("digest now")).text

    head, first_fact = re.findall(r"^\*(.+?)\*", digest, re.M)[0], re.findall(r"^\*[^*]+\*: .+", digest, re.M)[0]
    assert deed in history
    assert deed in by_mail
    assert mailed.startswith(f"{head}.")
    assert first_fact.replace("*", "") in mailed


async def test_who_falls_behind_is_seen_by_all_nudged_once_and_set_aside(post: PostOffice) -> None:
    """Max writes the e-mails: each of them gets twenty answers an hour, and Olive asks much."""
    ivy, jay, max_ = "ivy@example.org", "jay@example.org", post.max
    # Else whoever runs this at night waits for the nudge until morning.
    no_quiet = words(await post.write("quiet off"))
    await post.invite("risk-1", f"{ivy} {jay}")
    for address in (ivy, jay):
        await _accept(post, address)
    landed = await post.answer_to(await post.mail("progress risk-1", author=max_, files=(_silent(ivy, jay),)))

    digest = words(await post.write("digest now"))
    listed, mailed = await post.write("at-risk risk-1"), await post.ask("at-risk risk-1", author=max_)
    await _nudge(post, listed, ivy, "Shall we look at unit two together?")
    nudge = (await until(lambda: post.mails_to(ivy)[2:], "Ivy is written to"))[0]
    by_mail = await post.ask("", f"nudge risk-1 {ivy}\nsnooze risk-1 {jay} 2 weeks", author=max_)
    spoken = words(await post.write(f"spoken risk-1 {ivy}"))
    aside = words(await post.write("at-risk risk-1 set-aside"))

    assert "has no quiet hours now" in no_quiet
    assert "2 of 2 rows stored" in landed.text
    assert "*At risk*: 2 learners now" in digest
    assert [text.count("nothing done for 14 days") for text in (digest, words(listed), mailed.text)] == [2, 2, 2]
    assert "Shall we look at unit two together?" in nudge.text
    assert "Olive Owner" in nudge.text
    assert str(nudge.mail["Reply-To"]) == post.olive.email
    assert "less than a week ago" in by_mail.text
    assert "you have spoken to them" in spoken
    assert "Olive Owner has spoken to them" in aside
    assert "Snoozed by Max Manager" in aside
    assert "At risk" not in words(await post.write("digest now"))
    assert len(post.mails_to(ivy)) == 3


def _silent(*addresses: str) -> Enclosure:
    """A report by which they did nothing for two weeks."""
    last_step = system_clock() - timedelta(days=14, hours=1)
    heading = "learner_identifier,steps_completed,comments_posted,avg_test_score,last_step_at"
    rows = [f"{address},25%,0,,{last_step:%Y-%m-%d %H:%M:%S} UTC" for address in addresses]
    return Enclosure("report.csv", "\n".join((heading, *rows, "")).encode())


async def _nudge(post: PostOffice, listed: Message, address: str, own_words: str) -> None:
    """Looked at in its form, and put into words of one's own."""
    menu = next(block["accessory"] for block in listed.blocks if address in str(block.get("text")))
    await post.press(listed, Action.FOLLOW_UP, menu["options"][0]["value"])
    form = post.slack.driver.modal(post.olive)
    done = await post.slack.driver.submit(post.olive, form, {Field.WORDS: own_words})
    assert done.view is not None
    assert "gets your nudge" in words(done.view)


async def _accept(post: PostOffice, address: str) -> None:
    (link,) = re.findall(rf"{re.escape(post.house.base_url)}/i/[\w-]+", (await post.mail_to(address)).text)[:1]
    form = {"first_name": "Kay", "last_name": "Orr"}
    async with aiohttp.ClientSession() as browser, browser.post(f"{link}/accept", data=form) as answer:
        assert answer.status == 200


async def test_a_mistyped_verb_is_answered_with_the_nearest(post: PostOffice) -> None:
    answer = await post.ask("Invte maths", "invte maths-1 ann@example.org")

    assert "invite" in answer.text
    assert "invte" in answer.text


@pytest.mark.slow  # In Slack its story is told every day; by mail, the use cases' answers.
async def test_a_spreadsheet_is_imported_and_comes_back_marked(post: PostOffice) -> None:
    head = "UKPRN,First name,Last name,Postcode"
    rows = ["10000001,Amara,Storey,ZZ99 9ZZ", "10000001,Ben,Storey,nowhere", "10000001,Cleo,Storey,ZZ99 9ZZ"]
    file = Enclosure("story.csv", "\n".join([head, *rows]).encode())

    letter = await post.mail("New learners", "Hi Usher,\nplease find them attached.\n\nOlive", files=(file,))
    held = await post.answer_to(letter)
    released = await post.ask("", "good rows", answered=held)
    again = await post.answer_to(await post.mail("Once more", files=(file,)))
    undone = await post.ask("", "undo", answered=released)

    assert "Nothing is imported yet: 1 of 3 rows needs correcting." in held.text
    assert [each.name for each in open_mail(held.raw).attachments] == ["story (checked).xlsx", "story (checked).csv"]
    assert "2 of 3 rows imported; 1 left out." in released.text
    assert "This file is already imported, as I-" in again.text
    assert "2 learners whom it had made are removed." in undone.text


# --- Who wrote? -------------------------------------------------------------------------------------------


async def test_strangers_are_not_answered(post: PostOffice) -> None:
    stranger = User("U0", "T0", "sid", "Sid Stranger", "sid@elsewhere.example.org")

    await post.mail("courses", author=stranger)
    await post.ask("courses", author=post.max)

    assert post.mails_to("sid@elsewhere.example.org") == []


async def test_what_nobody_proved_waits_until_its_sender_says_yes_in_slack(post: PostOffice) -> None:
    letter = await post.mail("invite held-1", "eve@example.org", is_proven=False)
    question = await until(lambda: post.told_directly("Was this you?"), "Olive is asked whether it was her")
    asked, told = words(question), post.mails_to("eve@example.org")
    await post.press(question, Action.HELD_MAIL_YES)
    answer = await post.answer_to(letter)

    assert "“invite held-1”" in asked
    assert told == []
    assert "1 learner invited to A Course of Held" in answer.text
    assert f"{post.house.base_url}/i/" in (await post.mail_to("eve@example.org")).text


# --- What comes back --------------------------------------------------------------------------------------


@pytest.mark.slow  # In Slack its story is told every day; what a report means, the tests of reports.
async def test_what_bounces_after_it_was_sent_is_seen_in_slack_and_by_mail(post: PostOffice) -> None:
    gone = f"fay@{GONE_DOMAIN}"
    answer = await post.ask("invite bounce-1", f"{gone}\ngus@example.org")
    (number,) = set(re.findall(r"B-\d+", answer.text))

    scoreboard = await until(lambda: post.told_directly("1 not delivered"), "the scoreboard tells of it")
    listed = await post.ask("invites bounce-1 bounced")
    suppressed = await asyncio.to_thread(post.house.usher, "suppression", "list", gone)

    assert number in words(scoreboard)
    assert "1 invitation not delivered" in listed.text
    assert gone in listed.text
    assert "gus@example.org" not in listed.text
    assert "northfield" in suppressed


@pytest.mark.slow  # The tests of reports do the same every day without servers.
async def test_a_learner_replies_stop_and_is_left_alone(post: PostOffice) -> None:
    """In ten minutes Olive is told as well."""
    answer = await post.ask("invite stop-1", "hal@example.org")
    (number,) = set(re.findall(r"B-\d+", answer.text))
    invitation = await post.mail_to("hal@example.org")
    hal = User("U1", "T0", "hal", "Hal Learner", "hal@example.org")

    await post.mail("Re: Your invitation", "Stop", author=hal, answered=invitation)
    confirmed = await until(lambda: post.mails_to(hal.email)[1:], "Hal is told that it worked")
    scoreboard = await until(lambda: post.told_directly("*1* declined"), "the scoreboard tells of it")
    again = await post.ask("invite stop-1", hal.email)

    assert "we have stopped" in confirmed[0].text
    assert number in words(scoreboard)
    assert "not to be written to, because mail came back or they asked for no more" in again.text
    assert len(post.mails_to(hal.email)) == 2
