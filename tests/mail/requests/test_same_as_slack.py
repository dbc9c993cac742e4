"""The same words give the same result object in Slack and by e-mail, each on a copy of the same school."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from core.requests import VERBS, Asker, Mode, Request, mode_of, read_request, usecase_of
from core.results import ReplyAwaited, storable
from core.usecases.imports.mails import OrderTold
from core.usecases.imports.orders import ShowOrder, show_order
from core.usecases.invitations.batches import InvitationPreviewed, InviteLearners, invite_learners
from core.usecases.invitations.changes import (
    CancelInvitations,
    Chosen,
    ResendInvitations,
    cancel_invitations,
    resend_invitations,
)
from core.usecases.invitations.lists import ListedState
from core.usecases.learners.removal import RemovalPreviewed, RemoveLearner, remove_learner
from core.usecases.mailbox.invitations import InvitedAtOnce
from core.usecases.progress.nudges import NudgeLearner, NudgePreviewed, nudge_learner
from tests.copies import Copies
from tests.core.usecases.importing import broken, checked, imported_at_once
from tests.core.usecases.managing import save
from tests.core.usecases.progressing import enrol
from tests.factories import FixedClock, School
from tests.mail.asking import Writer, by_mail

MATHS = "maths-2026-03"
_FIRST = f"invite {MATHS} ada@example.org bo@example.org"
SAID: dict[str, tuple[tuple[str, ...], ...]] = {
    "invite": (
        (),
        (f"invite {MATHS} ada@example.org cy@example.org not-one",),
        (f"invite {MATHS} di@example.org at Mon 09:00",),
        (f"invite {MATHS} import I-0001",),
    ),
    "invites": ((f"invites {MATHS}",), (f"invites {MATHS} pending ada",), ("invites",), ("invites bounced",)),
    "resend": ((f"resend {MATHS} ada@example.org",), (f"resend {MATHS} all",)),
    "cancel": ((f"cancel {MATHS} ada@example.org",), (f"cancel {MATHS} all",)),
    "reinvite": ((f"cancel {MATHS} ada@example.org", f"reinvite {MATHS} ada@example.org"),),
    "correct": ((f"correct {MATHS} ada@example.org eda@example.org",),),
    "batch": (("batch 1",),),
    "undo": (("undo B-0001",), ("good-rows I-0001", "undo I-0001")),
    "scheduled": (("scheduled",), (f"invite {MATHS} di@example.org at Mon 09:00", "scheduled")),
    "reminders": ((f"reminders {MATHS}",), (f"reminders {MATHS} 5,close-2",), (f"reminders {MATHS} off",)),
    "quiet": (("quiet",), ("quiet 20:00-07:00",), ("quiet off",)),
    "import-policy": (("import-policy",), ("import-policy good rows",)),
    "ethnicity": (
        ("ethnicity",),
        ("ethnicity on Equality monitoring",),
        ("ethnicity on Equality monitoring", "ethnicity off"),
        ("ethnicity erase",),
        ("ethnicity erase 0",),
    ),
    "rules": (("rules",), ("quiet off", "ethnicity on Equality monitoring", "rules")),
    "courses": (("courses",), ("courses maths",)),
    "run": ((f"run {MATHS}",), (f"run {MATHS} pending ada",)),
    "imports": (("imports",), ("imports held",), ("imports undone 2",)),
    "import": (("import I-0001",), ("import I-0001 problems",), ("import",)),
    "good-rows": (("good-rows I-0001",),),
    "template": (("template",), ("template courses",)),
    "progress": ((f"progress {MATHS}",), (f"progress {MATHS} stalled",), ("progress",), ("progress ada young",)),
    "at-risk": (
        (f"at-risk {MATHS}",),
        (f"at-risk {MATHS} silent 14, behind off",),
        (f"at-risk {MATHS} off", f"at-risk {MATHS} set-aside"),
    ),
    "nudge": ((f"nudge {MATHS} cy@example.org Shall we talk?",), (f"nudge {MATHS} Bo Young Shall we talk?",)),
    "snooze": ((f"snooze {MATHS} cy@example.org until 20 March",), (f"snooze {MATHS} Bo Young 2 weeks",)),
    "spoken": ((f"spoken {MATHS} cy@example.org",), (f"spoken {MATHS} Bo You",)),
    "links": ((f"links {MATHS}",), ("links",), (f"links {MATHS}", "links find maths")),
    "export": ((f"export {MATHS}",), ("export all xlsx",)),
    "history": (
        (f"history {MATHS}",),
        ("history ada@example.org",),
        ("history B-0001",),
        ("history I-0001",),
        ("history export B-0001",),
    ),
    "costs": (("costs",), ("costs last month",), ("costs export",)),
    "digest": (("digest",), ("digest now",), ("digest Fri 16:00 slack monthly",), ("digest off",)),
    "budget": (("budget",), ("budget southgate 5000",), ("budget southgate poetry off",)),
    "learners": (
        ("learners",),
        ("learners ada.young",),
        ("learners never young",),
        ("learners remove ada.young",),
        ("learners export ada.young",),
    ),
    "staff": (
        ("staff",),
        ("staff max",),
        ("staff max@northfield.example.org",),
        ("staff invite eve@example.org owner Eve Example",),
    ),
}  # fmt: skip
"""What is said, verb by verb, after ada and bo were invited; the last of each is compared."""
_ABOUT_IMPORTS = ("imports", "import")


def test_every_verb_of_both_doors_is_compared() -> None:
    both = {verb.name for verb in VERBS.values() if verb.asker is Asker.STAFF}

    assert set(SAID) == both


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        # One of each verb every day.
        pytest.param(
            verb, said, id=" then ".join(said) or _FIRST, marks=() if said is all_said[-1] else pytest.mark.slow
        )
        for verb, all_said in SAID.items()
        for said in all_said
    ],
)
def test_the_same_words_give_the_same_result_in_slack_and_by_mail(
    copies: Copies[School], verb: str, said: tuple[str, ...]
) -> None:
    by_door = []
    for is_mail in (False, True):
        copies.renew()
        school = replace(copies.filling, app=copies.app(clock=FixedClock(), mail_inbox="usher@usher.example.org"))
        if any(re.search("export|cy@example.org|Bo You", each) for each in said) and verb != "invite":
            enrol(school, "cy@example.org")
        if any("import I-0001" in each for each in said) and verb == "invite":
            imported_at_once(school, checked(2, "Eve", "eve@example.org"), checked(3, "Fay"))
        elif verb in _ABOUT_IMPORTS or any("I-0001" in each for each in said):
            imported_at_once(school, checked(2, "Ada"), broken(3, "Bo"))
        save(school.app, school.owner, "Ada")
        tell = ByMail(school).tell if is_mail else InSlack(school).tell
        by_door.append([tell(words) for words in (_FIRST, *said)][-1])

    in_slack, by_mail = by_door
    # An answer by e-mail names an import, and is told from its rows when it is sent.
    assert type(by_mail) is type(storable(in_slack))
    assert _comparable(by_mail) == _comparable(storable(in_slack))
    assert (said or (_FIRST,))[-1].split()[0] == verb


def _comparable(result: object) -> str:
    """Ids differ, for a mail that came in has one too; and no address of a shared link is kept. A history tells truly
    which door it was, and that inviting is one step by mail.
    """
    told = re.sub(r"\b\d{12,}\b|url='[^']*'|door=<Door.\w+: '\w+'>", "", repr(result))
    return told.replace("action='invite_by_mail'", "action='invite_learners'")


class InSlack:
    """What the listeners run, and then what the button under it does."""

    def __init__(self, school: School) -> None:
        self._school = school

    def tell(self, words: str) -> object:
        request = read_request(words)
        assert isinstance(request, Request)
        if words.endswith(" all"):
            return self._all(request)
        result = self._do(usecase_of(request), request.command, mode_of(request))
        if isinstance(result, RemovalPreviewed):
            return self._do(remove_learner, RemoveLearner(result.card.learner_id), Mode.RUN)
        if isinstance(result, NudgePreviewed):
            command = NudgeLearner(result.run.code, learner_id=result.learner_id, words=result.words)
            return self._do(nudge_learner, command, Mode.RUN)
        if isinstance(result, InvitationPreviewed):
            return self._do(invite_learners, InviteLearners(result.draft_id), Mode.RUN)
        return result

    def _all(self, request: Request) -> object:
        chosen = Chosen(request.command.run, state=ListedState.PENDING)
        if request.verb.name == "cancel":
            return self._do(cancel_invitations, CancelInvitations(chosen), Mode.RUN)
        return self._do(resend_invitations, ResendInvitations(chosen), Mode.RUN)

    def _do(self, usecase: Any, command: Any, mode: Mode) -> object:
        app = self._school.app
        return (app.read if mode is Mode.READ else app.run)(usecase, command, self._school.owner)


class ByMail:
    """What is asked back is answered with yes."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._olive = Writer(school, school.owner)

    def tell(self, words: str) -> object:
        answered = self._olive.write(words)
        if isinstance(answered.result, ReplyAwaited):
            answered = self._olive.reply(answered, "yes")
        result = answered.result
        if isinstance(result, OrderTold):
            done = self._school.app.read(show_order, ShowOrder(result.order_id), by_mail(self._school.owner)).done
            return storable(done)
        return result.invited if isinstance(result, InvitedAtOnce) else result
