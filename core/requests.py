"""The request language: what people write in Slack after ``/usher``, and in the lines of an e-mail.

    verb -> parser -> command -> use case -> help line

One table, ``VERBS``, serves every door: the same words (they stand in ``core.verbs``) mean the same everywhere. A
parser turns text into a command and raises InvalidRequest with what is missing; it neither reads the database nor knows
who asks.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.context import Context
from core.errors import BatchNotChosen, CodeWrong, RunNotChosen, StaffDetailsInvalid, UnknownVerb
from core.rules.moments import split_moment
from core.rules.text import folded
from core.usecases.batches import PrepareInvitation, prepare_invitation
from core.usecases.colleagues import (
    InviteColleague,
    ListStaff,
    ShowColleague,
    invite_colleague,
    list_staff,
    show_colleague,
)
from core.usecases.corrections import CorrectAddress, correct_address
from core.usecases.courses import ListCourses, RunList, ShowRun, list_courses, show_run
from core.usecases.invitation_lists import ListedState, ListInvitations, list_invitations
from core.usecases.invitations import (
    CancelInvitation,
    ReinviteLearner,
    ResendInvitation,
    cancel_invitation,
    reinvite_learner,
    resend_invitation,
)
from core.usecases.link_lists import ListSharedLinks, list_shared_links
from core.usecases.quiet_hours import SetQuietHours, ShowQuietHours, set_quiet_hours, show_quiet_hours
from core.usecases.recall import RecallBatch, recall_batch
from core.usecases.reminder_rules import SetReminders, ShowReminders, set_reminders, show_reminders
from core.usecases.schedules import ListScheduled, list_scheduled
from core.usecases.scoreboards import ShowBatch, show_batch
from core.usecases.shared_links import CreateSharedLink, create_shared_link
from core.usecases.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    UnlinkAccount,
    ask_for_code,
    bind_workspace,
    confirm_code,
    unlink_account,
)
from core.verbs import WORDS, VerbWords
from core.words import Role


class Mode(StrEnum):
    READ = "read"
    RUN = "run"


class Asker(StrEnum):
    """Who may ask: a staff member, or somebody who is about to become known."""

    STAFF = "staff"
    VISITOR = "visitor"


_Parser = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Verb(VerbWords):
    mode: Mode
    asker: Asker
    parse: _Parser
    usecase: Callable[[Context, Any], Any]


@dataclass(frozen=True, slots=True)
class ComposeInvitation:
    """``invite`` with too little to go on: a door with forms opens one with what there is, others explain."""

    run: str
    addresses: str


@dataclass(frozen=True, slots=True)
class ComposeStaffInvitation:
    """``staff invite`` with too little to go on. ``role`` empty: not chosen yet."""

    email: str
    role: Role | None
    first_name: str
    last_name: str
    providers: tuple[str, ...]


Form = ComposeInvitation | ComposeStaffInvitation
"""What a door with forms opens, and others explain."""


@dataclass(frozen=True, slots=True)
class Help:
    """``verb`` empty: all of them."""

    verb: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    verb: Verb
    command: Any


_UKPRN = re.compile(r"1\d{7}")
_BATCH = re.compile(r"(?:b-?)?0*(\d{1,9})", re.IGNORECASE)


def read_request(text: str) -> Request | Form | Help:
    """Raises UnknownVerb with the nearest verb, and what the verb's parser raises."""
    name, rest = _first_word(text)
    name = folded(name)
    if name in ("", "help", "?"):
        return Help(_known_verb(rest).name if rest else "")
    verb = _known_verb(name)
    if folded(rest) in ("help", "?", "--help", "-h"):
        return Help(verb.name)
    command = verb.parse(rest)
    return command if isinstance(command, Form) else Request(verb, command)


def _known_verb(name: str) -> Verb:
    wanted = ALIASES.get(folded(name), folded(name))
    if wanted in VERBS:
        return VERBS[wanted]
    nearest = difflib.get_close_matches(wanted, VERBS, n=1, cutoff=0.5)
    raise UnknownVerb(verb=name[:40], nearest=nearest[0] if nearest else None)


# --- Parsers ----------------------------------------------------------------------------------------------


def _invite(rest: str) -> PrepareInvitation | ComposeInvitation:
    """``RUN ADDRESSES [at MOMENT]``. A form is given the words as they are, and reads them again."""
    run, given = _run_and_rest(rest)
    addresses, when = split_moment(given)
    return PrepareInvitation(run, addresses, when=when) if run and addresses else ComposeInvitation(run, given)


