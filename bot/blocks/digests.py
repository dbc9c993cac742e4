"""A digest, and when the next one comes."""

from bot.blocks.controls import Action
from bot.blocks.follow_ups import follow_up_buttons
from bot.blocks.parts import Block, Message, actions, button, context, escaped, fitting, said, section, value_of
from bot.blocks.words import moment
from core.rules.progress.bands import bar
from core.usecases.digests.news import DigestName, DigestRun, DigestShown
from core.usecases.digests.settings import DigestPlanShown
from core.wording.digests import (
    PLAN_STEPS,
    Bar,
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

_LINKS_CHARACTERS = 1500
_RUNS_CHARACTERS = 2000


def draw_digest(shown: DigestShown) -> Message:
    head = said(headline(shown), 200)
    if shown.is_quiet:
        return Message(f"{head}.", (section(f"{head}."),))
    counted = "\n".join(f"*{label}*: {escaped(words)}" for label, words in facts(shown))
    return Message(
        f"{head}.",
        (
            section(f"*{head}*\n{_period(shown)}"),
            section(counted),
            *_runs(shown),
            *_names("At risk", shown.at_risk_names, shown.at_risk, may_act=shown.may_act),
            *_names("Stalled", shown.stalled_names, shown.stalled),
            *_names("Came back", shown.returned_names, shown.returned),
            *_links(shown),
            *_bars("*Budgets*", [budget_bar(budget) for budget in shown.budgets]),
            _buttons(shown),
        ),
    )


def _period(shown: DigestShown) -> str:
    return said(period_words(shown), 250)


def _runs(shown: DigestShown) -> tuple[Block, ...]:
    """Bars in letters, and every number beside its bar."""
    if not shown.runs:
        return ()
    lines = [_run(run) for run in shown.runs]
    return (section("*By run*\n" + fitting(lines, _RUNS_CHARACTERS, total=len(lines) + shown.more_runs)),)


def _run(run: DigestRun) -> str:
    head = f"*{said(run.course_title, 80)}* (`{said(run.code, 64)}`): {run_news(run)}"
    drawn = run_bar(run)
    return head if drawn is None else f"{head}\n`{bar(drawn.part, drawn.whole)}` {drawn.words}"


def _names(title: str, names: tuple[DigestName, ...], total: int, *, may_act: bool = False) -> tuple[Block, ...]:
    if not names:
        return ()
    more = f" (the first {len(names)} of {total:,})" if total > len(names) else ""
    blocks = [section(f"*{title}*{more}")]
    for name in names:
        blocks.append(_name(name))
        blocks += [follow_up_buttons(name.learner_id, name.run_code)] if may_act else []
    return tuple(blocks)


def _name(name: DigestName) -> Block:
    """The button leads to what is known of them."""
    look = button("Look", Action.PROGRESS_LEARNER, value_of(name.learner_id))
    return section(f"{said(name.name, 80)}\n{said(name_words(name), 200)}{seen_words(name, moment)}", look)


def _links(shown: DigestShown) -> tuple[Block, ...]:
    if not shown.links:
        return ()
    lines = [f"• {said(link.title, 80)} (`{said(link.code, 64)}`): ends {moment(link.ends_at)}" for link in shown.links]
    return (section("*Shared links about to end*\n" + fitting(lines, _LINKS_CHARACTERS, total=shown.links_ending)),)


def _bars(title: str, bars: list[Bar]) -> tuple[Block, ...]:
    if not bars:
        return ()
    lines = [f"{said(each.label, 120)}\n`{bar(each.part, each.whole)}` {each.words}" for each in bars]
    return (section(f"{title}\n" + fitting(lines, _RUNS_CHARACTERS)),)


def _buttons(shown: DigestShown) -> Block:
    """What can be looked into; the answer comes as a direct message."""
    at_risk = list(dict.fromkeys(name.run_code for name in shown.at_risk_names))
    asked = {f"At risk in {code}": f"at-risk {code}" for code in at_risk[:3]}
    asked |= {f"Progress of {run.code}": f"progress {run.code} stalled" for run in shown.runs[:3] if run.stalled}
    asked |= {f"Bounces of {run.code}": f"invites {run.code} bounced" for run in shown.runs[:2] if run.bounced}
    asked |= {"Held imports": "imports held"} if shown.imports_held else {}
    asked |= {"Shared links": "links"} if shown.links else {}
    asked |= {"Costs": "costs", "When it comes": "digest"}
    return actions(
        *(
            button(label, f"{Action.HOME_ASK}:digest_{place}", words)
            for place, (label, words) in enumerate(asked.items())
        )
    )


def draw_digest_plan(shown: DigestPlanShown) -> Message:
    head = plan_headline(shown)
    lines = "\n".join(plan_lines(shown, moment))
    now = button("Show it now", f"{Action.HOME_ASK}:digest_now", "digest now")
    other = ("Turn off", "digest off") if shown.is_on else ("Turn on", "digest on")
    switch = button(other[0], f"{Action.HOME_ASK}:digest_switch", other[1])
    return Message(head, (section(f"*{head}*\n{lines}"), actions(now, switch), context(PLAN_STEPS)))
