"""The columns of a catalogue sheet: one run a row, with its course."""

from enum import StrEnum
from typing import Final

from core.rules.ucas.headings import LEARNERS, HeadingTable


class RunColumn(StrEnum):
    """As the template heads them, in its order."""

    COURSE_CODE = "Course code"
    COURSE_TITLE = "Course title"
    KIND = "Kind"
    MODEL = "Model"
    RUN_CODE = "Run code"
    STARTS = "Starts"
    ENDS = "Ends"
    ENROLMENT_OPENS = "Enrolment opens"
    ENROLMENT_CLOSES = "Enrolment closes"
    RUN_TITLE = "Run title"
    PARTNER = "Partner"
    PROVIDER = "Provider UKPRN"
    PRICE = "Price"
    STEPS = "Steps"
    TIME_ZONE = "Time zone"
    SLUG = "Slug"
    COURSE_UUID = "Course UUID"
    RUN_UUID = "Run UUID"
    JOIN_URL = "Join URL"


RUN_COLUMNS: Final = tuple(RunColumn)
NEEDED: Final = (
    RunColumn.COURSE_CODE, RunColumn.COURSE_TITLE, RunColumn.KIND, RunColumn.MODEL, RunColumn.RUN_CODE,
    RunColumn.STARTS,
)  # fmt: skip
RUNS: Final = HeadingTable(
    columns=RUN_COLUMNS,
    mandatory=NEEDED,
    # A learners' sheet may have a title or a price, but neither of these.
    telling=frozenset({RunColumn.COURSE_CODE, RunColumn.RUN_CODE}),
    aliases={
        RunColumn.COURSE_CODE: "course, course id, course reference, partner course code",
        RunColumn.COURSE_TITLE: "course name, title of course",
        RunColumn.KIND: "course kind, course type, type, enrolment type",
        RunColumn.MODEL: "access model, course model, access",
        RunColumn.RUN_CODE: "run, run id, run reference, partner run code, presentation code",
        RunColumn.STARTS: "start, start date, starts on, run starts, run start, run start date",
        RunColumn.ENDS: "end, end date, ends on, run ends, run end, run end date, finish, finish date",
        RunColumn.ENROLMENT_OPENS: "enrolment open, enrolment start, enrolments open, enrollment opens",
        RunColumn.ENROLMENT_CLOSES: "enrolment close, enrolment end, enrolments close, enrollment closes, "
        "enrolment deadline",
        RunColumn.RUN_TITLE: "run name",
        RunColumn.PARTNER: "partner name, provided by",
        RunColumn.PROVIDER: "UKPRN, provider",
        RunColumn.PRICE: "cost, price per place, price in pounds",
        RunColumn.STEPS: "number of steps, step count, no of steps",
        RunColumn.TIME_ZONE: "zone, tz",
        RunColumn.SLUG: "run slug",
        RunColumn.COURSE_UUID: "uuid of course",
        RunColumn.RUN_UUID: "uuid of run",
        RunColumn.JOIN_URL: "join link, url, link",
    },
)


def is_known_heading(heading: str) -> bool:
    return LEARNERS.column_of(heading) is not None or RUNS.column_of(heading) is not None
