"""What every door says alike of learners: their accounts, what was done to them, what goes and what stays."""

from core.rules.learner_words import academic_year_words
from core.usecases.learners.cards import HistoryEntry
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.lists import LearnerCard, LearnersListed
from core.usecases.learners.removal import LearnerRemoved, RemovalPreviewed
from core.wording.results import counted, that_fit
from core.words import AccountState, LearnerDeed

ACCOUNTS: dict[AccountState, str] = {
    AccountState.NONE: "no username yet: came by an invitation or a link",
    AccountState.NEVER: "never signed in, access code ready",
    AccountState.ERASED: "never signed in, access code erased",
    AccountState.USED: "has signed in",
}

DEEDS_UNDONE: dict[LearnerDeed, str] = {
    LearnerDeed.CREATED: "{name} is as before you created them.",
    LearnerDeed.EDITED: "{name} is as before the change.",
    LearnerDeed.REMOVED: "{name} is back, with what was taken from them.",
}

_HISTORY: dict[str, str] = {
    "created": "Created",
    "edited": "Changed",
    "removed": "Removed",
    "undone": "Taken back",
    "import_created": "Created by an import",
    "import_updated": "Changed by an import",
    "see_learner_details": "Details looked at",
}

_DOORS: dict[str, str] = {"slack": "in Slack", "mail": "by e-mail", "web": "on the web", "cli": "on the command line"}


def account_words(state: AccountState) -> str:
    return ACCOUNTS[state].capitalize()


def learner_head(listed: LearnersListed) -> str:
    """“1 learner who fits …”, as a sentence."""
    if listed.is_never and not listed.total and not listed.search:
        return "Nobody with a username is left who has not signed in."
    whom = " who never signed in" if listed.is_never else ""
    fits = that_fit(listed.total, listed.search)
    return f"{counted(listed.total, 'learner')}{whom}{fits}."


def learner_place(card: LearnerCard) -> str:
    year = academic_year_words(card.academic_year) if card.academic_year else ""
    return " · ".join(part for part in (card.provider, card.year_group, year) if part)


def history_words(entry: HistoryEntry) -> str:
    """Who, through which door, what; not when."""
    about = f" ({entry.about})" if entry.about else ""
    who = f" by {entry.who}" if entry.who else ""
    door = f" {_DOORS[entry.door]}" if entry.door in _DOORS else ""
    return f"{_HISTORY.get(entry.what, entry.what)}{about}{who}{door}"


def erasure_lines(shown: ErasurePreviewed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what goes, what stays), with the numbers of this learner."""
    goes = (
        "Their name, username, access code, and every detail that an import or a colleague gave.",
        f"{counted(shown.addresses, 'e-mail address', 'e-mail addresses')}." if shown.addresses else "",
        f"Address and name in {counted(shown.invitations, 'invitation')}; open ones are cancelled."
        if shown.invitations
        else "",
        f"The recipient of {counted(shown.messages, 'e-mail')}." if shown.messages else "",
        f"{counted(shown.import_rows, 'row')} of imports." if shown.import_rows else "",
        f"{counted(shown.files, 'imported file')} with such a row; what the import did stays." if shown.files else "",
        f"{counted(shown.reports, 'file')} with progress, where they may be named; the figures of others stay."
        if shown.reports
        else "",
        f"The words of {counted(shown.mails, 'e-mail')} that staff sent, for a name may stand in them."
        if shown.mails
        else "",
        f"{counted(shown.suppressions, 'note')} that an address must not be written to." if shown.suppressions else "",
    )
    stays = (
        f"{counted(shown.enrolments, 'enrolment')}, without a name." if shown.enrolments else "",
        f"{counted(shown.charges, 'charge')}, under a pseudonym." if shown.charges else "",
        f"{counted(shown.shared, 'address', 'addresses')} that another learner has as well." if shown.shared else "",
        f"{counted(shown.waiting_mails, 'e-mail')} waiting for somebody's decision, for 30 days at most."
        if shown.waiting_mails
        else "",
        "The audit: who did what and when, by number and without names.",
    )
    return tuple(filter(None, goes)), tuple(filter(None, stays))


def removal_lines(result: LearnerRemoved | RemovalPreviewed) -> tuple[str, ...]:
    """What removing does (LM), with the numbers of this learner; the same before and after."""
    kept, left = ", ".join(result.kept), ", ".join(result.left)
    return tuple(
        line
        for line in (
            "Nobody in your organisation sees their data any more; an import that has them brings them back.",
            f"They keep access to {kept}." if kept else "",
            f"They leave the private runs: {left}." if left else "",
            f"{counted(result.invitations, 'open invitation')} cancelled." if result.invitations else "",
            f"{counted(result.charges, 'enrolment')} still cost." if result.charges > 1 else "",
            "1 enrolment still costs." if result.charges == 1 else "",
        )
        if line
    )
