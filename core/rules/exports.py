"""What exports are made of: the columns of progress (LM, Track learner progress), and the file's name."""

from datetime import date
from typing import Final

from core.rules.progress.columns import ProgressColumn as C
from core.words import ExportForm

PROGRESS_COLUMNS: Final = (
    C.RUN_START, C.MEMBERSHIP, C.EMAIL, C.NAME, C.PROFILE_URL, C.STEPS_COMPLETED, C.COMMENTS, C.SCORE, C.LEFT_AT,
    C.PARTNER_COURSE_CODE, C.PARTNER_RUN_CODE, C.RUN_SLUG, C.RUN_TITLE, C.LAST_STEP_AT, C.LAST_COMMENT_AT,
    C.COURSE_UUID, C.RUN_UUID, C.STEP_PERCENTAGE,
)  # fmt: skip
"""In LM's order, and the share of the steps besides. Headed so that Usher knows its own report when it comes in."""


class _Shares(dict[int | None, str]):
    """An export asks a row at a time for the same hundred or so, out of ten thousand."""

    def __missing__(self, hundredths: int | None) -> str:
        words = self[hundredths] = "" if hundredths is None else f"{hundredths / 100:g}%"
        return words


SHARES: Final = _Shares()
"""Hundredths of a per cent in words: the per cent sign tells 1 % from 1, which might be all."""


def file_name(subject: str, day: date, form: ExportForm) -> str:
    """Codes of runs have letters, digits and dashes; nothing else comes into the name of a file."""
    safe = "".join(character if character.isalnum() or character in "-_" else "-" for character in subject)
    return f"{safe}-{day:%Y-%m-%d}.{form}"
