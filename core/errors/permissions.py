"""This person may not do this."""

from core.errors.families import NotAllowed


class NotStaff(NotAllowed):
    # One wording for strangers, guests, bots and people who left: it tells nobody which one they are.
    code = "not_staff"
    wording = "I cannot tell who you are, so I did nothing."
    advice = "If you look after learners here, write “/usher link” to connect your account."


class SenderUnproven(NotAllowed):
    code = "sender_unproven"
    wording = "I cannot be sure that this e-mail is from you, so I did nothing."
    advice = "Write from your own mailbox, without forwarding; or ask in Slack."


class RoleMissing(NotAllowed):
    code = "role_missing"
    wording = "Your role ({role}) does not include this."
    advice = "An owner of your organisation can change it."


class ProviderNotGranted(NotAllowed):
    code = "provider_not_granted"
    wording = "The run {run} belongs to a provider that you do not look after."
    advice = "An owner of your organisation can grant it to you. “courses” lists the runs you can choose."
    field = "run"


class TermsNotAccepted(NotAllowed):
    code = "terms_not_accepted"
    wording = "Your organisation has not accepted the terms yet."
    advice = "{who} at {page}"


class NotYourPreview(NotAllowed):
    code = "not_your_preview"
    wording = "Somebody else prepared this preview, so only they can confirm it."
    advice = "Start your own with “invite”."


class OperatorOnly(NotAllowed):
    code = "operator_only"
    wording = "Only an operator on the command line can do this."
