"""What answers look like: every result in every size, with the names that nobody should have."""

import re
import typing
from datetime import timedelta
from html import unescape

import pytest
from msgspec.structs import replace

from core.context import Door, StaffActor
from core.errors import NeedsConfirmation, RunNotFound
from core.import_reports import ImportReport
from core.letters import AnswerLetter, AnswerPart, LetterHead
from core.requests import VERBS, Asker, Request, read_request, usecase_of
from core.results import (
    RESULTS,
    NotUnderstood,
    QuestionClosed,
    ReplyAwaited,
    SheetRecognised,
    WentWrong,
    kept,
    kept_parts,
    refused,
    revived_parts,
)
from core.rules.zones import zone_named
from core.usecases.imports.imports import ImportsListed
from core.usecases.imports.mails import ImportRowsTold, ImportTold, OrderTold
from core.usecases.imports.orders import OrderShown
from core.usecases.imports.rows import ImportRowsListed
from core.usecases.links.showing import SharedLinkShown
from core.usecases.mailbox.addresses import RunsOffered
from core.usecases.mailbox.invitations import InvitedAtOnce, PreviewDiscarded, PreviewNumbered
from core.usecases.progress.mails import ReportTold
from core.usecases.progress.reports import ReportShown
from mail.answers import BUILDERS, Teller, tell
from mail.sending.rendering import Mail, render
from tests.bot.blocks.samples import HOSTILE, PLAIN, every_result, invited, long, preview
from tests.factories import NOW
from tests.mail.answers.imports import import_results
from tests.mail.letters import LINKS, SETTINGS, html_text, parsed, plain_text
from tests.slow import some

TELLER = Teller(zone_named("Europe/London"))
_KEPT_BY_NUMBER = {"ImportRowsListed", "ImportSettled", "ImportShown", "ReportShown"}
_KEPT_OTHERWISE = (SharedLinkShown, ImportReport, ImportRowsListed, OrderShown, ReportShown)
SCRIPT = '<script>alert("x")</script> & \u202eco'


def letter(*results: object, subject: str = "invite maths", **changes: object) -> AnswerLetter:
    head = LetterHead(
        5, "<5@example.org>", "olive@example.org", "Olive", "Northfield", "usher+northfield@example.org", NOW
    )
    parts = tuple(AnswerPart("what was asked", result) for result in results)
    made = AnswerLetter(
        head,
        parts,
        subject,
        "<q@example.org>",
        ("<p@example.org>", "<q@example.org>"),
        "Europe/London",
        StaffActor(1, 2, Door.MAIL),
    )
    return replace(made, **changes)


def rendered(*results: object, **changes: object) -> Mail:
    return render(letter(*results, **changes), SETTINGS, LINKS, now=NOW)  # type: ignore[arg-type]


def question(result: object) -> ReplyAwaited:
    return ReplyAwaited("X", "{}", type(result).__name__, kept(result), NOW + timedelta(days=1))


def answers(count: int, name: str) -> list[object]:
    """All that mail may have to say."""
    results = [result for result in every_result(count, name) if type(result).__name__ in BUILDERS]
    asked = (
        "InvitationsCancelled", "InvitationsResent", "ColleagueInvited", "QuietHoursShown", "ImportPolicyShown",
        "LearnerRemoved",
    )  # fmt: skip
    refusal = refused(NeedsConfirmation(address=name, reason=name))
    return [
        *results,
        *(question(result) for result in results if type(result).__name__ in asked),
        *(question(result) for result in results if getattr(result, "changed", None) is not None),
        *(question(result) for result in results if type(result).__name__ == "EthnicityShown"),
        question(refusal),
        refusal,
        refused(RunNotFound(run=name, nearest=(name,))),
        InvitedAtOnce(preview(count, name), invited(max(1, count), name)),
        PreviewNumbered(preview(count, name), (41, 42)),
        PreviewDiscarded((41,)),
        QuestionClosed(),
        NotUnderstood(name, "invite"),
        NotUnderstood("", "", (name, name, name)),
        WentWrong("E-00000001"),
        SheetRecognised(name, 17, count),
        RunsOffered(count, 1, count, is_file=bool(count), runs=((name, name),) * min(count, 8), total=count),
        *import_results(count, name),
    ]


def test_every_result_that_can_be_kept_can_be_told_and_the_other_way_round() -> None:
    told = {type(result).__name__ for result in answers(3, PLAIN)}

    # A link is kept by what was done, and told with its address; an import or a report by its number, told from rows.
    kept_otherwise = {kind.__name__ for kind in _KEPT_OTHERWISE}
    by_number = {kind.__name__ for kind in (ImportTold, ImportRowsTold, OrderTold, ReportTold)}
    assert set(BUILDERS) == {*RESULTS, *kept_otherwise} - by_number == told


