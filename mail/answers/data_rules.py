"""What holds for an organisation's data: what becomes of faulty files, what of a special category is stored."""

from core.usecases.imports.rules import ImportPolicyShown
from core.usecases.learners.ethnicity import EthnicityErased, EthnicityShown
from core.wording.results import (
    ETHNICITY_ERASING,
    ETHNICITY_OFF,
    ETHNICITY_ON,
    IMPORT_POLICIES,
    IMPORT_POLICY_AFTER,
    counted,
    ethnicity_left,
)
from core.words import ImportPolicy
from mail.answers.document import Answer, Teller, some


def tell_import_policy(shown: ImportPolicyShown, teller: Teller) -> Answer:
    now = " now" if shown.is_changed else ""
    others = [each for each in ImportPolicy if each is not shown.policy]
    return Answer(
        headline=f"The import policy of {shown.organisation} is{now} “{shown.policy}”.",
        lines=(IMPORT_POLICIES[shown.policy], IMPORT_POLICY_AFTER),
        steps=("An owner changes it:", *(f"“import-policy {each}”: {IMPORT_POLICIES[each]}" for each in others)),
    )


def tell_ethnicity(shown: EthnicityShown, teller: Teller) -> Answer:
    now = " now" if shown.is_changed else ""
    if not shown.purpose:
        step = "To store it, an owner records what for: “ethnicity on Equality monitoring for the yearly report”."
        erase = "“ethnicity erase” erases it at once." if shown.stored else ""
        return Answer(
            headline=f"The ethnicity of learners of {shown.organisation} is{now} not stored.",
            lines=some(ETHNICITY_OFF, ethnicity_left(shown)),
            steps=some(erase, step),
        )
    since = (("Since", teller.moment(shown.since)),) if shown.since else ()
    return Answer(
        headline=f"The ethnicity of learners of {shown.organisation} is{now} stored.",
        lines=(ETHNICITY_ON,),
        facts=(("Purpose", shown.purpose), *since, ("Stored", f"of {counted(shown.stored, 'learner')}")),
        steps=("An owner ends it with “ethnicity off”.",),
    )


def tell_ethnicity_erased(result: EthnicityErased, teller: Teller) -> Answer:
    if result.erased is not None:
        return Answer(f"The ethnicity of {counted(result.erased, 'learner')} of {result.organisation} is erased.")
    if not result.stored:
        return Answer(f"No ethnicity of learners of {result.organisation} is stored: there is nothing to erase.")
    return Answer(
        headline=f"The ethnicity of {counted(result.stored, 'learner')} of {result.organisation} can be erased.",
        lines=("Nothing has changed yet.", ETHNICITY_ERASING),
        steps=(f"To erase it, write “ethnicity erase {result.stored}”.",),
    )
