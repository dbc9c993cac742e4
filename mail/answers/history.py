"""Who did what to one, newest first."""

from core.usecases.history.history import HistoryShown
from core.wording.history import deed_words, file_words, history_head
from mail.answers.document import Answer, Listing, Row, Teller, page_line


def tell_history(shown: HistoryShown, teller: Teller) -> Answer:
    rows = tuple(Row(deed_words(deed), (teller.moment(deed.at),)) for deed in shown.deeds)
    if not rows:
        return Answer(history_head(shown))
    return Answer(
        headline=history_head(shown),
        lists=(Listing("Newest first", rows, page_line(shown.page, shown.page_count)),),
        steps=(f"“{file_words(shown)}” gives all of it as a file.",),
    )
