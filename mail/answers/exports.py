"""Exports: a download behind the sign-in, or the file beside the answer."""

from core.usecases.exports import ExportOrdered
from core.wording.exports import file_words, headline, page_words, row_words
from mail.answers.document import Answer, Teller


def tell_ordered(ordered: ExportOrdered, teller: Teller) -> Answer:
    if ordered.is_file:
        return Answer(headline(ordered), lines=(file_words(ordered.form), row_words(ordered)))
    return Answer(
        headline(ordered),
        lines=(page_words(teller.moment(ordered.ends_at)), row_words(ordered)),
        url=ordered.url,
    )
