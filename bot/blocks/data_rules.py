"""What holds for an organisation's data: what becomes of faulty files, what of a special category is stored."""

from bot.blocks.parts import Message, context, said, section
from bot.blocks.words import counted, moment
from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.learners.ethnicity import EthnicityErased, EthnicityShown
from core.wording.results import (
    ETHNICITY_ERASING,
    ETHNICITY_OFF,
    ETHNICITY_ON,
    IMPORT_POLICIES,
    IMPORT_POLICY_AFTER,
    ethnicity_left,
)
from core.words import ImportPolicy


def draw_import_policy(shown: ImportPolicyShown) -> Message:
    now = " now" if shown.is_changed else ""
    head = f"The import policy of {said(shown.organisation)} is{now} “{shown.policy}”."
    others = [
        f"• `/usher import-policy {policy}`: {IMPORT_POLICIES[policy]}"
        for policy in ImportPolicy
        if policy is not shown.policy
    ]
    blocks = (
        section(f"*{head}*\n{IMPORT_POLICIES[shown.policy]}"),
        section("\n".join(["An owner changes it:", *others])),
        context(IMPORT_POLICY_AFTER),
    )
    return Message(head, blocks)


def draw_ethnicity(shown: EthnicityShown) -> Message:
    now = " now" if shown.is_changed else ""
    if not shown.purpose:
        head = f"The ethnicity of learners of {said(shown.organisation)} is{now} not stored."
        left = ethnicity_left(shown)
        lines = [
            f"*{head}*",
            ETHNICITY_OFF,
            f"{left} “/usher ethnicity erase” erases it at once." if left else "",
            "To store it, an owner records what for: “/usher ethnicity on Equality monitoring for the yearly report”.",
        ]
        return Message(head, (section("\n".join(filter(None, lines))),))
    head = f"The ethnicity of learners of {said(shown.organisation)} is{now} stored."
    since = f" since {moment(shown.since)}" if shown.since else ""
    words = (
        f"*{head}*\nPurpose{since}: {said(shown.purpose, 1000)}\nStored of {counted(shown.stored, 'learner')}.\n"
        f"{ETHNICITY_ON}\nAn owner ends it with “/usher ethnicity off”."
    )
    return Message(head, (section(words),))


def draw_ethnicity_erased(result: EthnicityErased) -> Message:
    name = said(result.organisation)
    if result.erased is not None:
        head = f"The ethnicity of {counted(result.erased, 'learner')} of {name} is erased."
        return Message(head, (section(f"*{head}*"),))
    if not result.stored:
        head = f"No ethnicity of learners of {name} is stored: there is nothing to erase."
        return Message(head, (section(head),))
    head = f"The ethnicity of {counted(result.stored, 'learner')} of {name} can be erased."
    step = f"To erase it, write “/usher ethnicity erase {result.stored}”."
    return Message(head, (section(f"*{head}*\nNothing has changed yet. {ETHNICITY_ERASING}\n{step}"),))
