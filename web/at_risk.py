"""Learners at risk, from the links of a digest's e-mail: why, the letter of a nudge to review, snooze, spoken to.

For signed-in staff members. Looking changes nothing; after each button comes the same page, which says what was done.
"""

from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.context import StaffActor
from core.errors import NudgeWordsUnclear
from core.rules.policy import NUDGE_CHARACTERS
from core.rules.zones import zone_named
from core.usecases.progress.at_risk import ShowAtRisk, show_at_risk
from core.usecases.progress.figures import ShowProgress, show_progress
from core.usecases.progress.follow_ups import (
    NoteSpoken,
    SnoozeLearner,
    UndoFollowUp,
    note_spoken,
    snooze_learner,
    undo_follow_up,
)
from core.usecases.progress.nudges import NudgeLearner, nudge_learner
from core.usecases.progress.run_statements import ProgressList
from core.wording.phrases import moment_words
from core.wording.results import counted
from core.wording.risk import follow_up_words, nudge_way_words, risk_words
from core.words import FollowUpDeed
from web.door import WebDoor, read_form, see
from web.sign_in import AT_RISK_PATH
from web.signed_in import StaffPage, signed_in

_SNOOZES: Final = (("1 week", "1 week"), ("2 weeks", "2 weeks"), ("4 weeks", "4 weeks"))
_MOST_DIGITS: Final = 5


def at_risk_routes(door: WebDoor) -> list[Route]:
    pages = AtRiskPages(door)
    run = f"{AT_RISK_PATH}/{{run}}"
    path, back = f"{run}/{{learner_id:int}}", f"{run}/{{learner_id}}"

    def button(name: str, page: StaffPage) -> Route:
        return Route(f"{path}/{name}", signed_in(door, page, back=back), methods=["POST"])

    return [
        Route(run, signed_in(door, pages.show_run), methods=["GET"]),
        Route(path, signed_in(door, pages.show), methods=["GET"]),
        button("nudge", pages.nudge),
        button("snooze", pages.snooze),
        button("spoken", pages.note_talk),
        button("undo", pages.undo),
    ]


class AtRiskPages:
    def __init__(self, door: WebDoor) -> None:
        self._door = door

    async def show_run(self, staff: StaffActor, request: Request) -> Response:
        typed = request.query_params.get("page", "1")
        page = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= _MOST_DIGITS else 1
        command = ShowProgress(request.path_params["run"], ProgressList.AT_RISK, page=max(page, 1))
        shown = await self._door.read(show_progress, command, staff)
        rows = [
            # The page of one learner is for whoever may do something there.
            (
                at_risk_path(shown.run.code, row.learner_id) if shown.may_act else "",
                row.name,
                risk_words(row.risks),
            )
            for row in shown.page.rows
        ]
        head = f"{counted(shown.at_risk, 'learner')} at risk" if shown.at_risk else "Nobody is at risk"
        return self._door.pages.page("at_risk_run.html", shown=shown, head=head, rows=rows)

    async def nudge(self, staff: StaffActor, request: Request) -> Response:
        run, learner_id = _about(request)
        words = (await read_form(request)).get("words", "")
        try:
            await self._door.run(nudge_learner, NudgeLearner(run, learner_id=learner_id, words=words), staff)
        except NudgeWordsUnclear as unclear:
            return await self.show(staff, request, problem=unclear.message, typed=words)
        return _again(request)

    async def snooze(self, staff: StaffActor, request: Request) -> Response:
        run, learner_id = _about(request)
        until = (await read_form(request)).get("until", "")
        await self._door.run(snooze_learner, SnoozeLearner(run, learner_id=learner_id, until=until), staff)
        return _again(request)

    async def note_talk(self, staff: StaffActor, request: Request) -> Response:
        run, learner_id = _about(request)
        await self._door.run(note_spoken, NoteSpoken(run, learner_id=learner_id), staff)
        return _again(request)

    async def undo(self, staff: StaffActor, request: Request) -> Response:
        """Of what the page said was done last: a newer one by somebody else is left alone."""
        asked = (await read_form(request)).get("follow_up", "")
        run, learner_id = _about(request)
        shown = await self._door.read(show_at_risk, ShowAtRisk(run, learner_id=learner_id), staff)
        if shown.follow_up is not None and asked == str(shown.follow_up.follow_up_id):
            await self._door.run(undo_follow_up, UndoFollowUp(shown.follow_up.follow_up_id), staff)
        return _again(request)

    async def show(self, staff: StaffActor, request: Request, *, problem: str = "", typed: str = "") -> Response:
        run, learner_id = _about(request)
        shown = await self._door.read(show_at_risk, ShowAtRisk(run, learner_id=learner_id), staff)
        zone = zone_named(shown.time_zone)
        letter, done = shown.letter, shown.follow_up
        return self._door.pages.page(
            "at_risk.html",
            400 if problem else 200,
            shown=shown,
            path=at_risk_path(shown.run.code, shown.learner_id),
            run_path=f"{AT_RISK_PATH}/{quote(shown.run.code, safe='')}",
            why=risk_words(shown.risks),
            share=f"{shown.step_percentage / 100:.0f} %" if shown.step_percentage is not None else "",
            done=follow_up_words(done, lambda at: moment_words(at, zone)) if done else "",
            way=nudge_way_words(letter, lambda at: moment_words(at, zone)) if letter else "",
            # That a nudge is on its way says it already.
            refused="" if done and done.deed is FollowUpDeed.NUDGED else shown.refused,
            words=typed or (letter.words if letter else ""),
            most=NUDGE_CHARACTERS,
            problem=problem,
            snoozes=_SNOOZES,
        )


def at_risk_path(run: str, learner_id: int) -> str:
    return f"{AT_RISK_PATH}/{quote(run, safe='')}/{learner_id}"


def _about(request: Request) -> tuple[str, int]:
    """The run's code and the learner's id; an id that no row can have finds nobody."""
    learner_id: int = request.path_params["learner_id"]
    return request.path_params["run"], learner_id if 0 < learner_id < 2**63 else -1


def _again(request: Request) -> Response:
    return see(at_risk_path(*_about(request)))
