"""Who a Slack user is: a workspace bound by a set-up code, a person confirmed by a mailed code.

    unknown workspace --set-up code--> bound to one organisation
    unknown user --"link": code mailed to the address the workspace asserts--> asked --right code--> confirmed
    confirmed --"unlink", deactivated, turned guest, disabled, app removed--> unknown user

The address that a workspace asserts proves nothing: its administrators can assert any. The mailed code does.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, or_, select, update

from core import access
from core.context import Context, SlackVisitor, StaffActor
from core.errors import CodeWrong, NotStaff, OrganisationNotFound, TooManyCodes, WorkspaceTaken
from core.model import Organisation, OutboundMessage, SlackUser, SlackWorkspace, StaffMember
from core.outbox import email_row, say
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.links import CodeKind
from core.rules.policy import LINK_CODE_LIFE, LINK_CODE_TRIES, LINK_CODES_AN_HOUR
from core.rules.text import folded
from core.words import MessageKind, Subject


class WhoIs(Struct, frozen=True):
    """Answers for the SlackVisitor who asks."""


class Recognised(Struct, frozen=True):
    """``staff`` is empty for somebody whom no code has confirmed."""

    staff: StaffActor | None
    workspace_is_bound: bool


class BindWorkspace(Struct, frozen=True):
    code: str


class WorkspaceBound(Struct, frozen=True):
    organisation: str


class AskForCode(Struct, frozen=True):
    pass


class CodeMailed(Struct, frozen=True):
    """Says the same whether the address is known or not: nobody learns who works here."""

    email: str
    minutes: int


class ConfirmCode(Struct, frozen=True):
    code: str


class StaffLinked(Struct, frozen=True):
    name: str
    organisation: str


class UnlinkAccount(Struct, frozen=True):
    """One's own."""


class AccountUnlinked(Struct, frozen=True):
    was_linked: bool


class NotePersonLeft(Struct, frozen=True):
    """Deactivated in Slack, or turned into a guest."""

    enterprise_id: str
    team_id: str
    user_id: str


class PersonLeftNoted(Struct, frozen=True):
    was_linked: bool


def who_is(ctx: Context, command: WhoIs) -> Recognised:
    visitor = access.require_visitor(ctx)
    staff = access.slack_staff(ctx, visitor)
    return Recognised(staff, staff is not None or access.workspace_of(ctx, visitor) is not None)


def bind_workspace(ctx: Context, command: BindWorkspace) -> WorkspaceBound:
    """``slug-ks4twz7mq2xpa5dh``. Raises CodeWrong; WorkspaceTaken when another organisation has it."""
    visitor = access.require_visitor(ctx)
    organisation = _organisation_of_code(ctx, command.code)
    bound = access.workspace_of(ctx, visitor)
    if bound is not None and bound.organisation_id != organisation.id:
        raise WorkspaceTaken
    if bound is None:
        access.enter_organisation(ctx, organisation.id)
        ctx.session.add(_workspace(ctx, visitor, organisation))
    organisation.setup_valid_until = None
    return WorkspaceBound(organisation.name)


