"""Staff sign in by a mailed link, in the browser that asked."""

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from core.app import App
from core.context import Door, StaffActor
from core.errors import LinkNotFound, RoleMissing, SignInClosed, TermsChanged, TermsNotAccepted
from core.letters import SignInLetter
from core.model import Organisation, OutboundMessage, SignIn, StaffMember, StaffSession
from core.rules.links import LinkKind
from core.rules.policy import SESSION_LIFE, SIGN_IN_LIFE, SIGN_IN_PAUSE, SIGN_IN_TRIES, SIGN_INS_AN_HOUR, TERMS_VERSION
from core.usecases.catalogue.runs import ListChoosableRuns, list_choosable_runs
from core.usecases.messages.letters import LoadLetters, load_letters
from core.usecases.staff.accounts import AcceptTerms, ShowAccount, accept_terms, show_account
from core.usecases.staff.sign_in import (
    AskToSignIn,
    ShowSignIn,
    SignedIn,
    SignInByCode,
    SignInByLink,
    SignInCodeRefused,
    SignInShown,
    SignOut,
    WhoIsSignedIn,
    ask_to_sign_in,
    show_sign_in,
    sign_in_by_code,
    sign_in_by_link,
    sign_out,
    who_is_signed_in,
)
from core.usecases.staff.staff import InviteStaffMember, invite_staff_member
from core.words import MessageKind, Role
from tests.copies import school_anew
from tests.core.usecases.acting import at_once, change, clock_of, dump, everything, only
from tests.factories import LEARNER, OPERATOR, SYSTEM, School
from tests.slow import examples

OLIVE = "olive@north.example.org"


def ask(app: App, email: str = OLIVE, browser: str = "") -> str:
    return app.run(ask_to_sign_in, AskToSignIn(email, browser), SYSTEM).browser


def letters(app: App) -> list[SignInLetter]:
    """As the e-mails that wait would say them."""
    waiting = everything(app, OutboundMessage, OutboundMessage.kind == MessageKind.SIGN_IN)
    loaded = app.read(load_letters, LoadLetters(tuple(message.id for message in waiting)), SYSTEM)
    return [letter for letter in loaded.letters if isinstance(letter, SignInLetter)]


def mailed(app: App) -> str:
    (letter,) = letters(app)
    return letter.token


def show(app: App, token: str, browser: str = "") -> SignInShown:
    return app.read(show_sign_in, ShowSignIn(token, browser), LEARNER)


def press(app: App, token: str, browser: str) -> SignedIn:
    return app.run(sign_in_by_link, SignInByLink(token, browser), LEARNER)


def enter(app: App, code: str, browser: str) -> SignedIn | SignInCodeRefused:
    return app.run(sign_in_by_code, SignInByCode(browser, code), LEARNER)


def who(app: App, session: str) -> StaffActor | None:
    return app.read(who_is_signed_in, WhoIsSignedIn(session), LEARNER).staff


# --- Asking -----------------------------------------------------------------------------------------------


def test_who_asks_gets_a_mail_and_is_signed_in_by_the_button(school: School) -> None:
    browser = ask(school.app)
    shown = show(school.app, mailed(school.app), browser)

    session = press(school.app, mailed(school.app), browser).session

    assert (shown.organisation, shown.name, shown.is_open, shown.is_here, shown.code) == (
        *("Northfield College", "Olive Owner", True, True),
        "",
    )
    assert who(school.app, session) == StaffActor(school.organisation_id, school.owner.staff_id, Door.WEB)


@pytest.mark.parametrize("email", ["nobody@example.org", "no address", ""])
def test_an_unknown_address_gets_the_same_answer_and_no_mail(school: School, email: str) -> None:
    known = school.app.run(ask_to_sign_in, AskToSignIn(OLIVE, ""), SYSTEM)
    before = dump(school.app, "audit_entry")

    unknown = school.app.run(ask_to_sign_in, AskToSignIn(email, ""), SYSTEM)

    assert (len(unknown.browser), unknown.minutes) == (len(known.browser), known.minutes)
    assert unknown.browser != known.browser
    assert dump(school.app, "audit_entry") == before


def test_who_is_disabled_gets_no_mail_and_no_old_link_lets_them_in(school: School) -> None:
    browser = ask(school.app)
    token = mailed(school.app)
    change(school.app, StaffMember, school.owner.staff_id, disabled_at=school.app.clock())

    ask(school.app, browser=browser)

    assert letters(school.app) == []
    assert not show(school.app, token, browser).is_open
    with pytest.raises(SignInClosed):
        press(school.app, token, browser)


