"""Staff sign in to the few web pages by a link mailed to the address on record, bound to the browser that asked.

    asked (link mailed) --the link, in the browser that asked--> signed in
      +-- the link, in another browser: it shows a code --the code, in the browser that asked--> signed in
      +-- too many ask: the ask is noted and not mailed --a link mailed to the same person, here--> signed in

1. Whoever asks gets the same answer, whether the address is known or not.
2. A link and its code count once, together; after ten minutes or five wrong codes they count no more.
3. The link alone signs nobody in: a mail that was read by somebody else opens no session.
4. Nobody can lock somebody else out by asking: every ask is either mailed, or opened by a link that was mailed within
   the last five minutes to the same person. Its code works in its own browser only.
5. We keep digests: of the browser's secret, and of the session's.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import delete, func, or_, select, update

from core import access
from core.confidential import Confidential
from core.context import Context, StaffActor
from core.errors import LinkNotFound, SignInClosed
from core.model import Organisation, SignIn, StaffMember, StaffSession
from core.outbox import email_row, say
from core.rules.addresses import InvalidAddress, parse_address
from core.rules.links import CodeKind
from core.rules.policy import SESSION_LIFE, SIGN_IN_LIFE, SIGN_IN_PAUSE, SIGN_IN_TRIES, SIGN_INS_AN_HOUR
from core.words import MessageKind, Role

_HOUR = timedelta(hours=1)
_SECRET_CHARACTERS = 43
MINUTES = int(SIGN_IN_LIFE.total_seconds() // 60)


class AskToSignIn(Confidential, frozen=True):
    """``browser``: the secret that this browser got the last time it asked, or empty."""

    email: str
    browser: str


class SignInAsked(Confidential, frozen=True):
    """Says the same for every address."""

    browser: str
    minutes: int


class ShowSignIn(Confidential, frozen=True):
    token: str
    browser: str


class SignInShown(Confidential, frozen=True):
    organisation: str
    name: str
    is_open: bool
    is_here: bool
    """This is the browser that asked."""
    code: str
    """For the browser that asked, shown in the other one; else empty."""
    minutes: int


class SignInByLink(Confidential, frozen=True):
    token: str
    browser: str


class SignInByCode(Confidential, frozen=True):
    browser: str
    code: str


class SignedIn(Confidential, frozen=True):
    """``session`` is for the browser's cookie; nobody else ever sees it."""

    session: str
    needs_terms: bool


class SignInCodeRefused(Struct, frozen=True):
    """A result, not an error: that the try counts must be stored."""

    tries_left: int


class WhoIsSignedIn(Confidential, frozen=True):
    session: str


class SignedInAs(Struct, frozen=True):
    staff: StaffActor | None


class SignOut(Confidential, frozen=True):
    session: str


class SignedOut(Struct, frozen=True):
    pass


def ask_to_sign_in(ctx: Context, command: AskToSignIn) -> SignInAsked:
    """Run by the door itself, for nobody is known yet. Somebody who works for several organisations gets several."""
    access.require_system(ctx)
    is_known = len(command.browser) == _SECRET_CHARACTERS
    browser = command.browser if is_known else ctx.tokens.secret()
    staff = _with_address(ctx, command.email)
    sign_ins = [_sign_in(ctx, each, browser) for each in staff]
    ctx.session.add_all(sign_ins)
    ctx.session.flush()
    both = zip(staff, sign_ins, strict=True)
    say(ctx, [_message(ctx, each, sign_in) for each, sign_in in both if sign_in.is_mailed])
    return SignInAsked(browser, MINUTES)


def show_sign_in(ctx: Context, command: ShowSignIn) -> SignInShown:
    sign_in = access.sign_in_by_link(ctx, command.token)
    staff = ctx.session.get_one(StaffMember, sign_in.staff_id)
    own = _own_ask(ctx, sign_in, command.browser)
    is_here = own is not None
    is_open = _is_open(ctx, sign_in, own or sign_in) and staff.disabled_at is None
    return SignInShown(
        organisation=ctx.session.get_one(Organisation, sign_in.organisation_id).name,
        name=staff.name,
        is_open=is_open,
        is_here=is_here,
        code=ctx.links.code(CodeKind.SIGN_IN, sign_in.id, 0) if is_open and not is_here else "",
        minutes=MINUTES,
    )


def sign_in_by_link(ctx: Context, command: SignInByLink) -> SignedIn:
    """Raises LinkNotFound in a browser that did not ask, SignInClosed for a link that counts no more."""
    sign_in = access.sign_in_by_link(ctx, command.token)
    own = _own_ask(ctx, sign_in, command.browser)
    if own is None:
        raise LinkNotFound
    # Somebody else's wrong codes do not close the link here; one that was used is.
    if own.id != sign_in.id and not _use(ctx, sign_in.id, tries=SIGN_IN_TRIES):
        raise SignInClosed
    return _signed_in(ctx, own.id, sign_in.staff_id, tries=SIGN_IN_TRIES - 1)


def sign_in_by_code(ctx: Context, command: SignInByCode) -> SignedIn | SignInCodeRefused:
    access.require_link_holder(ctx)
    tried = access.try_sign_ins(ctx, digest_of(command.browser))
    fitting = next((row for row in tried if ctx.links.code_fits(CodeKind.SIGN_IN, row.id, 0, command.code)), None)
    if fitting is None:
        return SignInCodeRefused(max((SIGN_IN_TRIES - row.code_tries for row in tried), default=0))
    access.enter_organisation(ctx, fitting.organisation_id)
    # The try that fits was counted as well.
    return _signed_in(ctx, fitting.id, fitting.staff_id, tries=SIGN_IN_TRIES)


