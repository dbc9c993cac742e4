"""The workbook for a catalogue sheet: one run a row, with its course. Made like that of learners (``template``)."""

from typing import Final

from core.rules.run_columns import NEEDED, RUN_COLUMNS, RunColumn
from core.sheets.template import Help, Template, filled, learner_template
from core.words import AccessModel, CourseKind, ImportSubject

RUN_TEMPLATE_VERSION: Final = "catalogue 1"
COURSE_RUNS: Final = "Courses and runs"
_DATES: Final = frozenset({
    RunColumn.STARTS, RunColumn.ENDS, RunColumn.ENROLMENT_OPENS, RunColumn.ENROLMENT_CLOSES,
})  # fmt: skip
_NUMBERS: Final = frozenset({RunColumn.PRICE, RunColumn.STEPS})
_HELP: Final = {
    RunColumn.COURSE_CODE: Help(16, "Letters, digits, dots, hyphens and underscores, 64 at most.", "maths"),
    RunColumn.COURSE_TITLE: Help(28, "As learners read it.", "Maths for Everyone"),
    RunColumn.KIND: Help(14, "open: whoever is invited may pass the link on. invite_only: nobody else may.", "open"),
    RunColumn.MODEL: Help(14, "What learners get. Nobody can be invited to a paid_for course.", "upgraded"),
    RunColumn.RUN_CODE: Help(18, "What people write after “invite”; one of its own for each run.", "maths-2026-03"),
    RunColumn.STARTS: Help(13, "The first day as YYYY-MM-DD.", "2026-03-16"),
    RunColumn.ENDS: Help(13, "The last day as YYYY-MM-DD.", "2026-05-08"),
    RunColumn.ENROLMENT_OPENS: Help(17, "The first day on which learners may join.", "2026-01-12"),
    RunColumn.ENROLMENT_CLOSES: Help(17, "The last one. Invitations end then at the latest.", "2026-04-10"),
    RunColumn.RUN_TITLE: Help(28, "The course's title, if it is empty.", ""),
    RunColumn.PARTNER: Help(24, "Who makes the course; your organisation, if it is empty.", ""),
    RunColumn.PROVIDER: Help(16, "Only staff who look after this provider invite to it.", "10000001"),
    RunColumn.PRICE: Help(10, "A place in pounds and pence; 0 if it is empty.", "24.50"),
    RunColumn.STEPS: Help(8, "How many steps the run has.", "40"),
    RunColumn.TIME_ZONE: Help(18, "Your organisation's, if it is empty.", "Europe/London"),
    RunColumn.SLUG: Help(18, "As your platform knows the run; the run's code, if it is empty.", ""),
    RunColumn.COURSE_UUID: Help(38, "As your platform knows the course.", ""),
    RunColumn.RUN_UUID: Help(38, "As your platform knows the run.", ""),
    RunColumn.JOIN_URL: Help(36, "Where learners begin after they accepted.", "https://learn.example.org/maths"),
}
_TEMPLATE: Final = Template(
    version=RUN_TEMPLATE_VERSION,
    sheet=COURSE_RUNS,
    columns=RUN_COLUMNS,
    mandatory=NEEDED,
    choices={RunColumn.KIND: tuple(CourseKind), RunColumn.MODEL: tuple(AccessModel)},
    as_text=frozenset(RUN_COLUMNS) - _DATES - _NUMBERS,
    as_dates=_DATES,
    words=_HELP,
    introduction=(
        "Fill in the sheet “Courses and runs”, one run a row, and send the file back. Every row is answered.",
        "Columns with a star are needed for every run. The columns of a course are alike in all of its rows.",
        "Nothing is written before an owner has seen what would change. Runs missing from the sheet stay as they are.",
        "Paste values only (Paste Special, Values), so that the formats of these columns stay.",
    ),
)


def run_template() -> bytes:
    return filled(_TEMPLATE)


def template_of(subject: ImportSubject) -> bytes:
    return run_template() if subject is ImportSubject.CATALOGUE else learner_template()
