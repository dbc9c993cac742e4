"""The invitations of a run, listed: states, search, pages (LM, Managing existing invitations and links)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import Row, Select, func, select

from core import access
from core.access import Permission
from core.cards import RunCard, run_card
from core.context import Context
from core.model import CourseRun, Invitation, InvitationBatch, Organisation, OutboundMessage
from core.pages import Page, page_within
from core.rules.addresses import guess_typo
from core.rules.policy import NAME_CHARACTERS, PAGE_ROWS
from core.rules.text import clean_name, folded
from core.usecases.invitations.reminders import goes_out_at
from core.words import InvitationState, MessageState


class ListedState(StrEnum):
    """What people look for. Expired and bounced are derived; each invitation is in exactly one."""

    PENDING = "pending"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class ListInvitations(Struct, frozen=True):
    """``state`` None lists all. Pages count from 1, newest first."""

    run: str
    state: ListedState | None = None
    search: str = ""
    page: int = 1


class InvitationRow(Struct, frozen=True):
    invitation_id: int
    address: str
    name: str
    state: ListedState
    created_at: datetime
    answered_at: datetime | None
    expires_at: datetime
    problem: str
    batch_number: int
    guess: str
    """The address that was probably meant, where this one was not delivered; else empty."""
    reminder_count: int = 0
    next_reminder_at: datetime | None = None
    """After quiet hours; another e-mail may put it off still. Empty where none will come."""


class InvitationsListed(Struct, frozen=True):
    run: RunCard
    state: ListedState | None
    search: str
    counts: tuple[tuple[ListedState, int], ...]
    """Of the whole run, whatever is searched for."""
    rows: tuple[InvitationRow, ...]
    page: int
    page_count: int
    total: int


def list_invitations(ctx: Context, command: ListInvitations) -> InvitationsListed:
    """Six queries, however many invitations."""
    staff = access.require_staff(ctx, Permission.VIEW)
    run = access.invited_run_by_code(ctx, staff.organisation_id, command.run)
    access.require_provider(ctx, staff, run)
    found = invitation_page(ctx, run, command)
    return InvitationsListed(
        run=run_card(run),
        state=command.state,
        search=command.search,
        counts=invitation_counts(ctx, run),
        rows=found.rows,
        page=found.page,
        page_count=found.page_count,
        total=found.total,
    )


def invitation_page(ctx: Context, run: CourseRun, command: ListInvitations) -> Page[InvitationRow]:
    """The caller has authorised."""
    shown = matching(ctx, run, command)
    total = ctx.session.scalar(select(func.count()).select_from(shown.subquery())) or 0
    page, page_count = page_within(command.page, total)
    rows = ctx.session.execute(
        shown.order_by(Invitation.created_at.desc(), Invitation.address_key)
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    ).all()
    return Page(tuple(_rows(ctx, run, rows)), page, page_count, total)


def _listed_state(state: InvitationState, delivery: MessageState, *, is_over: bool) -> ListedState:
    if state is not InvitationState.PENDING:
        return ListedState(state.value)
    if is_over:
        return ListedState.EXPIRED
    return ListedState.BOUNCED if delivery in _NOT_DELIVERED else ListedState.PENDING


_NOT_DELIVERED = (MessageState.BOUNCED, MessageState.DROPPED)


def invitation_counts(ctx: Context, run: CourseRun) -> tuple[tuple[ListedState, int], ...]:
    has_expired = Invitation.expires_at <= ctx.now
    rows = ctx.session.execute(
        select(
            Invitation.state,
            OutboundMessage.state.label("delivery"),
            has_expired.label("over"),
            func.count().label("n"),
        )
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .where(Invitation.run_id == run.id, Invitation.replaced_at.is_(None))
        .group_by(Invitation.state, OutboundMessage.state, has_expired)
    )
    totals = dict.fromkeys(ListedState, 0)
    for row in rows:
        is_over = bool(row.over) or run.is_closed(ctx.now)
        totals[_listed_state(row.state, row.delivery, is_over=is_over)] += row.n
    return tuple(totals.items())


def matching(ctx: Context, run: CourseRun, command: ListInvitations) -> Select[Invitation, MessageState, str, int]:
    """Invitation, delivery, problem and batch number of all that fit, whatever the page."""
    query = (
        select(Invitation, OutboundMessage.state, OutboundMessage.problem, InvitationBatch.number)
        .join(OutboundMessage, OutboundMessage.id == Invitation.message_id)
        .join(InvitationBatch, InvitationBatch.id == Invitation.batch_id)
        .where(Invitation.run_id == run.id, Invitation.replaced_at.is_(None))
    )
    if command.search:
        wanted = folded(command.search)
        # As typed besides: SQLite lowers no accented letter, and the key of a gmail.com address has lost its dots.
        query = query.where(
            Invitation.address_key.contains(wanted, autoescape=True)
            | func.lower(Invitation.address).contains(wanted, autoescape=True)
            | func.lower(Invitation.name).contains(wanted, autoescape=True)
            | Invitation.name.contains(clean_name(command.search, NAME_CHARACTERS), autoescape=True)
        )
    return query if command.state is None else _of_state(ctx, run, query, command.state)


def _of_state(
    ctx: Context, run: CourseRun, query: Select[Invitation, MessageState, str, int], state: ListedState
) -> Select[Invitation, MessageState, str, int]:
    if state.value in list(InvitationState) and state is not ListedState.PENDING:
        return query.where(Invitation.state == InvitationState(state.value))
    query = query.where(Invitation.state == InvitationState.PENDING)
    if run.is_closed(ctx.now):
        return query if state is ListedState.EXPIRED else query.where(Invitation.id == 0)
    if state is ListedState.EXPIRED:
        return query.where(Invitation.expires_at <= ctx.now)
    undelivered = OutboundMessage.state.in_(_NOT_DELIVERED)
    return query.where(Invitation.expires_at > ctx.now, undelivered if state is ListedState.BOUNCED else ~undelivered)


def _rows(
    ctx: Context, run: CourseRun, found: Sequence[Row[Invitation, MessageState, str, int]]
) -> Iterator[InvitationRow]:
    """All of the organisation that asks; it is loaded once."""
    if found:
        organisation = ctx.session.get_one(Organisation, found[0][0].organisation_id)
        yield from (_row(ctx, run, organisation, *row) for row in found)


def _row(
    ctx: Context,
    run: CourseRun,
    organisation: Organisation,
    invitation: Invitation,
    delivery: MessageState,
    problem: str,
    batch_number: int,
) -> InvitationRow:
    is_over = invitation.expires_at <= ctx.now or run.is_closed(ctx.now)
    state = _listed_state(invitation.state, delivery, is_over=is_over)
    return InvitationRow(
        invitation_id=invitation.id,
        address=invitation.address,
        name=invitation.name,
        state=state,
        created_at=invitation.created_at,
        answered_at=invitation.answered_at,
        expires_at=invitation.expires_at,
        problem=problem,
        batch_number=batch_number,
        guess=(guess_typo(invitation.address) or "") if state is ListedState.BOUNCED else "",
        reminder_count=invitation.reminder_count,
        next_reminder_at=_next_reminder_at(ctx, organisation, invitation, delivery, is_over=is_over),
    )


def _next_reminder_at(
    ctx: Context, organisation: Organisation, invitation: Invitation, delivery: MessageState, *, is_over: bool
) -> datetime | None:
    at = invitation.next_reminder_at
    if at is None or is_over or invitation.state is not InvitationState.PENDING or delivery in _NOT_DELIVERED:
        return None
    return goes_out_at(ctx, organisation, at)
