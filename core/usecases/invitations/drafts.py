"""What a preview is made of, checked, and kept in its draft until it is confirmed."""

from collections.abc import Sequence

import msgspec

from core.context import Context
from core.errors import NoAddresses, NoteHasLink, NoteTooLong, NotYourPreview, PreviewExpired, TooManyAddresses
from core.model import Draft, StaffMember
from core.outbox import AT_ONCE, question_key, touch
from core.rules.addresses import Address, AddressList, parse_addresses
from core.rules.policy import CONFIRMATION_ADDRESSES, NOTE_CHARACTERS
from core.rules.text import clean_note, first_link


def checked_note(note: str) -> str:
    clean = clean_note(note)
    if len(clean) > NOTE_CHARACTERS:
        raise NoteTooLong(length=len(clean), limit=NOTE_CHARACTERS, excess=len(clean) - NOTE_CHARACTERS)
    link = first_link(clean)
    if link is not None:
        raise NoteHasLink(link=link[:60])
    return clean


def checked_addresses(text: str) -> AddressList:
    # Before they are read one by one: this is in a transaction, for which others wait.
    if text.count("@") > 2 * CONFIRMATION_ADDRESSES:
        raise TooManyAddresses(count=f"{text.count('@'):,}", limit=f"{CONFIRMATION_ADDRESSES:,}")
    listed = parse_addresses(text)
    if not listed.accepted and not listed.invalid:
        raise NoAddresses
    if len(listed.accepted) > CONFIRMATION_ADDRESSES:
        raise TooManyAddresses(count=f"{len(listed.accepted):,}", limit=f"{CONFIRMATION_ADDRESSES:,}")
    return listed


def packed(addresses: Sequence[Address]) -> str:
    return msgspec.json.encode([(each.address, each.key, each.name) for each in addresses]).decode()


def unpacked(stored: str) -> list[Address]:
    return [Address(*row) for row in msgspec.json.decode(stored, type=list[tuple[str, str, str]])]


def own_draft(ctx: Context, staff: StaffMember, draft_id: int) -> Draft:
    """Raises PreviewExpired or NotYourPreview."""
    draft = ctx.session.get(Draft, draft_id)
    if draft is None:
        raise PreviewExpired
    if draft.staff_id != staff.id:
        raise NotYourPreview
    return draft


def require_fresh(ctx: Context, draft: Draft) -> None:
    """Raises PreviewExpired."""
    if draft.ends_at <= ctx.now:
        raise PreviewExpired


def tell_question(ctx: Context, draft: Draft) -> None:
    """It is answered: where Slack shows it as a question, that is drawn anew."""
    if draft.answer_id is not None:
        touch(ctx, [question_key(draft.answer_id)], after=AT_ONCE)
