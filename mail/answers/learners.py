"""Learners: the list, one of them, and what was done about one. Nothing here is stored encrypted."""

from core.usecases.learners.cards import EnrolmentOf, HistoryEntry, InvitationOf, LearnerShown
from core.usecases.learners.erasing import ErasurePreviewed
from core.usecases.learners.export import DataPageShown
from core.usecases.learners.lists import LearnerCard, LearnersListed
from core.usecases.learners.removal import LearnerChangeUndone, LearnerRemoved
from core.wording.learners import (
    ACCOUNTS,
    DEEDS_UNDONE,
    account_words,
    erasure_lines,
    history_words,
    learner_head,
    learner_place,
    removal_lines,
)
from core.wording.results import WAYS_TO_JOIN
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some

_HERE = "Creating and changing one is in Slack: “/usher learners”. Or e-mail me a sheet with the row."


def tell_learners(listed: LearnersListed, teller: Teller) -> Answer:
    rows = tuple(_row(card, teller, is_never=listed.is_never) for card in listed.rows)
    first = next((card.username or card.email for card in listed.rows if card.username or card.email), "")
    codes = listed.is_never and listed.codes_url and listed.total
    return Answer(
        headline=learner_head(listed),
        lines=some(
            "Their access codes are not sent by e-mail. The page below asks you to sign in, and has them as an Excel "
            "workbook and as slips to print."
            if codes
            else ""
        ),
        lists=(Listing("", rows, page_line(listed.page, listed.page_count)),) if rows else (),
        steps=some(
            ""
            if rows or not listed.search
            else "Other words may find more: “learners” alone lists everybody whom you may see.",
            f"“learners {first}” shows one of them." if first else "",
            "" if listed.is_never else "“learners never” lists who never signed in.",
            _HERE,
        ),
        url=listed.codes_url if codes else "",
    )


def _row(card: LearnerCard, teller: Teller, *, is_never: bool) -> Row:
    title = " · ".join(some(card.name, card.username, card.email))
    created = f"Created {teller.moment(card.created_at)}" if is_never else ""
    return Row(title, some(learner_place(card), account_words(card.account), created))


def tell_learner(shown: LearnerShown, teller: Teller) -> Answer:
    card = shown.card
    return Answer(
        headline=f"{card.name}: {ACCOUNTS[card.account]}.",
        facts=tuple(
            (label, value)
            for label, value in (
                ("Username", card.username),
                ("E-mail", card.email),
                ("Also known by", ", ".join(shown.addresses)),
                ("Provider", learner_place(card)),
                ("Since", teller.moment(card.created_at)),
            )
            if value
        ),
        lists=tuple(
            listing
            for listing in (
                Listing(
                    "Runs",
                    tuple(_enrolment(each, teller) for each in shown.enrolments),
                    _more(shown.enrolment_count - len(shown.enrolments)),
                ),
                Listing(
                    "Invitations",
                    tuple(_invitation(each, teller) for each in shown.invitations),
                    _more(shown.invitation_count - len(shown.invitations)),
                ),
                Listing("What was done", tuple(_history(each, teller) for each in shown.history)),
            )
            if listing.rows
        ),
        steps=some(
            f"“learners remove {card.username or card.email}” removes them; I ask before I do it."
            if shown.may_manage and (card.username or card.email)
            else "",
            "Address, telephone, identifiers and date of birth are not sent by e-mail: “/usher learners” in Slack "
            "shows them.",
        ),
    )


def _more(number: int) -> str:
    return f"And {number:,} more." if number > 0 else ""


def _enrolment(each: EnrolmentOf, teller: Teller) -> Row:
    left = f"Left {teller.moment(each.left_at)}" if each.left_at else ""
    joined = f"Joined {teller.moment(each.enrolled_at)} {WAYS_TO_JOIN[each.joined_by]}"
    return Row(f"{each.title} ({each.run})", some(joined, left))


def _invitation(each: InvitationOf, teller: Teller) -> Row:
    state = "expired" if each.is_over else each.state.value
    return Row(f"{each.run} · {each.address}", (f"{state.capitalize()}, invited {teller.moment(each.created_at)}",))


def _history(entry: HistoryEntry, teller: Teller) -> Row:
    return Row(history_words(entry), (teller.moment(entry.at),))


def tell_removed(result: LearnerRemoved, teller: Teller) -> Answer:
    return Answer(
        headline=f"{result.card.name} is removed from your organisation.",
        lines=removal_lines(result),
        steps=(f"Reply “undo” until {teller.moment(result.undo_until)} to take it back.",),
    )


def tell_data_page(shown: DataPageShown, _teller: Teller) -> Answer:
    return Answer(
        headline=f"Everything that is kept about {shown.name} is on a page for you.",
        lines=("It asks you to sign in. The export is made there, and never sent by e-mail.",),
        url=shown.url,
    )


def tell_erasure(shown: ErasurePreviewed, _teller: Teller) -> Answer:
    goes, stays = erasure_lines(shown)
    return Answer(
        headline=f"Erasing {shown.name} cannot be taken back. Nothing is erased yet.",
        lists=(
            Listing("What goes", tuple(Row(line) for line in goes)),
            Listing("What stays", tuple(Row(line) for line in stays)),
        ),
        steps=("An e-mail cannot confirm this. The page below asks you to sign in, and for the learner's whole name.",),
        url=shown.url,
    )


def tell_undone(result: LearnerChangeUndone, teller: Teller) -> Answer:
    return Answer(headline=DEEDS_UNDONE[result.deed].format(name=result.name))
