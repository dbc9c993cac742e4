"""Ours to mend; trying again helps."""

from core.errors.families import Unavailable


class Busy(Unavailable):
    code = "busy"
    wording = "I am very busy just now and could not save this. Nothing was changed."
    advice = "Please try again in a moment."


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    wording = "The database went away at the very moment of saving, so I do not know whether this was done."
    advice = "Please look before you try again."