def _invites(rest: str) -> ListInvitations | ListCourses:
    """``RUN [state] [words to search]``."""
    run, tail = _run_and_rest(rest)
    if not rest:
        # The table leads to each run's page: kinder than to ask for a code.
        return ListCourses()
    if not run:
        raise RunNotChosen(verb="invites")
    words = tail.split()
    state = ListedState(words[0].lower()) if words and words[0].lower() in list(ListedState) else None
    return ListInvitations(run, state, " ".join(words[1:] if state else words))


def _resend(rest: str) -> ResendInvitation | ListInvitations:
    run, address = _run_and_address(rest, "resend")
    if address.lower() == "all":
        return _list_of_open(run)
    return ResendInvitation(run=run, address=address)


def _list_of_open(run: str) -> ListInvitations:
    """All of them are looked at first: the list has the buttons, with the number on them."""
    return ListInvitations(run, ListedState.PENDING)


def _cancel(rest: str) -> CancelInvitation | ListInvitations:
    run, address = _run_and_address(rest, "cancel")
    if address.lower() == "all":
        return _list_of_open(run)
    return CancelInvitation(run=run, address=address)


def _reinvite(rest: str) -> ReinviteLearner:
    run, address = _run_and_address(rest, "reinvite")
    return ReinviteLearner(run, address)


def _scheduled(rest: str) -> ListScheduled:
    return ListScheduled()


def _reminders(rest: str) -> ShowReminders | SetReminders:
    run, rule = _run_and_rest(rest)
    if not run:
        raise RunNotChosen(verb="reminders")
    return SetReminders(run, rule) if rule else ShowReminders(run)


def _quiet(rest: str) -> ShowQuietHours | SetQuietHours:
    return SetQuietHours(rest) if rest else ShowQuietHours()


def _undo(rest: str) -> RecallBatch:
    return RecallBatch(number=_batch_number(rest))


def _batch(rest: str) -> ShowBatch:
    return ShowBatch(_batch_number(rest))


def _correct(rest: str) -> CorrectAddress:
    """``RUN WRONG RIGHT``."""
    run, tail = _run_and_rest(rest)
    wrong, right = _first_word(tail)
    if not run or not right:
        raise RunNotChosen(verb="correct")
    return CorrectAddress(new_address=right, run=run, address=_bare_address(wrong))


def _courses(rest: str) -> ListCourses:
    return ListCourses(search=rest)


def _show_run(rest: str) -> ShowRun | ListCourses:
    run, tail = _run_and_rest(rest)
    if not rest:
        return ListCourses()
    if not run:
        raise RunNotChosen(verb="run")
    first, others = _first_word(tail)
    shown = RunList(first.lower()) if first.lower() in list(RunList) else None
    return ShowRun(run, shown or RunList.ENROLLED, others if shown else tail)


def _links(rest: str) -> ListSharedLinks | CreateSharedLink:
    """``CODE`` makes or offers one; ``find WORDS`` or nothing lists."""
    first, tail = _first_word(rest)
    if not first or folded(first) in ("find", "list"):
        return ListSharedLinks(search=tail)
    return CreateSharedLink(first.strip(",;:"))


def _staff(rest: str) -> ListStaff | ShowColleague | InviteColleague | ComposeStaffInvitation:
    """``[words to search]``, ``ADDRESS``, or ``invite ADDRESS ROLE [First Last] [UKPRN ...]``."""
    first, tail = _first_word(rest)
    if folded(first) == "invite":
        return _staff_invitation(tail)
    if "@" in first and not tail:
        return ShowColleague(email=_bare_address(first))
    return ListStaff(search=rest)


def _staff_invitation(rest: str) -> InviteColleague | ComposeStaffInvitation:
    """With all of it said it is done; else a form asks for the rest. Only the first role is one: people have names."""
    words = [word.strip(",;") for word in rest.split()]
    emails = [word for word in words if "@" in word]
    if len(emails) > 1:
        raise StaffDetailsInvalid(problem="Invite one person at a time.")
    role_word = next((word for word in words if folded(word) in list(Role)), "")
    ukprns = tuple(word for word in words if _UKPRN.fullmatch(word))
    if role_word:
        words.remove(role_word)
    names = [word for word in words if word not in (*emails, *ukprns)]
    email, role = _bare_address(emails[0]) if emails else "", Role(folded(role_word)) if role_word else None
    first_name, last_name = (names[0] if names else ""), " ".join(names[1:])
    if email and role and first_name and last_name:
        return InviteColleague(email, role, first_name, last_name, ukprns)
    return ComposeStaffInvitation(email, role, first_name, last_name, ukprns)


def _unlink(rest: str) -> UnlinkAccount:
    return UnlinkAccount()


def _setup(rest: str) -> BindWorkspace:
    if not rest:
        raise CodeWrong(next_step="Write “setup” and then the code that your operator gave you.")
    return BindWorkspace(rest)