def test_a_flood_of_asks_mails_little_and_keeps_nobody_out(school: School) -> None:
    """Somebody else asks all the time, and types wrong codes."""
    theirs = [ask(school.app, browser=f"{number:043d}") for number in range(SIGN_INS_AN_HOUR + 2)]
    tokens, mine = [letter.token for letter in letters(school.app)], ask(school.app)
    for _ in range(SIGN_IN_TRIES):
        for browser in theirs:
            enter(school.app, "0", browser)
    newest = tokens[-1]
    here, elsewhere = show(school.app, newest, mine), show(school.app, newest, "x" * 43)
    with pytest.raises(LinkNotFound):
        press(school.app, newest, "x" * 43)
    session = press(school.app, newest, mine).session
    with pytest.raises(SignInClosed):
        press(school.app, newest, mine)

    assert len(tokens) == SIGN_INS_AN_HOUR
    assert (here.is_open, here.is_here, here.code, elsewhere.is_here) == (True, True, "", False)
    assert who(school.app, session) is not None


def test_in_a_flood_a_mail_goes_out_after_each_pause_and_its_link_outlives_the_next_one(school: School) -> None:
    for _ in range(SIGN_INS_AN_HOUR):
        ask(school.app)
    counts = []
    for _ in range(6):
        clock_of(school.app).now += SIGN_IN_PAUSE / 2
        ask(school.app)
        counts.append(len(everything(school.app, SignIn, SignIn.is_mailed)) - SIGN_INS_AN_HOUR)

    # The code of an ask that was not mailed is nobody's: guessing it is not even a try.
    unmailed = everything(school.app, SignIn, SignIn.is_mailed.is_(False))
    assert counts == [0, 1, 1, 2, 2, 3]
    assert SIGN_IN_PAUSE * 2 <= SIGN_IN_LIFE
    assert len(unmailed) == 3


def test_whoever_used_the_newest_link_gets_another_at_once(school: School) -> None:
    browsers = [ask(school.app) for _ in range(SIGN_INS_AN_HOUR)]
    for letter in letters(school.app):
        for browser in browsers:
            shown = show(school.app, letter.token, browser)
            if shown.is_open and shown.is_here:
                press(school.app, letter.token, browser)

    ask(school.app)

    assert len(letters(school.app)) == 1


def test_somebody_who_works_for_two_organisations_gets_a_link_for_each(school: School) -> None:
    command = InviteStaffMember("southgate", "Olive", "Owner", OLIVE, Role.VIEWER)
    school.app.run(invite_staff_member, command, OPERATOR)

    browser = ask(school.app)

    found = {letter.head.organisation: letter.token for letter in letters(school.app)}
    assert set(found) == {"Northfield College", "Southgate University"}
    actor = who(school.app, press(school.app, found["Southgate University"], browser).session)
    assert actor is not None
    assert actor.organisation_id == school.other_organisation_id


def test_nothing_secret_is_stored(school: School) -> None:
    browser = ask(school.app)
    token = mailed(school.app)
    code = show(school.app, token).code
    session = press(school.app, token, browser).session

    stored = str(dump(school.app))

    assert not any(secret in stored for secret in (browser, token, code, session))
    assert session not in repr(SignedIn(session, needs_terms=False))


# --- The link and its code --------------------------------------------------------------------------------


def test_another_browser_shows_a_code_and_is_not_signed_in(school: School) -> None:
    browser = ask(school.app)
    token = mailed(school.app)

    elsewhere = show(school.app, token, "x" * 43)
    with pytest.raises(LinkNotFound):
        press(school.app, token, "x" * 43)
    result = enter(school.app, elsewhere.code, browser)

    assert (elsewhere.is_here, len(elsewhere.code)) == (False, 8)
    assert isinstance(result, SignedIn)
    assert who(school.app, result.session) is not None


def test_a_code_fits_in_the_browser_that_asked_only(school: School) -> None:
    ask(school.app)
    code = show(school.app, mailed(school.app)).code

    assert enter(school.app, code, "x" * 43) == SignInCodeRefused(0)
    assert enter(school.app, code, "") == SignInCodeRefused(0)


