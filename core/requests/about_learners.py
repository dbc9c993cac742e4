"""Learners: find them, see one, create, remove, and who never signed in."""

from typing import Final

from core.errors import LearnerNotChosen
from core.requests.language import Asker, ComposeLearner, Mode, OtherUseCases, Verb, bare_address, first_word, verb
from core.rules.text import clean_name, folded
from core.usecases.learners.cards import FindLearners, ShowLearner, find_learners, show_learner
from core.usecases.learners.erasing import PreviewErasure, preview_erasure
from core.usecases.learners.export import ShowDataPage, show_data_page
from core.usecases.learners.lists import ListLearners, list_learners
from core.usecases.learners.removal import PreviewRemoval, preview_removal

_NAME_CHARACTERS: Final = 100
_NEVER: Final = ("never", "codes", "slips")
_SHOW: Final = ("show", "edit")


def _learners(
    rest: str,
) -> FindLearners | ShowLearner | ListLearners | PreviewRemoval | ShowDataPage | PreviewErasure | ComposeLearner:
    """``[words]``, ``never [words]``, ``create [First Last]``, ``show|edit|remove|export|erase WHO``."""
    first, tail = first_word(rest)
    word = folded(first)
    if word in _NEVER:
        return ListLearners(tail, is_never=True)
    if word in ("list", "find"):
        return ListLearners(tail)
    if word in ("create", "add", "new"):
        names = [clean_name(name, _NAME_CHARACTERS) for name in first_word(tail)]
        return ComposeLearner(*names)
    if word == "remove":
        return PreviewRemoval(who=_who(tail, word))
    if word == "export":
        return ShowDataPage(who=_who(tail, word))
    if word == "erase":
        return PreviewErasure(who=_who(tail, word))
    if word in _SHOW and tail:
        return ShowLearner(who=_who(tail, word))
    return FindLearners(bare_address(first) if "@" in first and not tail else rest)


def _who(tail: str, word: str) -> str:
    if not tail:
        raise LearnerNotChosen(word=word)
    # A name may have several words; an address has one.
    return bare_address(tail) if "@" in tail else tail


VERBS: Final[tuple[Verb, ...]] = (verb("learners", Mode.READ, Asker.STAFF, _learners, find_learners),)
OTHERS: Final[OtherUseCases] = {
    ListLearners: (list_learners, Mode.READ),
    ShowLearner: (show_learner, Mode.READ),
    PreviewRemoval: (preview_removal, Mode.READ),
    ShowDataPage: (show_data_page, Mode.READ),
    PreviewErasure: (preview_erasure, Mode.READ),
}
