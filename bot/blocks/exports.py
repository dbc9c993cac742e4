"""Exports: a download behind the sign-in, or a file in direct messages."""

from bot.blocks.parts import Message, context, said, section
from core.rules.zones import zone_named
from core.usecases.exports import ExportOrdered
from core.wording.exports import FORMS, headline, page_words, row_words
from core.wording.phrases import moment_words


def draw_ordered(ordered: ExportOrdered) -> Message:
    head = said(headline(ordered), 400)
    if ordered.is_file:
        how = f"The {FORMS[ordered.form]} comes to your direct messages in a moment."
        return Message(f"{head} {how}", (section(f"*{head}*\n{how}"), context(row_words(ordered))))
    how = page_words(moment_words(ordered.ends_at, zone_named(ordered.time_zone)))
    return Message(
        f"{head} {how} {ordered.url}",
        (
            section(f"*{head}*\n{how}\n*<{ordered.url}|Download the {FORMS[ordered.form]}>*"),
            context(row_words(ordered)),
        ),
    )
