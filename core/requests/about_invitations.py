"""Invitations: invite, look after them, take them back."""

import re
from typing import Final

from core.errors import BatchNotChosen, RunNotChosen
from core.requests.about_imports import undo_of_import
from core.requests.language import (
    Asker,
    ComposeInvitation,
    Mode,
    OtherUseCases,
    Verb,
    bare_address,
    first_word,
    run_and_address,
    run_and_rest,
    verb,
)
from core.rules.moments import split_moment
from core.rules.text import folded
from core.usecases.catalogue.courses import ListCourses
from core.usecases.imports.invitations import PrepareImportInvitation, prepare_import_invitation
from core.usecases.imports.undoing import UndoImport
from core.usecases.invitations.batches import PrepareInvitation, prepare_invitation
from core.usecases.invitations.corrections import CorrectAddress, correct_address
from core.usecases.invitations.lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations.quiet_hours import SetQuietHours, ShowQuietHours, set_quiet_hours, show_quiet_hours
from core.usecases.invitations.recall import RecallBatch, recall_batch
from core.usecases.invitations.reminder_rules import SetReminders, ShowReminders, set_reminders, show_reminders
from core.usecases.invitations.schedules import ListScheduled, list_scheduled
from core.usecases.invitations.scoreboards import ShowBatch, show_batch
from core.usecases.invitations.single import (
    CancelInvitation,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.invitations.undelivered import ListUndelivered, list_undelivered

_THE_LATEST: Final = frozenset(("", "it", "that", "last", "latest", "the last one"))
_UNDELIVERED: Final = frozenset(("bounced", "undelivered"))
_BATCH: Final = re.compile(r"(?:b-?)?0*(\d{1,9})", re.IGNORECASE)
_IMPORT: Final = re.compile(r"import:?\s+(?:i-?)?0*([0-9]{1,9})", re.IGNORECASE)


def _invite(rest: str) -> PrepareInvitation | PrepareImportInvitation | ComposeInvitation:
    """``RUN ADDRESSES [at MOMENT]``, or ``RUN import I-0007``.

    A form is given the words as they are, and reads them again.
    """
    run, given = run_and_rest(rest)
    addresses, when = split_moment(given)
    if _IMPORT.fullmatch(f"{run} {addresses}".strip()):
        raise RunNotChosen(verb="invite")
    if run and (named := _IMPORT.fullmatch(addresses)):
        return PrepareImportInvitation(run, int(named[1]), when=when)
    return PrepareInvitation(run, addresses, when=when) if run and addresses else ComposeInvitation(run, given)


def _invites(rest: str) -> ListInvitations | ListUndelivered | ListCourses:
    """``RUN [state] [words to search]``, or ``bounced`` for all runs."""
    run, tail = run_and_rest(rest)
    if not rest:
        # The table leads to each run's page: kinder than to ask for a code.
        return ListCourses()
    if run.lower() in _UNDELIVERED:
        return ListUndelivered()
    if not run:
        raise RunNotChosen(verb="invites")
    words = tail.split()
    state = ListedState(words[0].lower()) if words and words[0].lower() in list(ListedState) else None
    return ListInvitations(run, state, " ".join(words[1:] if state else words))


def _resend(rest: str) -> ResendInvitation | ListInvitations:
    run, address = run_and_address(rest, "resend")
    if address.lower() == "all":
        return _list_of_open(run)
    return ResendInvitation(run=run, address=address)


def _list_of_open(run: str) -> ListInvitations:
    """All of them are looked at first: the list has the buttons, with the number on them."""
    return ListInvitations(run, ListedState.PENDING)


def _cancel(rest: str) -> CancelInvitation | ListInvitations:
    run, address = run_and_address(rest, "cancel")
    if address.lower() == "all":
        return _list_of_open(run)
    return CancelInvitation(run=run, address=address)


def _reinvite(rest: str) -> ReinviteLearner:
    run, address = run_and_address(rest, "reinvite")
    return ReinviteLearner(run, address)


def _scheduled(rest: str) -> ListScheduled:
    return ListScheduled()


def _reminders(rest: str) -> ShowReminders | SetReminders:
    run, rule = run_and_rest(rest)
    if not run:
        raise RunNotChosen(verb="reminders")
    return SetReminders(run, rule) if rule else ShowReminders(run)


def _quiet(rest: str) -> ShowQuietHours | SetQuietHours:
    return SetQuietHours(rest) if rest else ShowQuietHours()


def _undo(rest: str) -> RecallBatch | UndoImport:
    """``B-0041`` or a bare number is a batch, ``I-0007`` an import. Nothing is answered with what they did last."""
    if folded(rest) in _THE_LATEST:
        return RecallBatch()
    return undo_of_import(rest) or RecallBatch(number=_batch_number(rest))


def _batch(rest: str) -> ShowBatch:
    return ShowBatch(_batch_number(rest))


def _correct(rest: str) -> CorrectAddress:
    """``RUN WRONG RIGHT``."""
    run, tail = run_and_rest(rest)
    wrong, right = first_word(tail)
    if not run or not right:
        raise RunNotChosen(verb="correct")
    return CorrectAddress(new_address=right, run=run, address=bare_address(wrong))


def _batch_number(rest: str) -> int:
    match = _BATCH.fullmatch(rest.strip())
    if match is None:
        raise BatchNotChosen
    return int(match.group(1))


VERBS: Final[tuple[Verb, ...]] = (
    verb("invite", Mode.RUN, Asker.STAFF, _invite, prepare_invitation),
    verb("invites", Mode.READ, Asker.STAFF, _invites, list_invitations),
    verb("resend", Mode.RUN, Asker.STAFF, _resend, resend_invitation),
    verb("cancel", Mode.RUN, Asker.STAFF, _cancel, cancel_invitation),
    verb("reinvite", Mode.RUN, Asker.STAFF, _reinvite, reinvite_learner),
    verb("correct", Mode.RUN, Asker.STAFF, _correct, correct_address),
    verb("batch", Mode.READ, Asker.STAFF, _batch, show_batch),
    verb("undo", Mode.RUN, Asker.STAFF, _undo, recall_batch),
    verb("scheduled", Mode.READ, Asker.STAFF, _scheduled, list_scheduled),
    verb("reminders", Mode.RUN, Asker.STAFF, _reminders, show_reminders),
    verb("quiet", Mode.RUN, Asker.STAFF, _quiet, show_quiet_hours),
)
OTHERS: Final[OtherUseCases] = {
    ListInvitations: (list_invitations, Mode.READ),
    ListUndelivered: (list_undelivered, Mode.READ),
    PrepareImportInvitation: (prepare_import_invitation, Mode.RUN),
    SetReminders: (set_reminders, Mode.RUN),
    SetQuietHours: (set_quiet_hours, Mode.RUN),
}
