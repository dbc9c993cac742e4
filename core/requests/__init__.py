"""The request language: what people write in Slack after ``/usher``, and in the lines of an e-mail.

    verb -> parser -> command -> use case -> help line

One table, ``VERBS``, serves every door: the same words (they stand in ``core.verbs``) mean the same everywhere. A
parser turns text into a command and raises InvalidRequest with what is missing; it neither reads the database nor knows
who asks. What belongs together stands in one module: ``about_invitations`` and so on.
"""

import difflib
from collections.abc import Callable, Sequence
from typing import Any, Final

from core.context import Context
from core.errors import UnknownVerb
from core.requests import (
    about_costs,
    about_courses,
    about_data,
    about_digests,
    about_exports,
    about_history,
    about_imports,
    about_invitations,
    about_learners,
    about_progress,
    about_staff,
)
from core.requests.about_progress import run_of_report as run_of_report
from core.requests.instead import Instead as Instead
from core.requests.instead import instead_of as instead_of
from core.requests.language import Asker as Asker
from core.requests.language import ComposeInvitation as ComposeInvitation
from core.requests.language import ComposeLearner as ComposeLearner
from core.requests.language import ComposeStaffInvitation as ComposeStaffInvitation
from core.requests.language import Form as Form
from core.requests.language import Help as Help
from core.requests.language import Mode as Mode
from core.requests.language import OtherUseCases, first_word
from core.requests.language import Request as Request
from core.requests.language import Verb as Verb
from core.rules.text import folded
from core.verbs import EVERYTHING, TOPICS

_SUBJECTS: Final = (
    about_invitations, about_courses, about_progress, about_exports, about_costs, about_digests, about_history,
    about_imports, about_learners, about_data, about_staff,
)  # fmt: skip
VERBS: Final[dict[str, Verb]] = {verb.name: verb for subject in _SUBJECTS for verb in subject.VERBS}
_OTHERS: Final[OtherUseCases] = {kind: meant for subject in _SUBJECTS for kind, meant in subject.OTHERS.items()}
_PROSE_WORDS: Final = 12
ALIASES: Final = {
    "invitations": "invites",
    "runs": "courses",
    "re-invite": "reinvite",
    "recall": "undo",
    "shared-links": "links",
    "connect": "link",
    "disconnect": "unlink",
    "colleagues": "staff",
    "learner": "learners",
    "settings": "rules",
    "preferences": "rules",
    "options": "rules",
}


def read_request(text: str) -> Request | Form | Help:
    """Raises UnknownVerb with the nearest verb, and what the verb's parser raises."""
    name, rest = first_word(text)
    name = folded(name)
    if name in ("", "help", "?"):
        return _help(rest)
    # "I want to invite people": the verb stands somewhere among the words.
    verb = _known_verb(name, folded(rest).split()[:_PROSE_WORDS])
    if folded(rest) in ("help", "?", "--help", "-h"):
        return Help(verb.name)
    command = verb.parse(rest)
    return command if isinstance(command, Form) else Request(verb, command)


def _help(rest: str) -> Help:
    wanted = folded(rest)
    if wanted in TOPICS or wanted == EVERYTHING:
        return Help(topic=wanted)
    return Help(_known_verb(rest).name if rest else "")


def _known_verb(name: str, among: Sequence[str] = ()) -> Verb:
    wanted = ALIASES.get(folded(name), folded(name))
    if wanted in VERBS:
        return VERBS[wanted]
    nearest = difflib.get_close_matches(wanted, VERBS, n=1, cutoff=0.6) or [each for each in among if each in VERBS]
    raise UnknownVerb(verb=name[:40], nearest=nearest[0] if nearest else None)


def usecase_of(request: Request) -> Callable[[Context, Any], Any]:
    """``link CODE`` confirms, ``cancel RUN all`` lists first, ``links CODE`` makes or offers a link."""
    return _meant(request)[0]


def mode_of(request: Request) -> Mode:
    return _meant(request)[1]


def _meant(request: Request) -> tuple[Callable[[Context, Any], Any], Mode]:
    return _OTHERS.get(type(request.command), (request.verb.usecase, request.verb.mode))
