"""Small progress reports, and what became of them."""

from collections.abc import Mapping
from datetime import datetime

from core.context import StaffActor
from core.model import Learner, LearnerAddress, Progress
from core.progressing import ProgressFile, take_progress
from core.usecases.progress.reports import ReportShown
from tests.core.reading import read_here
from tests.core.usecases.acting import MATHS, accept, clock_of, everything, invite
from tests.factories import School, sent

PLATFORM = (
    "run_start_date", "membership_id", "learner_identifier", "full_name", "fl_profile_url", "steps_completed",
    "comments_posted", "avg_test_score", "left_at",
)  # fmt: skip
"""As it was seen in the wild."""

Line = Mapping[str, str]


def enrol(school: School, *addresses: str, run: str = MATHS) -> None:
    invite(school, *addresses, run=run)
    sent(school.app)
    for address in addresses:
        accept(school.app, address)


def enrol_named(school: School, *names: str, run: str = MATHS) -> None:
    """``Ada Young`` has the address ``ada.young@example.org``."""
    addresses = {f"{name.replace(' ', '.').lower()}@example.org": name for name in names}
    invite(school, *addresses, run=run)
    sent(school.app)
    for address, name in addresses.items():
        accept(school.app, address, name)


def fall_silent(school: School, *addresses: str) -> None:
    """They enrol, and by a report of today did nothing for twelve days."""
    enrol(school, *addresses)
    clock_of(school.app).advance(days=30)
    send(school, *(line(each, steps_completed="30%") for each in addresses))
    clock_of(school.app).advance(days=12)
    send(school, *(line(each, steps_completed="30%", avg_test_score="50%") for each in addresses))


def line(learner: str, **cells: str) -> Line:
    return {"run_start_date": "2026-03-16", "learner_identifier": learner, **cells}


def report(*lines: Line, headings: tuple[str, ...] = PLATFORM) -> bytes:
    rows = [",".join(headings), *(",".join(each.get(name, "") for name in headings) for each in lines)]
    return "\n".join(rows).encode()


def send(
    school: School, *lines: Line, run: str = MATHS, by: StaffActor | None = None, as_of: datetime | None = None
) -> ReportShown:
    return send_file(school, report(*lines), run=run, by=by, as_of=as_of)


def send_file(
    school: School, content: bytes, *, run: str = "", by: StaffActor | None = None, as_of: datetime | None = None
) -> ReportShown:
    file = ProgressFile("report.csv", content, run, as_of)
    return take_progress(school.app, by or school.owner, file, read=read_here)


def progress_of(school: School, address: str) -> Progress:
    """In their only run, of their latest attempt."""
    learner_id = next(each.learner_id for each in everything(school.app, LearnerAddress) if each.address == address)
    (found,) = everything(school.app, Progress, Progress.learner_id == learner_id, Progress.is_latest)
    return found


def learner_of(school: School, address: str) -> Learner:
    learner_id = next(each.learner_id for each in everything(school.app, LearnerAddress) if each.address == address)
    return next(each for each in everything(school.app, Learner) if each.id == learner_id)