def test_five_wrong_codes_end_the_right_one_and_the_link(school: School) -> None:
    browser = ask(school.app)
    token = mailed(school.app)
    code = show(school.app, token).code
    wrong = f"{(int(code) + 1) % 10**8:08d}"

    refused = [enter(school.app, wrong, browser) for _ in range(SIGN_IN_TRIES)]

    assert refused == [SignInCodeRefused(left) for left in (4, 3, 2, 1, 0)]
    assert enter(school.app, code, browser) == SignInCodeRefused(0)
    assert not show(school.app, token, browser).is_open
    with pytest.raises(SignInClosed):
        press(school.app, token, browser)


def test_of_many_guesses_at_once_each_counts(school: School) -> None:
    browser = ask(school.app)

    at_once(*([lambda: enter(school.app, "0", browser)] * 4))

    assert only(school.app, SignIn).code_tries == 4


def test_a_link_and_its_code_count_once_together(school: School) -> None:
    browser = ask(school.app)
    token = mailed(school.app)
    code = show(school.app, token).code

    results = at_once(
        lambda: press(school.app, token, browser),
        lambda: enter(school.app, code, browser),
        lambda: press(school.app, token, browser),
    )

    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert len(everything(school.app, StaffSession)) == 1


@pytest.mark.parametrize(("late", "is_open"), [(timedelta(microseconds=-1), True), (timedelta(0), False)])
def test_a_link_lives_for_ten_minutes(school: School, late: timedelta, is_open: bool) -> None:
    browser = ask(school.app)
    token = mailed(school.app)
    code = show(school.app, token).code
    clock_of(school.app).now += SIGN_IN_LIFE + late

    assert show(school.app, token, browser).is_open is is_open
    assert show(school.app, token).code == (code if is_open else "")
    assert isinstance(enter(school.app, code, browser), SignedIn) is is_open


# --- Sessions ---------------------------------------------------------------------------------------------


def _session(school: School) -> str:
    browser = ask(school.app)
    return press(school.app, mailed(school.app), browser).session


def test_a_session_ends_with_sign_out_and_only_that_one(school: School) -> None:
    first, second = _session(school), _session(school)

    for _ in range(2):
        school.app.run(sign_out, SignOut(first), LEARNER)

    assert who(school.app, first) is None
    assert who(school.app, second) is not None


def test_a_session_ends_by_itself(school: School) -> None:
    session = _session(school)
    clock_of(school.app).now += SESSION_LIFE - timedelta(microseconds=1)
    before = who(school.app, session)
    clock_of(school.app).now += timedelta(microseconds=1)

    assert before is not None
    assert who(school.app, session) is None


@pytest.mark.parametrize("values", [{"username": "another"}, {"disabled_at": SystemError}])
def test_another_username_or_being_disabled_signs_out_everywhere(school: School, values: dict[str, object]) -> None:
    sessions = [_session(school), _session(school)]
    given = {name: school.app.clock() if value is SystemError else value for name, value in values.items()}

    change(school.app, StaffMember, school.owner.staff_id, **given)

    assert [who(school.app, session) for session in sessions] == [None, None]


def test_an_invented_session_is_nobody(school: School) -> None:
    digest = only_digest(school)

    for invented in ("", "x" * 43, digest):
        assert who(school.app, invented) is None


def only_digest(school: School) -> str:
    _session(school)
    return only(school.app, StaffSession).digest


# --- Account and terms ------------------------------------------------------------------------------------


def without_terms(school: School) -> None:
    change(school.app, Organisation, school.organisation_id, terms_accepted_at=None, terms_version=None)


def test_where_the_terms_wait_an_owner_is_told_the_page_and_the_others_whom_to_ask(school: School) -> None:
    without_terms(school)

    def refused(actor: StaffActor) -> TermsNotAccepted:
        with pytest.raises(TermsNotAccepted) as caught:
            school.app.read(list_choosable_runs, ListChoosableRuns(), actor)
        return caught.value

    page = "https://usher.example.org/terms"
    assert refused(school.owner).hint == f"Read and accept them at {page}"
    assert refused(school.viewer).hint == f"An owner of your organisation accepts them at {page}"


def test_an_owner_accepts_the_terms_once_and_everything_works(school: School) -> None:
    without_terms(school)
    shown = school.app.read(show_account, ShowAccount(), school.owner)
    moment = school.app.clock()

    for _ in range(2):
        school.app.run(accept_terms, AcceptTerms(shown.terms_version), school.owner)
        clock_of(school.app).advance(days=1)

    after = school.app.read(show_account, ShowAccount(), school.owner)
    assert shown.must_accept
    assert (after.must_accept, after.accepted_version, after.accepted_at) == (False, TERMS_VERSION, moment)
    assert school.app.read(list_choosable_runs, ListChoosableRuns(), school.owner).total > 0