def test_every_request_of_staff_has_a_result_that_can_be_kept() -> None:
    examples = [example for verb in VERBS.values() if verb.asker is Asker.STAFF for example in verb.examples]

    for wanted in map(read_request, examples):
        if isinstance(wanted, Request):
            given = usecase_of(wanted).__annotations__["return"]
            kinds = {each.__name__ for each in typing.get_args(given) or (given,)}
            assert kinds <= RESULTS.keys() | _KEPT_BY_NUMBER, wanted


@pytest.mark.parametrize("count", [0, 1, 27, 1001])
def test_what_is_kept_comes_back_the_same(count: int) -> None:
    for result in answers(count, PLAIN):
        if isinstance(result, _KEPT_OTHERWISE):
            continue
        kind, stored = kept_parts((AnswerPart("x", result),))

        (part,) = revived_parts(stored)

        assert kind == type(result).__name__
        assert "usher.example.org/j/" not in stored
        if "/j/" not in repr(result) and not isinstance(result, ImportsListed):
            assert part.result == result


@pytest.mark.parametrize("name", [PLAIN, "", *map(long, HOSTILE), long(SCRIPT)])
def test_every_answer_can_be_told_in_every_size(name: str) -> None:
    for count in some((0, 1, 1001), name, 1):
        for result in answers(count, name):
            answer = tell(result, TELLER)

            assert answer.headline
            assert all(line.isprintable() or "\u200d" in line for line in (answer.headline, *answer.lines))


def test_text_and_html_say_the_same_and_hostile_names_stay_text() -> None:
    for result in answers(3, SCRIPT):
        mail = rendered(result)

        html = re.sub(r"(?s)<head>.*?</head>", " ", html_text(mail))
        assert "<script" not in html
        assert "\u202e" not in html
        said = {*_words(re.sub(r"<[^<>]+>", " ", html)), *re.findall(r'href="([^"]+)"', html)}
        for word in _words(plain_text(mail).replace("\n- ", "\n").partition("\n-- \n")[0]):
            assert word in said, (type(result).__name__, word)


def _words(text: str) -> list[str]:
    """Without the bars that text draws with signs and HTML with cells; their numbers stand beside both."""
    return [word.strip(":") for word in unescape(text).split() if not re.fullmatch(r"\[#*\.*\]", word)]


@pytest.mark.slow  # Load: every answer with a thousand rows.
def test_no_answer_is_too_long_to_be_shown_whole() -> None:
    # Gmail cuts at 102 KB.
    for result in answers(1001, long("Maths ")):
        assert len(html_text(rendered(result)).encode()) < 102_000, type(result).__name__


@pytest.mark.parametrize(
    "subject",
    [
        "x\r\nBcc: eve@example.org",
        "x\nBcc: eve@example.org",
        "Re: x\u2028Bcc: e",
        "\x00\x0b" + "y" * 5000,
        "=?utf-8?q?=0ABcc:?=",
    ],
)
def test_no_subject_makes_a_header(subject: str) -> None:
    mail = parsed(rendered(QuestionClosed(), subject=subject))

    assert mail["Bcc"] is None
    assert str(mail["Subject"]).startswith("Re: ") or not subject.strip("\x00")
    assert len(str(mail["Subject"])) <= 120


def test_without_a_subject_the_headline_is_it() -> None:
    assert parsed(rendered(QuestionClosed(), subject=""))["Subject"] == "Nothing was done, as you said."


def test_an_answer_has_the_headers_of_one() -> None:
    mail = parsed(rendered(QuestionClosed(), subject="RE: courses"))

    assert mail["Subject"] == "RE: courses"
    assert mail["To"] == "Olive <olive@example.org>"
    assert mail["Reply-To"] == "usher+northfield@example.org"
    assert mail["In-Reply-To"] == "<q@example.org>"
    assert len(mail.keys()) == len({name.lower() for name in mail}), "Mail servers refuse what stands twice."
    assert str(mail["References"]).split() == ["<p@example.org>", "<q@example.org>"]
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Usher-Loop"] == "example.org"
    assert mail["List-Unsubscribe"] is None


def test_message_ids_of_others_make_no_header() -> None:
    refs = (
        "<a@example.org>\r\nBcc: eve@example.org",
        "no brackets",
        "<" + "x" * 300 + ">",
        "<b c@example.org>",
        "<ok@x>",
    )

    mail = parsed(rendered(QuestionClosed(), in_reply_to=refs[0], references=refs))

    assert mail["Bcc"] is None
    assert mail["In-Reply-To"] is None
    assert str(mail["References"]).strip() == "<ok@x>"
