"""Staff and their Slack accounts."""

import re
from difflib import get_close_matches
from typing import Final

from core.errors import CodeWrong, StaffDetailsInvalid
from core.requests.language import (
    Asker,
    ComposeStaffInvitation,
    Mode,
    OtherUseCases,
    Verb,
    bare_address,
    first_word,
    verb,
)
from core.rules.text import folded
from core.usecases.staff.colleagues import (
    InviteColleague,
    ListStaff,
    ShowColleague,
    invite_colleague,
    list_staff,
    show_colleague,
)
from core.usecases.staff.slack_identity import (
    AskForCode,
    BindWorkspace,
    ConfirmCode,
    UnlinkAccount,
    ask_for_code,
    bind_workspace,
    confirm_code,
    unlink_account,
)
from core.words import Role

_UKPRN: Final = re.compile(r"1\d{7}")


def _staff(rest: str) -> ListStaff | ShowColleague | InviteColleague | ComposeStaffInvitation:
    """``[words to search]``, ``ADDRESS``, or ``invite ADDRESS ROLE [First Last] [UKPRN ...]``."""
    first, tail = first_word(rest)
    if folded(first) == "invite":
        return _staff_invitation(tail)
    if "@" in first and not tail:
        return ShowColleague(email=bare_address(first))
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
    if not role_word and names and (near := get_close_matches(folded(names[0])[:40], list(Role), n=1, cutoff=0.75)):
        # It may be a name after all: a form shows what was understood.
        return ComposeStaffInvitation(
            bare_address(emails[0]) if emails else "", Role(near[0]), *_names(names[1:]), ukprns
        )
    email, role = bare_address(emails[0]) if emails else "", Role(folded(role_word)) if role_word else None
    first_name, last_name = _names(names)
    if email and role and first_name and last_name:
        return InviteColleague(email, role, first_name, last_name, ukprns)
    return ComposeStaffInvitation(email, role, first_name, last_name, ukprns)


def _names(words: list[str]) -> tuple[str, str]:
    return (words[0] if words else ""), " ".join(words[1:])


def _unlink(rest: str) -> UnlinkAccount:
    return UnlinkAccount()


def _setup(rest: str) -> BindWorkspace:
    if not rest:
        raise CodeWrong(next_step="Write “setup” and then the code that your operator gave you.")
    return BindWorkspace(rest)


def _link(rest: str) -> AskForCode | ConfirmCode:
    return ConfirmCode(rest) if rest else AskForCode()


VERBS: Final[tuple[Verb, ...]] = (
    verb("staff", Mode.RUN, Asker.STAFF, _staff, list_staff),
    verb("link", Mode.RUN, Asker.VISITOR, _link, ask_for_code),
    verb("unlink", Mode.RUN, Asker.VISITOR, _unlink, unlink_account),
    verb("setup", Mode.RUN, Asker.VISITOR, _setup, bind_workspace),
)
OTHERS: Final[OtherUseCases] = {
    ConfirmCode: (confirm_code, Mode.RUN),
    ListStaff: (list_staff, Mode.READ),
    ShowColleague: (show_colleague, Mode.READ),
    InviteColleague: (invite_colleague, Mode.RUN),
}