def test_only_an_owner_accepts_and_only_what_was_read(school: School) -> None:
    without_terms(school)

    with pytest.raises(RoleMissing):
        school.app.run(accept_terms, AcceptTerms(TERMS_VERSION), school.viewer)
    with pytest.raises(TermsChanged):
        school.app.run(accept_terms, AcceptTerms("2019-01"), school.owner)
    assert only(school.app, Organisation, Organisation.id == school.organisation_id).terms_accepted_at is None


# --- Whatever happens in whatever order -------------------------------------------------------------------


class Asked(Struct):
    token: str
    browser: str
    until: datetime
    id: int
    is_mailed: bool
    tries: int = 0
    is_used: bool = False

    def is_open(self, now: datetime) -> bool:
        return not self.is_used and now < self.until and self.tries < SIGN_IN_TRIES


class SigningIn(RuleBasedStateMachine):
    """A model beside it says who must be signed in."""

    @initialize()
    def open_school(self) -> None:
        self.school = school_anew()
        self.app = self.school.app
        self.clock = clock_of(self.app)
        self.browsers = {"mine": "m" * 43, "theirs": "t" * 43}
        self.asked: list[Asked] = []
        self.sessions: dict[str, datetime] = {}

    @rule(browser=st.sampled_from(["mine", "theirs"]))
    def ask(self, browser: str) -> None:
        before = {row.id for row in everything(self.app, SignIn)}
        ask(self.app, OLIVE, self.browsers[browser])
        for row in everything(self.app, SignIn):
            if row.id not in before:
                token = self.app.links.token(LinkKind.SIGN_IN, row.id)
                self.asked.append(Asked(token, browser, self.clock() + SIGN_IN_LIFE, row.id, row.is_mailed))

    def mailed(self) -> list[Asked]:
        return [each for each in self.asked if each.is_mailed]

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), browser=st.sampled_from(["mine", "theirs"]))
    def press(self, data: st.DataObject, browser: str) -> None:
        asked = data.draw(st.sampled_from(self.mailed()))
        own = [each for each in self.asked if each.browser == browser and each.is_open(self.clock())]
        if asked.browser == browser:
            may = asked.is_open(self.clock())
        else:
            may = bool(own) and not asked.is_used and self.clock() < asked.until
        try:
            session = press(self.app, asked.token, self.browsers[browser]).session
        except (LinkNotFound, SignInClosed):
            assert not may
        else:
            assert may
            self.note(asked, session)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), browser=st.sampled_from(["mine", "theirs"]), is_right=st.booleans())
    def enter(self, data: st.DataObject, browser: str, *, is_right: bool) -> None:
        asked = data.draw(st.sampled_from(self.mailed()))
        code = show(self.app, asked.token, "nobody").code if is_right else "no code"
        may = asked.is_open(self.clock()) and asked.browser == browser and is_right
        waiting = [each for each in self.mailed() if each.browser == browser and each.is_open(self.clock())]
        result = enter(self.app, code, self.browsers[browser])
        for each in waiting:
            each.tries += 1
        assert isinstance(result, SignedIn) is may
        if isinstance(result, SignedIn):
            self.note(asked, result.session)

    def note(self, asked: Asked, session: str) -> None:
        used = {row.id for row in everything(self.app, SignIn) if row.used_at is not None}
        newly = [each for each in self.asked if each.id in used and not each.is_used]
        # With a link that was mailed for another ask, that and one of the browser's own.
        assert asked in newly
        assert len(newly) <= 2
        for each in newly:
            each.is_used = True
        self.sessions[session] = self.clock() + SESSION_LIFE

    @rule(minutes=st.sampled_from([1, 9, 700]))
    def wait(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted(self.sessions)))
        self.app.run(sign_out, SignOut(session), LEARNER)
        del self.sessions[session]

    @invariant()
    def exactly_the_sessions_of_the_model_are_open(self) -> None:
        for session, until in self.sessions.items():
            assert (who(self.app, session) is not None) == (self.clock() < until)


SigningIn.TestCase.settings = settings(max_examples=examples(8), stateful_step_count=12, deadline=None)
TestSigningIn = SigningIn.TestCase