def ask_for_code(ctx: Context, command: AskForCode) -> CodeMailed:
    """Mails a code to the asserted address if a staff member has it; the former code stops working."""
    visitor = access.require_visitor(ctx)
    workspace = _require_workspace(ctx, visitor)
    answer = CodeMailed(visitor.email, int(LINK_CODE_LIFE.total_seconds() // 60))
    staff = _staff_with_address(ctx, visitor.email)
    if staff is None:
        return answer
    user = _slack_user(ctx, workspace, visitor, staff)
    _require_few_codes(ctx, user)
    _renew_code(ctx, user, staff)
    _mail_code(ctx, user, staff)
    return answer


def confirm_code(ctx: Context, command: ConfirmCode) -> StaffLinked:
    """Raises CodeWrong. The try is counted by ``count_wrong_code``, which the door runs after a CodeWrong."""
    visitor = access.require_visitor(ctx)
    workspace = _require_workspace(ctx, visitor)
    user = _user_of(ctx, workspace, visitor)
    if user is None or not _is_code_open(ctx, user):
        raise CodeWrong(next_step="Write “link” to get a new one.")
    if not ctx.links.code_fits(CodeKind.SLACK_LINK, user.id, user.generation, command.code):
        raise CodeWrong(next_step="Look at the newest e-mail, or write “link” to get a new one.")
    staff = ctx.session.get_one(StaffMember, user.staff_id)
    if staff.disabled_at is not None:
        raise CodeWrong(next_step="Ask an owner of your organisation.")
    _confirm(ctx, user)
    ctx.about(Subject.STAFF, staff.id)
    # Whoever proves the address has also answered the invitation sent to it; the terms stay the owner's matter.
    staff.accepted_at = staff.accepted_at or ctx.now
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return StaffLinked(staff.name, organisation.name)


class CountWrongCode(Struct, frozen=True):
    """A person's. Set-up codes are too long to be guessed."""


class WrongCodeCounted(Struct, frozen=True):
    pass


def count_wrong_code(ctx: Context, command: CountWrongCode) -> WrongCodeCounted:
    """A refused code leaves nothing behind, so the try is counted in a transaction of its own; five end the code."""
    visitor = access.require_visitor(ctx)
    workspace = access.workspace_of(ctx, visitor)
    if workspace is not None:
        # In one statement: of many guesses at once each counts.
        ctx.session.execute(
            update(SlackUser)
            .where(SlackUser.workspace_id == workspace.id, SlackUser.user_id == visitor.user_id)
            .values(code_tries=SlackUser.code_tries + 1)
        )
    return WrongCodeCounted()


def unlink_account(ctx: Context, command: UnlinkAccount) -> AccountUnlinked:
    """Twice is as good as once. A code that still waits counts no more."""
    visitor = access.require_visitor(ctx)
    workspace = _require_workspace(ctx, visitor)
    return AccountUnlinked(_unlink(ctx, workspace, visitor.user_id))


def note_person_left(ctx: Context, command: NotePersonLeft) -> PersonLeftNoted:
    access.require_system(ctx)
    workspace = ctx.session.scalars(
        select(SlackWorkspace).where(
            SlackWorkspace.enterprise_id == command.enterprise_id,
            SlackWorkspace.team_id == command.team_id,
            SlackWorkspace.removed_at.is_(None),
        )
    ).one_or_none()
    return PersonLeftNoted(workspace is not None and _unlink(ctx, workspace, command.user_id))


# --- Parts ------------------------------------------------------------------------------------------------


def _organisation_of_code(ctx: Context, typed: str) -> Organisation:
    slug, _, code = folded(typed).rpartition("-")
    wrong = CodeWrong(next_step="Ask your operator for a new set-up code (usher org setup-code).")
    try:
        organisation = access.organisation_by_slug(ctx, slug)
    except OrganisationNotFound:
        raise wrong from None
    is_open = organisation.setup_valid_until is not None and organisation.setup_valid_until > ctx.now
    if not is_open or not ctx.links.setup_code_fits(organisation.id, organisation.setup_generation, code):
        raise wrong
    return organisation


def _workspace(ctx: Context, visitor: SlackVisitor, organisation: Organisation) -> SlackWorkspace:
    return SlackWorkspace(
        id=ctx.tokens.new_id(),
        organisation_id=organisation.id,
        enterprise_id=visitor.enterprise_id,
        team_id=visitor.team_id,
        bound_at=ctx.now,
        bound_by=visitor.user_id,
    )


def _require_workspace(ctx: Context, visitor: SlackVisitor) -> SlackWorkspace:
    workspace = access.workspace_of(ctx, visitor)
    if workspace is None:
        raise NotStaff
    return workspace


def _staff_with_address(ctx: Context, email: str) -> StaffMember | None:
    address = parse_address(email)
    if isinstance(address, InvalidAddress):
        return None
    return ctx.session.scalars(
        select(StaffMember).where(StaffMember.email_key == address.key, StaffMember.disabled_at.is_(None))
    ).one_or_none()


def _user_of(ctx: Context, workspace: SlackWorkspace, visitor: SlackVisitor) -> SlackUser | None:
    return ctx.session.scalars(
        select(SlackUser).where(SlackUser.workspace_id == workspace.id, SlackUser.user_id == visitor.user_id)
    ).one_or_none()


def _slack_user(ctx: Context, workspace: SlackWorkspace, visitor: SlackVisitor, staff: StaffMember) -> SlackUser:
    user = _user_of(ctx, workspace, visitor)
    if user is None:
        user = SlackUser(
            id=ctx.tokens.new_id(),
            organisation_id=workspace.organisation_id,
            workspace_id=workspace.id,
            user_id=visitor.user_id,
            staff_id=staff.id,
            generation=0,
            code_tries=0,
        )
        ctx.session.add(user)
    return user


def _unlink(ctx: Context, workspace: SlackWorkspace, user_id: str) -> bool:
    """True when the account was connected, or about to be."""
    unlinked = ctx.session.scalars(
        update(SlackUser)
        .where(SlackUser.workspace_id == workspace.id, SlackUser.user_id == user_id)
        .where(or_(SlackUser.confirmed_at.is_not(None), SlackUser.code_valid_until.is_not(None)))
        .values(confirmed_at=None, code_valid_until=None)
        .returning(SlackUser.id)
    ).all()
    return bool(unlinked)


def _is_code_open(ctx: Context, user: SlackUser) -> bool:
    valid_until: datetime | None = user.code_valid_until
    return valid_until is not None and valid_until > ctx.now and user.code_tries < LINK_CODE_TRIES


def _renew_code(ctx: Context, user: SlackUser, staff: StaffMember) -> None:
    """In one statement: of two asked for at once, each is another code, and the second ends the first."""
    ctx.session.flush()
    ctx.session.execute(
        update(SlackUser)
        .where(SlackUser.id == user.id)
        .values(
            staff_id=staff.id,
            generation=SlackUser.generation + 1,
            code_tries=0,
            code_valid_until=ctx.now + LINK_CODE_LIFE,
            confirmed_at=None,
        )
    )
    ctx.session.refresh(user)


def _confirm(ctx: Context, user: SlackUser) -> None:
    """The code that was looked at, or none: a newer one may be about somebody else."""
    confirmed = ctx.session.execute(
        update(SlackUser)
        .where(SlackUser.id == user.id, SlackUser.generation == user.generation, SlackUser.code_valid_until > ctx.now)
        .values(confirmed_at=ctx.now, code_valid_until=None)
        .returning(SlackUser.id)
    ).one_or_none()
    if confirmed is None:
        raise CodeWrong(next_step="Look at the newest e-mail, or write “link” to get a new one.")


def _require_few_codes(ctx: Context, user: SlackUser) -> None:
    latest = range(user.generation, max(user.generation - LINK_CODES_AN_HOUR, 0), -1)
    recent = ctx.session.scalar(
        select(func.count()).where(
            OutboundMessage.idempotency_key.in_([_code_key(user, generation) for generation in latest]),
            OutboundMessage.created_at > ctx.now - LINK_CODE_LIFE * 6,
        )
    )
    if (recent or 0) >= LINK_CODES_AN_HOUR:
        raise TooManyCodes(count=recent)


def _code_key(user: SlackUser, generation: int) -> str:
    """Each code is a generation of its own."""
    return f"slack_code:{user.id}:{generation}"


def _mail_code(ctx: Context, user: SlackUser, staff: StaffMember) -> None:
    row = email_row(
        ctx,
        MessageKind.SLACK_CODE,
        to=staff.email,
        to_key=staff.email_key,
        about_id=user.id,
        key=_code_key(user, user.generation),
        not_before=ctx.now,
    )
    ctx.session.flush()
    say(ctx, [row])


def linked_staff(ctx: Context, staff_ids: Sequence[int]) -> set[int]:
    """Those of them whom a message in Slack would reach. The caller has authorised."""
    query = (
        select(SlackUser.staff_id)
        .join(SlackWorkspace, SlackWorkspace.id == SlackUser.workspace_id)
        .where(SlackUser.staff_id.in_(staff_ids), SlackUser.confirmed_at.is_not(None))
        .where(SlackWorkspace.removed_at.is_(None))
    )
    return set(ctx.session.scalars(query))
