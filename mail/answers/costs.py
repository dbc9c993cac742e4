"""What enrolments cost, and the budgets of agreements."""

from core.usecases.costs.budgets import BudgetsShown
from core.usecases.costs.costs import CostsShown
from core.wording.phrases import pounds
from core.wording.results import agreement_words, counted, sums_words
from mail.answers.document import Answer, Listing, Row, Teller, page_line, some


def tell_costs(shown: CostsShown, teller: Teller) -> Answer:
    runs = tuple(
        Row(f"{row.course_title} ({row.run_code})", (sums_words(row.sums, row.price_pence),)) for row in shown.rows
    )
    months = tuple(Row(f"{each.month.words}: {sums_words(each.sums)}") for each in shown.months)
    agreements = tuple(Row(agreement_words(each)) for each in shown.agreements)
    listings = (
        Listing(f"{shown.month.words}, by run", runs, page_line(shown.page, shown.page_count)),
        Listing("Month by month", months),
        Listing("Agreements", agreements),
    )
    return Answer(
        headline=f"{pounds(shown.sums.to_invoice_pence)} to invoice for {shown.month.words}.",
        lines=some(f"{shown.organisation}: {sums_words(shown.sums)}."),
        lists=tuple(each for each in listings if each.rows),
        steps=(f"“costs {shown.month.moved(-1)}” shows the month before.",),
    )


def tell_budgets(shown: BudgetsShown, teller: Teller) -> Answer:
    if shown.changed is not None:
        before = "no budget" if shown.before_pence is None else pounds(shown.before_pence)
        return Answer(f"Set. {agreement_words(shown.changed)}", lines=(f"Before it was {before}.",))
    if not shown.agreements:
        return Answer(f"{shown.organisation} has no agreement with another organisation, so there is nothing to limit.")
    whose = shown.agreements[0].owner_slug
    return Answer(
        headline=f"{counted(len(shown.agreements), 'agreement')}.",
        lists=(Listing("Agreements", tuple(Row(agreement_words(each)) for each in shown.agreements)),),
        steps=(f"An owner sets a budget with “budget {whose} 5000”, or ends it with “budget {whose} off”.",),
    )
