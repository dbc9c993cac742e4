"""Who did what to one: newest first, in pages, and how to have all of it as a file."""

from bot.blocks.controls import Action
from bot.blocks.parts import Message, context, fitting, paged, said, section
from bot.blocks.words import short_moment
from core.usecases.history.history import Deed, HistoryShown
from core.wording.history import deed_words, file_words, history_head

_DEED_CHARACTERS = 400
_ROWS_A_SECTION = 5
_CHARACTERS = 2900


def draw_history(shown: HistoryShown) -> Message:
    head = said(history_head(shown), 300)
    lines = [_line(deed) for deed in shown.deeds]
    parts = [lines[start : start + _ROWS_A_SECTION] for start in range(0, len(lines), _ROWS_A_SECTION)]
    state = (shown.kind.value, str(shown.subject_id))
    file = (context(f"All of it as a file: “/usher {said(file_words(shown), 200)}”."),) if shown.deeds else ()
    return Message(
        head,
        (
            section(f"*{head}*"),
            *(section(fitting(part, _CHARACTERS)) for part in parts),
            *paged(Action.HISTORY_PAGE, shown.page, shown.page_count, state),
            *file,
        ),
    )


def _line(deed: Deed) -> str:
    return f"• {said(deed_words(deed), _DEED_CHARACTERS)}, {short_moment(deed.at)}"
