"""Letters to staff: their invitation, codes and links to sign in, and what bears their address."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, or_, select

from core.context import Context
from core.letters import HeldMailLetter, Letter, SignInLetter, SlackCodeLetter, StaffInvitationLetter
from core.model import InboundMessage, Organisation, SignIn, SlackUser, StaffMember
from core.rules.links import CodeKind, LinkKind
from core.rules.policy import LINK_CODE_LIFE, SIGN_IN_LIFE
from core.usecases.mailbox.held_mail import HeldMailShown, held_mail_shown
from core.usecases.messages.letter_heads import letter_head
from core.usecases.staff.staff import invitation_ends, is_invitation_open
from core.words import MailState


def staff_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    # Who has accepted needs no invitation any more, except an owner whose organisation still waits for the terms.
    query = (
        select(StaffMember, Organisation.name, Organisation.time_zone)
        .join(Organisation, Organisation.id == StaffMember.organisation_id)
        .where(StaffMember.id.in_([row.about_id for row in rows]), StaffMember.disabled_at.is_(None))
        .where(or_(StaffMember.accepted_at.is_(None), Organisation.terms_accepted_at.is_(None)))
    )
    found = {each.StaffMember.id: each for each in ctx.session.execute(query)}
    return [
        StaffInvitationLetter(
            head=letter_head(row, each.StaffMember.name, each.name, ""),
            token=ctx.links.token(LinkKind.STAFF_INVITATION, each.StaffMember.id, each.StaffMember.generation),
            role=each.StaffMember.role,
            expires_at=invitation_ends(each.StaffMember),
            time_zone=each.time_zone,
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
        and is_invitation_open(each.StaffMember, ctx.now)
        # An older link's e-mail that still waits would carry the newer link, twice.
        and row.idempotency_key == f"staff_invitation:{each.StaffMember.id}:{each.StaffMember.generation}"
    ]


def code_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(SlackUser, StaffMember, Organisation.name)
        .join(StaffMember, StaffMember.id == SlackUser.staff_id)
        .join(Organisation, Organisation.id == SlackUser.organisation_id)
        .where(SlackUser.id.in_([row.about_id for row in rows]), SlackUser.code_valid_until > ctx.now)
    )
    found = {each.SlackUser.id: each for each in ctx.session.execute(query)}
    return [
        SlackCodeLetter(
            head=letter_head(row, each.StaffMember.name, each.name, ""),
            code=ctx.links.code(CodeKind.SLACK_LINK, each.SlackUser.id, each.SlackUser.generation),
            minutes=int(LINK_CODE_LIFE.total_seconds() // 60),
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
        # An older code's e-mail that still waits would only confuse.
        and row.idempotency_key == f"slack_code:{each.SlackUser.id}:{each.SlackUser.generation}"
    ]


def sign_in_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    query = (
        select(SignIn, StaffMember, Organisation.name)
        .join(StaffMember, StaffMember.id == SignIn.staff_id)
        .join(Organisation, Organisation.id == SignIn.organisation_id)
        .where(SignIn.id.in_([row.about_id for row in rows]), SignIn.expires_at > ctx.now)
        .where(SignIn.used_at.is_(None), StaffMember.disabled_at.is_(None))
    )
    found = {each.SignIn.id: each for each in ctx.session.execute(query)}
    return [
        SignInLetter(
            head=letter_head(row, each.StaffMember.name, each.name, ""),
            token=ctx.links.token(LinkKind.SIGN_IN, each.SignIn.id),
            minutes=int(SIGN_IN_LIFE.total_seconds() // 60),
        )
        for row in rows
        if (each := found.get(row.about_id)) is not None
    ]


def held_mail_letters(ctx: Context, rows: Sequence[Row[Any]]) -> list[Letter]:
    """A handful a day at most. What was answered meanwhile in Slack is not asked any more."""
    query = (
        select(InboundMessage.id, StaffMember)
        .join(StaffMember, StaffMember.id == InboundMessage.staff_id)
        .where(InboundMessage.id.in_([row.about_id for row in rows]), InboundMessage.state == MailState.HELD)
        .where(InboundMessage.raw.is_not(None), StaffMember.disabled_at.is_(None))
    )
    found = {each.id: each.StaffMember for each in ctx.session.execute(query)}
    return [
        _held_mail_letter(row, found[row.about_id], held_mail_shown(ctx, row.about_id))
        for row in rows
        if row.about_id in found
    ]


def _held_mail_letter(row: Row[Any], staff: StaffMember, shown: HeldMailShown) -> HeldMailLetter:
    return HeldMailLetter(
        head=letter_head(row, staff.name, shown.organisation, ""),
        token=shown.token,
        received_at=shown.received_at,
        size=shown.size,
        server=shown.server,
        subject=shown.subject,
        waiting=shown.waiting,
        erased_at=shown.erased_at,
        time_zone=shown.time_zone,
    )