def _link(rest: str) -> AskForCode | ConfirmCode:
    return ConfirmCode(rest) if rest else AskForCode()


def _run_and_rest(rest: str) -> tuple[str, str]:
    first, tail = _first_word(rest)
    if "@" in first or first.startswith(('"', "<")):
        return "", rest
    return first.strip(",;:"), tail


def _first_word(text: str) -> tuple[str, str]:
    """Spaces, tabs and line breaks part words alike: in an e-mail the addresses may begin on the next line."""
    words = [*text.split(maxsplit=1), "", ""]
    return words[0], words[1].strip()


def _run_and_address(rest: str, verb: str) -> tuple[str, str]:
    run, address = _run_and_rest(rest)
    if not run or not address:
        raise RunNotChosen(verb=verb)
    return run, _bare_address(address)


def _bare_address(word: str) -> str:
    """Slack makes ``<mailto:a@b|a@b>`` of an address."""
    return word.removeprefix("<mailto:").split("|")[0].strip("<>")


def _batch_number(rest: str) -> int:
    match = _BATCH.fullmatch(rest.strip())
    if match is None:
        raise BatchNotChosen
    return int(match.group(1))


def _verb(name: str, mode: Mode, asker: Asker, parse: _Parser, usecase: Callable[[Context, Any], Any]) -> Verb:
    words = WORDS[name]
    return Verb(words.name, words.usage, words.summary, words.examples, mode, asker, parse, usecase)


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        _verb("invite", Mode.RUN, Asker.STAFF, _invite, prepare_invitation),
        _verb("invites", Mode.READ, Asker.STAFF, _invites, list_invitations),
        _verb("resend", Mode.RUN, Asker.STAFF, _resend, resend_invitation),
        _verb("cancel", Mode.RUN, Asker.STAFF, _cancel, cancel_invitation),
        _verb("reinvite", Mode.RUN, Asker.STAFF, _reinvite, reinvite_learner),
        _verb("correct", Mode.RUN, Asker.STAFF, _correct, correct_address),
        _verb("batch", Mode.READ, Asker.STAFF, _batch, show_batch),
        _verb("undo", Mode.RUN, Asker.STAFF, _undo, recall_batch),
        _verb("scheduled", Mode.READ, Asker.STAFF, _scheduled, list_scheduled),
        _verb("reminders", Mode.RUN, Asker.STAFF, _reminders, show_reminders),
        _verb("quiet", Mode.RUN, Asker.STAFF, _quiet, show_quiet_hours),
        _verb("courses", Mode.READ, Asker.STAFF, _courses, list_courses),
        _verb("run", Mode.READ, Asker.STAFF, _show_run, show_run),
        _verb("links", Mode.RUN, Asker.STAFF, _links, list_shared_links),
        _verb("staff", Mode.RUN, Asker.STAFF, _staff, list_staff),
        _verb("link", Mode.RUN, Asker.VISITOR, _link, ask_for_code),
        _verb("unlink", Mode.RUN, Asker.VISITOR, _unlink, unlink_account),
        _verb("setup", Mode.RUN, Asker.VISITOR, _setup, bind_workspace),
    )
}
ALIASES: Final = {
    "invitations": "invites",
    "runs": "courses",
    "re-invite": "reinvite",
    "recall": "undo",
    "shared-links": "links",
    "connect": "link",
    "disconnect": "unlink",
    "colleagues": "staff",
}


# Commands that several verbs lead to, or that a verb's parser makes besides its own.
_OTHER_USECASES: dict[type, tuple[Callable[[Context, Any], Any], Mode]] = {
    ConfirmCode: (confirm_code, Mode.RUN),
    CreateSharedLink: (create_shared_link, Mode.RUN),
    ListSharedLinks: (list_shared_links, Mode.READ),
    ListCourses: (list_courses, Mode.READ),
    ListInvitations: (list_invitations, Mode.READ),
    ListStaff: (list_staff, Mode.READ),
    ShowColleague: (show_colleague, Mode.READ),
    InviteColleague: (invite_colleague, Mode.RUN),
    SetReminders: (set_reminders, Mode.RUN),
    SetQuietHours: (set_quiet_hours, Mode.RUN),
}


def usecase_of(request: Request) -> Callable[[Context, Any], Any]:
    """``link CODE`` confirms, ``cancel RUN all`` lists first, ``links CODE`` makes or offers a link."""
    return _meant(request)[0]


def mode_of(request: Request) -> Mode:
    return _meant(request)[1]


def _meant(request: Request) -> tuple[Callable[[Context, Any], Any], Mode]:
    return _OTHER_USECASES.get(type(request.command), (request.verb.usecase, request.verb.mode))
