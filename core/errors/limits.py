"""Too much or too often."""

from core.errors.families import LimitExceeded


class TooManyAddresses(LimitExceeded):
    code = "too_many_addresses"
    wording = "There are {count} addresses; one confirmation takes at most {limit}."
    advice = "Split the list into several files."
    field = "addresses"


class TooManyRequests(LimitExceeded):
    code = "too_many_requests"
    wording = "There are {count} requests in this e-mail; I do {limit} at a time."
    advice = "The first {limit} are answered here. Send me the others in another e-mail."


class TooManyFiles(LimitExceeded):
    code = "too_many_files"
    wording = "There are {count} files in this e-mail; I read {limit} at a time."
    advice = "The first {limit} are taken. Send me the others in another e-mail."


class TooManyCodes(LimitExceeded):
    code = "too_many_codes"
    wording = "I have sent {count} codes within the last hour."
    advice = "Use the newest one, or try again in an hour."


class BudgetExceeded(LimitExceeded):
    code = "budget_exceeded"
    wording = "If all of them accept, it comes to {cost}; the budget is {budget}."
    advice = (
        "Nobody was invited. There is room for {places} more. Invite fewer, or ask an owner: “budget” shows it and "
        "changes it."
    )


class TooManyLearners(LimitExceeded):
    code = "too_many_learners"
    wording = "There are {count} learners; I print the access codes of {limit} at a time."
    advice = "Choose one provider."


class ExportTooLarge(LimitExceeded):
    code = "export_too_large"
    wording = "There are {count} rows; a workbook takes at most {limit}."
    advice = "Ask for csv instead, which has no limit, or for one run."
