"""Who did what to one: newest first, in pages, and how to have all of it as a file."""

from collections.abc import Iterator, Sequence

from bot.blocks.controls import Action
from bot.blocks.parts import SECTION_CHARACTERS, Block, Message, context, paged, said, section
from bot.blocks.words import short_moment
from core.usecases.history.history import Deed, HistoryShown
from core.wording.history import deed_words, file_words, history_head

_DEED_CHARACTERS = 400


def draw_history(shown: HistoryShown) -> Message:
    head = said(history_head(shown), 300)
    lines = [_line(deed) for deed in shown.deeds]
    state = (shown.kind.value, str(shown.subject_id))
    file = (context(f"All of it as a file: “/usher {said(file_words(shown), 200)}”."),) if shown.deeds else ()
    return Message(
        head,
        (
            section(f"*{head}*"),
            *_listed(lines),
            *paged(Action.HISTORY_PAGE, shown.page, shown.page_count, state),
            *file,
        ),
    )


def _listed(lines: Sequence[str]) -> Iterator[Block]:
    """In as few sections as take them: Slack leaves a gap between two. Whole: Slack folds what is long."""
    part = ""
    for line in lines:
        if part and len(part) + len("\n") + len(line) >= SECTION_CHARACTERS:
            yield {**section(part), "expand": True}
            part = ""
        part += f"\n{line}" if part else line
    if part:
        yield {**section(part), "expand": True}


def _line(deed: Deed) -> str:
    return f"• {said(deed_words(deed), _DEED_CHARACTERS)}, {short_moment(deed.at)}"
