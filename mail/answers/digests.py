"""A digest, and when the next one comes."""

from collections.abc import Sequence

from core.usecases.digests.news import DigestName, DigestRun, DigestShown
from core.usecases.digests.settings import DigestPlanShown
from core.wording import digests as digest_words
from core.wording.digests import (
    PLAN_STEPS,
    budget_bar,
    facts,
    headline,
    name_words,
    period_words,
    plan_headline,
    plan_lines,
    run_bar,
    run_news,
    seen_words,
)
from core.wording.phrases import day_words
from mail.answers.document import Answer, Bar, Chart, Listing, Row, Teller
from mail.answers.follow_ups import at_risk_url, follow_up_steps, whole_list


def tell_digest(shown: DigestShown, teller: Teller) -> Answer:
    if shown.is_quiet:
        return Answer(f"{headline(shown)}.")
    told = [_run(run) for run in shown.runs]
    listings = (
        Listing("Other runs with news", tuple(row for row in told if isinstance(row, Row))),
        _at_risk(shown, teller),
        _names("Stalled", shown.stalled_names, shown.stalled, teller),
        _names("Came back", shown.returned_names, shown.returned, teller),
        Listing(
            "Shared links about to end",
            tuple(Row(f"{link.title} ({link.code})", (f"ends {teller.moment(link.ends_at)}",)) for link in shown.links),
            f"The first {len(shown.links)} of {shown.links_ending:,}." if shown.links_ending > len(shown.links) else "",
        ),
    )
    more = f"And {shown.more_runs:,} more with news." if shown.more_runs else ""
    charts = (
        Chart("By run", tuple(bar for bar in told if isinstance(bar, Bar)), more),
        Chart("Budgets", tuple(_drawn(budget_bar(budget)) for budget in shown.budgets)),
    )
    return Answer(
        headline=f"{headline(shown)}.",
        lines=(period_words(shown),),
        facts=facts(shown),
        charts=tuple(chart for chart in charts if chart.bars),
        lists=tuple(listing for listing in listings if listing.rows),
        steps=_steps(shown),
    )


def _run(run: DigestRun) -> Bar | Row:
    """As a bar, where it is known how far learners are."""
    bar = run_bar(run)
    if bar is None:
        return Row(f"{run.course_title} ({run.code})", (run_news(run),))
    return _drawn(bar, run_news(run))


def _drawn(bar: digest_words.Bar, note: str = "") -> Bar:
    return Bar(bar.label, bar.share, bar.words, note)


def _at_risk(shown: DigestShown, teller: Teller) -> Listing:
    """Each name leads to its buttons, for whoever may press them; and anybody to the whole list of a run."""
    named = _names("At risk", shown.at_risk_names, shown.at_risk, teller, may_act=shown.may_act)
    runs = dict.fromkeys(name.run_code for name in shown.at_risk_names)
    return Listing(named.title, (*named.rows, *(whole_list(teller, run) for run in runs)), named.more)


def _names(title: str, names: Sequence[DigestName], total: int, teller: Teller, *, may_act: bool = False) -> Listing:
    rows = tuple(
        Row(
            name.name,
            (f"{name_words(name)}{seen_words(name, lambda at: day_words(at, teller.zone))}",),
            at_risk_url(teller, name.run_code, name.learner_id) if may_act else "",
        )
        for name in names
    )
    return Listing(title, rows, f"The first {len(names)} of {total:,}." if total > len(names) else "")


def _steps(shown: DigestShown) -> tuple[str, ...]:
    """What to reply, for the first run that needs somebody."""
    stalled = next((run.code for run in shown.runs if run.stalled), "")
    bounced = next((run.code for run in shown.runs if run.bounced), "")
    who = next((name for name in (*shown.at_risk_names, *shown.stalled_names) if name.address), None)
    return tuple(
        step
        for step in (
            *(follow_up_steps(who.run_code, who.address) if who is not None and shown.may_act else ()),
            f"Reply “progress {stalled} stalled” for everybody who stalled there." if stalled else "",
            f"Reply “invites {bounced} bounced” for the addresses to correct." if bounced else "",
            "Reply “digest” to see when the next one comes.",
        )
        if step
    )


def tell_digest_plan(shown: DigestPlanShown, teller: Teller) -> Answer:
    return Answer(plan_headline(shown), lines=plan_lines(shown, teller.moment), steps=(PLAN_STEPS,))
