"""The request language: what people write in Slack after ``/usher`` and, later, in an e-mail's first lines.

    verb -> parser -> command -> use case -> help line

One table, ``VERBS``, serves every door: the same words mean the same everywhere. A parser turns text into a command and
raises InvalidRequest with what is missing; it neither reads the database nor knows who asks.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.context import Context
from core.errors import BatchNotChosen, CodeWrong, RunNotChosen, UnknownVerb
from core.rules.text import folded
from core.usecases.batches import PrepareInvitation, prepare_invitation
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
from core.usecases.recall import RecallBatch, recall_batch
from core.usecases.scoreboards import ShowBatch, show_batch
from core.usecases.shared_links import CreateSharedLink, create_shared_link
from core.usecases.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    ask_for_code,
    bind_workspace,
    confirm_code,
)


class Mode(StrEnum):
    READ = "read"
    RUN = "run"


class Asker(StrEnum):
    """Who may ask: a staff member, or somebody who is about to become known."""

    STAFF = "staff"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    usage: str
    """What comes after the verb."""
    summary: str
    examples: tuple[str, ...]
    mode: Mode
    asker: Asker
    parse: Callable[[str], Any]
    usecase: Callable[[Context, Any], Any]


@dataclass(frozen=True, slots=True)
class ComposeInvitation:
    """``invite`` with too little to go on: a door with forms opens one with what there is, others explain."""

    run: str
    addresses: str


@dataclass(frozen=True, slots=True)
class Help:
    """``verb`` empty: all of them."""

    verb: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    verb: Verb
    command: Any


_BATCH = re.compile(r"(?:b-?)?0*(\d{1,9})", re.IGNORECASE)


def read_request(text: str) -> Request | ComposeInvitation | Help:
    """Raises UnknownVerb with the nearest verb, and what the verb's parser raises."""
    name, rest = _first_word(text)
    name = folded(name)
    if name in ("", "help", "?"):
        return Help(_known_verb(rest).name if rest else "")
    verb = _known_verb(name)
    if folded(rest) in ("help", "?", "--help", "-h"):
        return Help(verb.name)
    command = verb.parse(rest)
    return command if isinstance(command, ComposeInvitation) else Request(verb, command)


def _known_verb(name: str) -> Verb:
    wanted = _ALIASES.get(folded(name), folded(name))
    if wanted in VERBS:
        return VERBS[wanted]
    nearest = difflib.get_close_matches(wanted, VERBS, n=1, cutoff=0.5)
    raise UnknownVerb(verb=name[:40], nearest=nearest[0] if nearest else None)


# --- Parsers ----------------------------------------------------------------------------------------------


def _invite(rest: str) -> PrepareInvitation | ComposeInvitation:
    run, addresses = _run_and_rest(rest)
    return PrepareInvitation(run, addresses) if run and addresses else ComposeInvitation(run, addresses)


def _invites(rest: str) -> ListInvitations:
    """``RUN [state] [words to search]``."""
    run, tail = _run_and_rest(rest)
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


def _show_run(rest: str) -> ShowRun:
    run, tail = _run_and_rest(rest)
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


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "invite", "RUN ADDRESSES", "Invite learners to a run by e-mail.",
            ('invite maths-2026-03 a@example.org, "Bo" <b@example.org>', "invite"),
            Mode.RUN, Asker.STAFF, _invite, prepare_invitation,
        ),
        Verb(
            "invites", "RUN [pending|bounced|expired|accepted|declined|cancelled] [search]",
            "List a run's invitations and what became of them.",
            ("invites maths-2026-03", "invites maths-2026-03 bounced"),
            Mode.READ, Asker.STAFF, _invites, list_invitations,
        ),
        Verb(
            "resend", "RUN ADDRESS|all", "Send the same invitation once more: same link, same expiry.",
            ("resend maths-2026-03 a@example.org", "resend maths-2026-03 all"),
            Mode.RUN, Asker.STAFF, _resend, resend_invitation,
        ),
        Verb(
            "cancel", "RUN ADDRESS|all", "Cancel an invitation that nobody has answered; undo for 10 minutes.",
            ("cancel maths-2026-03 a@example.org", "cancel maths-2026-03 all"),
            Mode.RUN, Asker.STAFF, _cancel, cancel_invitation,
        ),
        Verb(
            "reinvite", "RUN ADDRESS", "Invite again after an invitation expired, was cancelled or declined.",
            ("reinvite maths-2026-03 a@example.org",),
            Mode.RUN, Asker.STAFF, _reinvite, reinvite_learner,
        ),
        Verb(
            "correct", "RUN WRONG RIGHT", "Send an invitation that went to a mistyped address to the right one.",
            ("correct maths-2026-03 bo@gmial.com bo@gmail.com",),
            Mode.RUN, Asker.STAFF, _correct, correct_address,
        ),
        Verb(
            "batch", "NUMBER", "Show what became of a batch.", ("batch B-0041",),
            Mode.READ, Asker.STAFF, _batch, show_batch,
        ),
        Verb(
            "undo", "NUMBER", "Take back a batch: whole until sending starts, then whatever nobody answered.",
            ("undo B-0041",),
            Mode.RUN, Asker.STAFF, _undo, recall_batch,
        ),
        Verb(
            "courses", "[search]", "List the runs you can invite to, and how many learners they have.",
            ("courses", "courses maths"),
            Mode.READ, Asker.STAFF, _courses, list_courses,
        ),
        Verb(
            "run", "RUN [enrolled|pending|declined] [search]", "Show who is on a run, and who has not answered yet.",
            ("run maths-2026-03", "run maths-2026-03 enrolled ada"),
            Mode.READ, Asker.STAFF, _show_run, show_run,
        ),
        Verb(
            "links", "[CODE | find WORDS]", "Share one link to a run or course, or list yours.",
            ("links safety-2026-03", "links", "links find maths"),
            Mode.RUN, Asker.STAFF, _links, list_shared_links,
        ),
        Verb(
            "link", "[CODE]", "Connect your Slack account; I mail you a code.", ("link", "link 1234 5678"),
            Mode.RUN, Asker.VISITOR, _link, ask_for_code,
        ),
        Verb(
            "setup", "CODE", "Connect this workspace to your organisation.", ("setup northfield-12345678",),
            Mode.RUN, Asker.VISITOR, _setup, bind_workspace,
        ),
    )
}  # fmt: skip
_ALIASES = {
    "invitations": "invites",
    "runs": "courses",
    "re-invite": "reinvite",
    "recall": "undo",
    "shared-links": "links",
    "connect": "link",
}


_OTHER_USECASES: dict[type, Callable[[Context, Any], Any]] = {
    ConfirmCode: confirm_code,
    CreateSharedLink: create_shared_link,
    ListInvitations: list_invitations,
}
"""Commands that several verbs lead to, or that a verb's parser makes besides its own."""


def usecase_of(request: Request) -> Callable[[Context, Any], Any]:
    """``link CODE`` confirms, ``cancel RUN all`` lists first, ``links CODE`` makes or offers a link."""
    return _OTHER_USECASES.get(type(request.command), request.verb.usecase)
