"""What enrolments cost: a month with its runs, the months before it, the agreements and their budgets."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, actions, button, context, fitting, paged, said, section, value_of
from core.usecases.costs.budgets import BudgetsShown
from core.usecases.costs.costs import CostsShown, MonthCosts, RunCosts
from core.wording.phrases import pounds
from core.wording.results import agreement_words, counted, sums_words

_MONTHS_CHARACTERS = 1500
_AGREEMENTS_CHARACTERS = 2500


def draw_costs(shown: CostsShown) -> Message:
    head = f"{pounds(shown.sums.to_invoice_pence)} to invoice for {shown.month.words}"
    about = f"{said(shown.organisation)}: {sums_words(shown.sums)}."
    rows = tuple(section(_row(row)) for row in shown.rows) or (context("Nobody was enrolled in this month."),)
    return Message(
        f"{head}. {about}",
        (
            section(f"*{head}*\n{about}"),
            *rows,
            *paged(Action.COSTS_PAGE, shown.page, shown.page_count, (str(shown.month),)),
            _other_months(shown),
            *_months(shown.months),
            *_agreements(shown),
        ),
    )


def _row(row: RunCosts) -> str:
    return f"*{said(row.course_title, 80)}* (`{said(row.run_code, 64)}`)\n{sums_words(row.sums, row.price_pence)}"


def _other_months(shown: CostsShown) -> Block:
    before, after = shown.month.moved(-1), shown.month.moved(1)
    earlier = button(f"◀ {before.words}", f"{Action.COSTS_PAGE}:before", value_of(str(before), 1))
    later = button(f"{after.words} ▶", f"{Action.COSTS_PAGE}:after", value_of(str(after), 1))
    return actions(earlier, *(() if shown.is_latest else (later,)))


def _months(months: tuple[MonthCosts, ...]) -> tuple[Block, ...]:
    if not months:
        return ()
    lines = [f"{each.month.words}: {sums_words(each.sums)}" for each in months]
    return (section("*Month by month*\n" + fitting(lines, _MONTHS_CHARACTERS)),)


def _agreements(shown: CostsShown) -> tuple[Block, ...]:
    if not shown.agreements:
        return ()
    lines = [f"• {said(line, 400)}" for line in map(agreement_words, shown.agreements)]
    return (section("*Agreements*\n" + fitting(lines, _AGREEMENTS_CHARACTERS)),)


def draw_budgets(shown: BudgetsShown) -> Message:
    if shown.changed is not None:
        head = f"Set. {said(agreement_words(shown.changed), 400)}"
        before = "no budget" if shown.before_pence is None else pounds(shown.before_pence)
        return Message(head, (section(f"*{head}*"), context(f"Before it was {before}.")))
    if not shown.agreements:
        head = f"{said(shown.organisation)} has no agreement with another organisation, so there is nothing to limit."
        return Message(head, (section(head),))
    head = counted(len(shown.agreements), "agreement")
    lines = [f"• {said(line, 400)}" for line in map(agreement_words, shown.agreements)]
    whose = said(shown.agreements[0].owner_slug, 64)
    change = f"An owner sets one with “/usher budget {whose} 5000”, or ends it with “/usher budget {whose} off”."
    return Message(head, (section(f"*{head}*\n" + fitting(lines, _AGREEMENTS_CHARACTERS)), context(change)))
