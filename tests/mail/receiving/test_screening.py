"""The named rules: what each one decides, and in which order they are asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from core.rules.policy import MAIL_COMMANDS_AN_HOUR, MAIL_COMMANDS_AN_HOUR_ORGANISATION
from core.words import MailRule
from mail.parsing.parsed import ParsedMail, Report, ReportedRecipient, ReportKind
from mail.receiving.screening import (
    BY_ADDRESS,
    BY_ITSELF,
    BY_PROOF,
    RULE_WORDS,
    Decision,
    Facts,
    House,
    Verdict,
    screen,
)
from mail.receiving.senders import Proof
from tests.mail.mails import mail, reporting, with_senders
from tests.slow import examples

HOUSE = House("please.do.not.reply@usher.example.org", "usher.example.org")
NOBODY = Facts(HOUSE)
STAFF = Facts(HOUSE, is_staff=True)
PROVEN = replace(STAFF, proof=Proof(is_given=True, words="DMARC"))
ALL = (*BY_ITSELF, *BY_ADDRESS, *BY_PROOF)


def decided(message: ParsedMail, facts: Facts = PROVEN) -> tuple[MailRule, Verdict]:
    decision = screen(ALL, message, facts)
    assert decision is not None
    return decision.rule, decision.verdict


def test_a_proven_request_of_staff_is_one() -> None:
    assert decided(mail()) == (MailRule.REQUEST, Verdict.REQUEST)


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (mail(sender="please.do.not.reply@usher.example.org"), MailRule.OWN_MAIL),
        (mail(sender="Northfield via Usher <Please.Do.Not.Reply@usher.example.org>"), MailRule.OWN_MAIL),
        (mail(ref="<3f2a9c0d1e4b5a67@usher.example.org>"), MailRule.OWN_MAIL),
        (mail(ref="<3F2A9C0D1E4B5A67@USHER.example.org>"), MailRule.OWN_MAIL),
        (mail(("X-Usher-Loop", "usher.example.org")), MailRule.LOOP),
        (mail(("X-Usher-Loop", "other.example"), ("X-Usher-Loop", " Usher.example.org")), MailRule.LOOP),
        (mail(("Auto-Submitted", "auto-replied")), MailRule.AUTO_REPLY),
        (mail(("Auto-Submitted", "auto-generated; owner=x")), MailRule.AUTO_REPLY),
        (mail(("Auto-Submitted", "Auto-Replied (vacation)")), MailRule.AUTO_REPLY),
        (mail(("X-Autoreply", "yes")), MailRule.AUTO_REPLY),
        (mail(("X-Autorespond", "Out of office")), MailRule.AUTO_REPLY),
        (mail(("X-FC-Machinegenerated", "true")), MailRule.AUTO_REPLY),
        (mail(("Precedence", "Auto_Reply")), MailRule.AUTO_REPLY),
        (
            mail(
                ("X-Auto-Response-Suppress", "All"),
                ("X-MS-Exchange-Inbox-Rules-Loop", OLIVE := "olive@north.example.org"),
            ),
            MailRule.AUTO_REPLY,
        ),
        *(
            (mail(sender=f"{local}@north.example.org"), MailRule.AUTO_REPLY)
            for local in ("no-reply", "NoReply", "postmaster")
        ),
        (reporting(ReportKind.DISPOSITION), MailRule.AUTO_REPLY),
    ],
)
def test_robots_and_our_own_mail_are_ignored_whoever_has_the_address(message: ParsedMail, rule: MailRule) -> None:
    for facts in (NOBODY, STAFF, PROVEN, replace(PROVEN, is_released=True)):
        assert decided(message, facts) == (rule, Verdict.IGNORE)


@pytest.mark.parametrize(
    "message",
    [
        mail(("Auto-Submitted", "no")),
        mail(("Auto-Submitted", "No; because=person")),
        mail(("X-Usher-Loop", "other.example")),
        mail(("X-Usher-Command", "invite")),
        mail(("X-Auto-Response-Suppress", "OOF")),
        mail(("X-Autoreply", "no")),
        mail(("Precedence", "first-class")),
        mail(ref="<d5a0b2c8-0000-4000-8000-000000000001@usher.example.org>"),
        mail(ref=""),
    ],
)
def test_what_people_s_programs_write_is_no_robot(message: ParsedMail) -> None:
    assert decided(message) == (MailRule.REQUEST, Verdict.REQUEST)


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        (reporting(ReportKind.DELIVERY), NOBODY),
        (reporting(ReportKind.DELIVERY), PROVEN),
        (replace(reporting(ReportKind.DELIVERY), headers=(("auto-submitted", "auto-replied"),)), NOBODY),
        (mail(sender="MAILER-DAEMON@mx.example.org"), NOBODY),
        (mail(("X-Failed-Recipients", "bo@example.org")), NOBODY),
        (mail(), replace(NOBODY, envelope_from="")),
        (mail(), replace(PROVEN, has_bounce_token=True)),
    ],
)
def test_what_a_host_says_about_our_mail_is_a_bounce(message: ParsedMail, facts: Facts) -> None:
    assert decided(message, facts) == (MailRule.BOUNCE, Verdict.BOUNCE)


def test_a_complaint_is_one_even_when_it_looks_automatic() -> None:
    message = replace(reporting(ReportKind.COMPLAINT), headers=(("auto-submitted", "auto-generated"),))

    assert decided(message, NOBODY) == (MailRule.COMPLAINT, Verdict.COMPLAINT)


def test_a_holiday_reply_to_the_bounce_address_is_no_bounce() -> None:
    message = mail(("Auto-Submitted", "auto-replied"))

    for facts in (replace(NOBODY, envelope_from=""), replace(NOBODY, has_bounce_token=True)):
        assert decided(message, facts) == (MailRule.AUTO_REPLY, Verdict.IGNORE)


@pytest.mark.parametrize("text", ["stop", "STOP.", "\r\n Unsubscribe!\r\nBo", "no more e-mails"])
def test_a_learner_s_wish_to_stop_is_heard_and_staff_s_is_a_request(text: str) -> None:
    assert decided(mail(text=text), NOBODY) == (MailRule.STOP, Verdict.STOP)
    assert decided(mail(text="", subject=text.strip().split("\r\n")[0]), NOBODY) == (MailRule.STOP, Verdict.STOP)
    assert decided(mail(text=text)) == (MailRule.REQUEST, Verdict.REQUEST)


@pytest.mark.parametrize("text", ["please stop by", "I cannot stop", "", "do not stop"])
def test_other_words_are_no_wish_to_stop(text: str) -> None:
    assert decided(mail(text=text, subject="Re: maths"), NOBODY) == (MailRule.UNKNOWN_SENDER, Verdict.IGNORE)


def test_no_single_sender_is_held_where_it_may_be_staff_and_else_ignored() -> None:
    for senders, count in (((), 0), ((), 1), (("a@x.org", "b@x.org"), 1), (("a@x.org", "a@x.org"), 2)):
        message = with_senders(senders, count)
        assert decided(message, NOBODY) == (MailRule.NO_SINGLE_SENDER, Verdict.IGNORE)
        assert decided(message, PROVEN) == (MailRule.NO_SINGLE_SENDER, Verdict.HOLD)


@pytest.mark.parametrize(
    ("message", "facts", "rule"),
    [
        (mail(), STAFF, MailRule.UNAUTHENTICATED),
        (mail(), replace(PROVEN, has_twin=True), MailRule.SAME_ID_OTHER_CONTENT),
        (mail(), replace(STAFF, has_twin=True), MailRule.SAME_ID_OTHER_CONTENT),
        *((mail((name, "x")), PROVEN, MailRule.LIST) for name in ("List-Id", "List-Unsubscribe", "Mailing-List")),
        (mail(("Precedence", "list")), PROVEN, MailRule.LIST),
        (mail(("Precedence", "bulk")), PROVEN, MailRule.BULK),
        (mail(("Precedence", "JUNK")), PROVEN, MailRule.BULK),
        (mail(("X-Auto-Response-Suppress", "All")), PROVEN, MailRule.BULK),
    ],
)
def test_what_is_no_proof_alone_is_held_and_done_once_released(
    message: ParsedMail, facts: Facts, rule: MailRule
) -> None:
    assert decided(message, facts) == (rule, Verdict.HOLD)
    assert decided(message, replace(facts, is_released=True)) == (MailRule.REQUEST, Verdict.REQUEST)
    assert decided(message, replace(facts, is_staff=False)) == (MailRule.UNKNOWN_SENDER, Verdict.IGNORE)


@pytest.mark.parametrize(
    ("by_sender", "by_organisation", "is_held"),
    [
        (MAIL_COMMANDS_AN_HOUR - 1, MAIL_COMMANDS_AN_HOUR_ORGANISATION - 1, False),
        (MAIL_COMMANDS_AN_HOUR, 0, True),
        (0, MAIL_COMMANDS_AN_HOUR_ORGANISATION, True),
    ],
)
def test_too_many_are_held_released_or_not(by_sender: int, by_organisation: int, is_held: bool) -> None:
    wanted = (MailRule.TOO_MANY, Verdict.HOLD) if is_held else (MailRule.REQUEST, Verdict.REQUEST)
    facts = replace(PROVEN, asked_by_sender=by_sender, asked_by_organisation=by_organisation)

    assert decided(mail(), facts) == wanted
    assert decided(mail(), replace(facts, is_released=True)) == wanted


def test_every_rule_has_its_sentence() -> None:
    assert set(RULE_WORDS) == set(MailRule)
    assert all(words.endswith(".") for words in RULE_WORDS.values())


def test_rules_are_asked_in_the_order_of_their_names() -> None:
    order = list(MailRule)
    names = [rule.__name__.replace("list_mail", "list") for rule in ALL]

    assert sorted(names, key=lambda name: order.index(MailRule(name))) == names


TEXT = st.text(max_size=60)
NAMES = st.sampled_from(
    ["auto-submitted", "precedence", "list-id", "x-usher-loop", "from", "x-autoreply", "message-id"]
)
REPORTS = st.none() | st.builds(
    Report, st.sampled_from(ReportKind), st.lists(st.builds(ReportedRecipient, TEXT, TEXT, TEXT, TEXT)).map(tuple), TEXT
)
MAILS = st.builds(
    ParsedMail,
    headers=st.lists(st.tuples(NAMES | TEXT, TEXT), max_size=8).map(tuple),
    message_ref=TEXT,
    senders=st.lists(TEXT | st.emails(), max_size=3).map(tuple),
    from_headers=st.integers(0, 3),
    in_reply_to=TEXT,
    references=st.lists(TEXT, max_size=3).map(tuple),
    subject=TEXT,
    text=TEXT | st.just("stop"),
    attachments=st.just(()),
    report=REPORTS,
    problems=st.just(()),
)
FACTS = st.builds(
    Facts,
    house=st.just(HOUSE),
    envelope_from=st.none() | TEXT,
    has_bounce_token=st.booleans(),
    is_released=st.booleans(),
    has_twin=st.booleans(),
    is_staff=st.booleans(),
    proof=st.none() | st.builds(Proof, st.booleans(), TEXT),
    asked_by_sender=st.integers(0, 100),
    asked_by_organisation=st.integers(0, 1000),
)


@settings(max_examples=examples(300), deadline=None)
@given(MAILS, FACTS)
def test_any_message_is_decided_by_a_named_rule(message: ParsedMail, facts: Facts) -> None:
    decision = screen(ALL, message, facts)

    assert isinstance(decision, Decision)
    is_known = facts.is_staff and ((facts.proof is not None and facts.proof.is_given) or facts.is_released)
    assert decision.verdict is not Verdict.REQUEST or is_known
    assert len(fields(decision)) == 3
