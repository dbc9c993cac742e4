"""A message that was received, from its row to its end: read, screened, and done, held or ignored.

    begun --> parse (limited child) --> by itself --> who has the address --> is it proven --> one of:
    a report, a wish to stop, a request (each done and settled by whoever takes it), held, ignored, failed

1. Synchronous, for threads; several processors may work on one message, and one of them settles it.
2. ``process`` raises Unavailable only: then nothing was decided and the message stays where it is.
3. Whatever else goes wrong is our mistake: the row is failed with a reference, under which the log has the rest.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.app import App
from core.context import Assurance, Door, StaffActor, System
from core.errors import MailNotFound, OrganisationNotChosen, Unavailable, UsherError
from core.large_mail import RawMail
from core.rules.addresses import Address, address_key, parse_address
from core.settings import Settings
from core.usecases.mailbox.held_mail import HoldMail, hold_mail
from core.usecases.mailbox.inbound import SettleMail, settle_mail
from core.usecases.mailbox.senders import (
    Candidate,
    FindSender,
    NoteSender,
    NoteSenders,
    SenderFound,
    SenderNoted,
    find_sender,
    note_senders,
)
from core.usecases.mailbox.under_way import BeginMail, MailBegun, begin_mail
from core.words import MailRule, MailState
from mail.parsing.parsed import NotParsed, ParsedMail
from mail.receiving.asked import Answer, MailReport, MailRequest, MailStop, NoteReport, Stop
from mail.receiving.screening import BY_ADDRESS, BY_ITSELF, BY_PROOF, Decision, Facts, House, Verdict, screen
from mail.receiving.senders import Claim, Proof, Sender, proof_of, sender_of
from mail.receiving.signatures import TxtLookup
from mail.receiving.together import Together
from mail.receiving.written_to import is_bounce_address, slug_written_to
from mail.sending.wire import ascii_address

Parse = Callable[[RawMail], ParsedMail | NotParsed]

_SYSTEM: Final = System(Door.MAIL)
_SENDERS_LOOKED_UP: Final = 5
_log = logging.getLogger("usher.mail")


class _Work(Struct, frozen=True):
    """What is known of the message from the start."""

    inbound_id: int
    raw: RawMail
    begun: MailBegun
    received_at: datetime
    mail: ParsedMail


class Processor:
    """Thread-safe as far as what it is given is."""

    def __init__(
        self, app: App, parse: Parse, *, answer: Answer, note_report: NoteReport, stop: Stop, lookup: TxtLookup
    ) -> None:
        self._app = app
        self._parse = parse
        self._answer = answer
        self._note_report = note_report
        self._stop = stop
        self._lookup = lookup
        settings = app.settings
        self._house = House(address_key(settings.mail_from), _our_domain(settings))
        self._notes = Together(self._noted)

    def process(self, inbound_id: int, begun: MailBegun | None = None, /) -> MailState:
        """The state that it is in then. ``begun``: by whoever received it. Raises Unavailable."""
        try:
            return self._processed(inbound_id, begun)
        except Unavailable:
            raise
        except Exception:
            return self._failed(inbound_id)

    def _processed(self, inbound_id: int, begun: MailBegun | None) -> MailState:
        try:
            begun = begun or self._app.run(begin_mail, BeginMail(inbound_id), _SYSTEM)
        except MailNotFound:
            _log.warning("a message that is not there", extra={"inbound_id": inbound_id})
            return MailState.FAILED
        if begun.raw is None or begun.received_at is None:
            return begun.state
        parsed = self._parse(begun.raw)
        if isinstance(parsed, NotParsed):
            return self._settled(inbound_id, MailState.FAILED, MailRule.UNREADABLE, parsed.reason)
        return self._screened(_Work(inbound_id, begun.raw, begun, begun.received_at, parsed))

    def _failed(self, inbound_id: int) -> MailState:
        reference = self._app.tokens.reference()
        _log.exception("a message was not processed", extra={"inbound_id": inbound_id, "reference": reference})
        command = SettleMail(inbound_id, MailState.FAILED, MailRule.OUR_MISTAKE, reference=reference)
        return self._app.run(settle_mail, command, _SYSTEM).state

    def _screened(self, work: _Work) -> MailState:
        facts = Facts(
            self._house,
            envelope_from=work.begun.envelope_from,
            has_bounce_token=is_bounce_address(work.begun.envelope_to, self._app.links),
            is_released=work.begun.is_released,
            has_twin=work.begun.has_twin,
        )
        decision = screen(BY_ITSELF, work.mail, facts)
        return self._known(work, facts) if decision is None else self._done(work, decision, None)

    def _known(self, work: _Work, facts: Facts) -> MailState:
        sender = sender_of(work.mail)
        slug = slug_written_to(work.begun.envelope_to, work.mail, self._app.settings.mail_inbox)
        keys = (sender.key,) if sender else _keys(work.mail)
        found = self._app.read(find_sender, FindSender(keys, slug), _SYSTEM)
        facts = replace(facts, is_staff=bool(found.candidates))
        decision = screen(BY_ADDRESS, work.mail, facts)
        if decision is not None or sender is None:
            return self._done(work, decision or Decision(MailRule.NO_SINGLE_SENDER, Verdict.IGNORE), sender)
        return self._proven(work, facts, sender, found)

    def _proven(self, work: _Work, facts: Facts, sender: Sender, found: SenderFound) -> MailState:
        proof = self._proof(work, Claim(sender, found.house, work.received_at))
        is_sure = proof.is_given or work.begun.is_released
        who = found.candidates[0]
        assurance = Assurance.VERIFIED if is_sure else Assurance.UNVERIFIED
        note = NoteSender(work.inbound_id, sender.key, who.organisation_id, who.staff_id, assurance)
        noted = self._notes.ask(note)
        facts = replace(
            facts,
            proof=proof,
            asked_by_sender=noted.asked_by_sender,
            asked_by_organisation=noted.asked_by_organisation,
        )
        decision = screen(BY_PROOF, work.mail, facts)
        if decision is None or decision.verdict is not Verdict.REQUEST:
            return self._done(work, decision or Decision(MailRule.UNAUTHENTICATED, Verdict.HOLD), sender)
        return self._answer(
            MailRequest(
                inbound_id=work.inbound_id,
                message_ref=work.begun.message_ref,
                staff=StaffActor(who.organisation_id, who.staff_id, Door.MAIL, Assurance.VERIFIED),
                organisation=who.slug,
                parsed=work.mail,
                received_at=work.received_at,
                refusal=None if found.is_chosen else self._not_chosen(found.candidates),
            )
        )

    def _noted(self, notes: tuple[NoteSender, ...]) -> tuple[SenderNoted, ...]:
        return self._app.run(note_senders, NoteSenders(notes), _SYSTEM).notes

    def _proof(self, work: _Work, claim: Claim) -> Proof:
        if work.begun.is_released:
            return Proof(is_given=True, words="they said that it was them")
        return proof_of(work.mail, work.raw, claim, self._app.settings, self._lookup)

    def _not_chosen(self, candidates: tuple[Candidate, ...]) -> UsherError:
        local, _, domain = self._app.settings.mail_inbox.rpartition("@")
        return OrganisationNotChosen(addresses=" or ".join(f"{local}+{each.slug}@{domain}" for each in candidates))

    def _done(self, work: _Work, decision: Decision, sender: Sender | None) -> MailState:
        match decision.verdict:
            case Verdict.BOUNCE | Verdict.COMPLAINT:
                return self._note_report(_report(work, decision.rule))
            case Verdict.STOP if sender is not None:
                return self._stop(MailStop(work.inbound_id, sender.key, work.mail, work.received_at))
            case Verdict.HOLD:
                return self._held(work, decision)
            case _:
                key = sender.key if sender else ""
                return self._settled(work.inbound_id, MailState.IGNORED, decision.rule, decision.detail, key)

    def _held(self, work: _Work, decision: Decision) -> MailState:
        command = HoldMail(
            work.inbound_id, decision.rule, decision.detail, subject=work.mail.subject, server=_server(work.mail)
        )
        return self._app.run(hold_mail, command, _SYSTEM).state

    def _settled(self, inbound_id: int, state: MailState, rule: MailRule, detail: str, sender: str = "") -> MailState:
        command = SettleMail(inbound_id, state, rule, detail=detail, sender=sender)
        return self._app.run(settle_mail, command, _SYSTEM).state


def _our_domain(settings: Settings) -> str:
    """As our mail bears it."""
    return ascii_address(f"x@{settings.message_domain}").rpartition("@")[2].lower()


def _report(work: _Work, rule: MailRule) -> MailReport:
    return MailReport(
        inbound_id=work.inbound_id,
        rule=rule,
        parsed=work.mail,
        envelope_from=work.begun.envelope_from,
        envelope_to=work.begun.envelope_to,
        received_at=work.received_at,
    )


def _keys(mail: ParsedMail) -> tuple[str, ...]:
    found = (parse_address(address) for address in mail.senders[:_SENDERS_LOOKED_UP])
    return tuple(each.key for each in found if isinstance(each, Address))


def _server(mail: ParsedMail) -> str:
    """The name that the last host but ours gave to ours: ``Received: from NAME …``."""
    words = mail.header("received")[:1000].split()
    return words[1] if len(words) > 1 and words[0].lower() == "from" else ""
