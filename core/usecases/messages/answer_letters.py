"""From stored answers to letters."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row, select

from core.context import Assurance, Context, Door, StaffActor
from core.letters import AnswerLetter, AnswerPart, Letter
from core.model import MailAnswer, Organisation, StaffMember
from core.results import revived_parts
from core.usecases.links.shared_links import SharedLinkChanged
from core.usecases.links.showing import shown
from core.usecases.links.states import links_now
from core.usecases.messages.letter_heads import letter_head


def answer_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(MailAnswer, StaffMember, Organisation)
        .join(StaffMember, StaffMember.id == MailAnswer.staff_id)
        .join(Organisation, Organisation.id == MailAnswer.organisation_id)
        .where(MailAnswer.id.in_([row.about_id for row in rows]), StaffMember.disabled_at.is_(None))
    )
    found = {each.MailAnswer.id: each for each in ctx.session.execute(query)}
    return [
        _letter(ctx, row, each.MailAnswer, each.StaffMember, each.Organisation)
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


def _letter(
    ctx: Context, row: Row[Any], answer: MailAnswer, staff: StaffMember, organisation: Organisation
) -> AnswerLetter:
    return AnswerLetter(
        head=letter_head(
            row, staff.name, organisation.name, organisation_address(ctx.settings.mail_inbox, organisation.slug)
        ),
        parts=tuple(_with_link(ctx, part) for part in revived_parts(answer.result)),
        subject=answer.subject,
        in_reply_to=answer.in_reply_to,
        references=tuple(answer.references.split()),
        time_zone=organisation.time_zone,
        asker=StaffActor(organisation.id, staff.id, Door.MAIL, Assurance.VERIFIED),
        silent_until=answer.silent_until,
    )


def organisation_address(inbox: str, slug: str) -> str:
    """As in usher+northfield@example.org; empty where no mail comes in."""
    local, at, domain = inbox.rpartition("@")
    return f"{local}+{slug}{at}{domain}" if at else ""


def _with_link(ctx: Context, part: AnswerPart) -> AnswerPart:
    """The link with its address, which no stored answer holds."""
    if not isinstance(part.result, SharedLinkChanged):
        return part
    links = shown(ctx, links_now(ctx, (part.result.link_id,)))
    return replace(part, result=replace(links[0], event=part.result.event)) if links else part