def who_is_signed_in(ctx: Context, command: WhoIsSignedIn) -> SignedInAs:
    access.require_link_holder(ctx)
    return SignedInAs(access.session_staff(ctx, digest_of(command.session)))


def sign_out(ctx: Context, command: SignOut) -> SignedOut:
    """Twice is as good as once."""
    access.require_link_holder(ctx)
    staff = access.session_staff(ctx, digest_of(command.session))
    if staff is not None:
        access.enter_organisation(ctx, staff.organisation_id)
        ctx.session.execute(delete(StaffSession).where(StaffSession.digest == digest_of(command.session)))
    return SignedOut()


def digest_of(secret: str) -> str:
    """256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


# --- Parts ------------------------------------------------------------------------------------------------


def _with_address(ctx: Context, typed: str) -> Sequence[StaffMember]:
    address = parse_address(typed)
    key = "" if isinstance(address, InvalidAddress) else address.key
    query = select(StaffMember).where(StaffMember.email_key == key, StaffMember.disabled_at.is_(None))
    return ctx.session.scalars(query.order_by(StaffMember.id)).all()


def _is_worth_mailing(ctx: Context, staff: StaffMember) -> bool:
    """More mails would only fill the mailbox, whoever asks for them; a link that waits there is needed in any case."""
    mailed = select(func.count()).where(SignIn.staff_id == staff.id, SignIn.is_mailed)
    recent = ctx.session.scalar(mailed.where(SignIn.created_at > ctx.now - _HOUR)) or 0
    if recent < SIGN_INS_AN_HOUR:
        return True
    waiting = mailed.where(SignIn.created_at > ctx.now - SIGN_IN_PAUSE, SignIn.used_at.is_(None))
    return not ctx.session.scalar(waiting)


def _own_ask(ctx: Context, sign_in: SignIn, browser: str) -> SignIn | None:
    """By which this browser may use the link: the ask that it was mailed for, else one for the same person."""
    digest = digest_of(browser)
    if sign_in.browser_digest == digest:
        return sign_in
    asked = select(SignIn).where(SignIn.staff_id == sign_in.staff_id, SignIn.browser_digest == digest)
    is_over = or_(SignIn.used_at.is_not(None), SignIn.code_tries >= SIGN_IN_TRIES)
    return ctx.session.scalars(asked.order_by(is_over, SignIn.created_at.desc()).limit(1)).one_or_none()


def _sign_in(ctx: Context, staff: StaffMember, browser: str) -> SignIn:
    return SignIn(
        id=ctx.tokens.new_id(),
        organisation_id=staff.organisation_id,
        staff_id=staff.id,
        browser_digest=digest_of(browser),
        code_tries=0,
        is_mailed=_is_worth_mailing(ctx, staff),
        created_at=ctx.now,
        expires_at=ctx.now + SIGN_IN_LIFE,
    )


def _message(ctx: Context, staff: StaffMember, sign_in: SignIn) -> dict[str, object]:
    row = email_row(
        ctx,
        MessageKind.SIGN_IN,
        to=staff.email,
        to_key=staff.email_key,
        about_id=sign_in.id,
        key=f"sign_in:{sign_in.id}",
        not_before=ctx.now,
    )
    return {**row, "organisation_id": staff.organisation_id}


def _is_open(ctx: Context, sign_in: SignIn, own: SignIn) -> bool:
    lasts = all(each.used_at is None and each.expires_at > ctx.now for each in (sign_in, own))
    return lasts and own.code_tries < SIGN_IN_TRIES


def _use(ctx: Context, sign_in_id: int, *, tries: int) -> bool:
    """``tries``: the most that may have been made. One statement: of two presses at once one counts."""
    used = ctx.session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.used_at.is_(None), SignIn.expires_at > ctx.now)
        .where(SignIn.code_tries <= tries)
        .values(used_at=ctx.now)
        .returning(SignIn.id)
    )
    return used.one_or_none() is not None


def _signed_in(ctx: Context, sign_in_id: int, staff_id: int, *, tries: int) -> SignedIn:
    """Raises SignInClosed."""
    is_used = _use(ctx, sign_in_id, tries=tries)
    staff = ctx.session.get_one(StaffMember, staff_id)
    if not is_used or staff.disabled_at is not None:
        raise SignInClosed
    # Whoever proves the address has also answered the invitation sent to it; the terms stay the owner's matter.
    staff.accepted_at = staff.accepted_at or ctx.now
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    needs_terms = staff.role is Role.OWNER and organisation.terms_accepted_at is None
    return SignedIn(_new_session(ctx, staff), needs_terms)


def _new_session(ctx: Context, staff: StaffMember) -> str:
    secret = ctx.tokens.secret()
    ctx.session.add(
        StaffSession(
            id=ctx.tokens.new_id(),
            organisation_id=staff.organisation_id,
            staff_id=staff.id,
            digest=digest_of(secret),
            username=staff.username,
            created_at=ctx.now,
            expires_at=ctx.now + SESSION_LIFE,
        )
    )
    return secret
