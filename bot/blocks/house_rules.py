"""The rules that hold for an organisation, each with the press that shows how to change it."""

from bot.blocks.controls import Action
from bot.blocks.parts import Block, Message, button, context, said, section
from core.usecases.staff.rules import RulesShown
from core.wording.rules import RULES_FOOT, RuleWords, rule_words


def draw_rules(shown: RulesShown) -> Message:
    head = f"What holds at {said(shown.organisation)}"
    return Message(f"{head}.", (section(f"*{head}*"), *map(_rule, rule_words(shown)), context(RULES_FOOT)))


def _rule(rule: RuleWords) -> Block:
    show = button("Show", f"{Action.ASK_INSTEAD}:{rule.verb.replace('-', '_')}", rule.verb)
    return section(f"*{rule.title}*\n{said(rule.holds, 1000)}", show)
