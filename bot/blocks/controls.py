"""The names by which Slack tells us what was pressed, chosen or filled in.

Buttons that stand beside one another carry a suffix (``invitations_page:next``): a listener takes all of them.
"""

import re
from enum import StrEnum
from typing import Final


class Action(StrEnum):
    COMPOSE = "invitations_compose"
    CONFIRM = "batches_confirm"
    CHOOSE_RUN = "gathered_run"
    UNDO = "batches_undo"
    SCOREBOARD_UNDO = "scoreboards_undo"
    INVITATIONS_PAGE = "invitations_page"
    UNDELIVERED_PAGE = "invitations_undelivered"
    UNREACHED_LIST = "unreached_list"
    INVITATION_CHANGE = "invitations_change"
    SEVERAL = "invitations_several"
    RESEND_ALL = "invitations_resend_all"
    CANCEL_ALL = "invitations_cancel_all"
    RESTORE = "invitations_restore"
    REINVITE = "invitations_reinvite"
    REINVITE_ANYWAY = "invitations_reinvite_anyway"
    SCHEDULES_PAGE = "schedules_page"
    SCHEDULES_CANCEL = "schedules_cancel"
    SCHEDULES_SEND = "schedules_send"
    HOME_ASK = "home_ask"
    ASK_INSTEAD = "requests_ask_instead"
    COSTS_PAGE = "costs_page"
    HISTORY_PAGE = "history_page"
    IMPORT_INVITE = "imports_invite"
    RUNS_PAGE = "runs_page"
    RUN_PAGE = "run_page"
    PROGRESS_PAGE = "progress_page"
    PROGRESS_LEARNER = "progress_learner"
    PROGRESS_REPORTS = "progress_reports"
    PROGRESS_REPORT = "progress_report"
    PROGRESS_CONFIRM = "progress_confirm"
    NUDGE = "follow_ups_nudge"
    SNOOZE = "follow_ups_snooze"
    SPOKEN = "follow_ups_spoken"
    FOLLOW_UP = "follow_ups_menu"
    """All of them in one menu, where many names stand in a list."""
    FOLLOW_UP_UNDO = "follow_ups_undo"
    LINKS_PAGE = "links_page"
    LINK_SHOW = "links_show"
    LINK_CHANGE = "links_change"
    """With the change as its suffix."""
    LINK_SETTINGS = "links_settings"
    LINK_PICTURE = "links_picture"
    LEARNERS_PAGE = "learners_page"
    LEARNERS_NEVER = "learners_never"
    LEARNER_SHOW = "learners_show"
    LEARNER_DETAILS = "learners_details"
    LEARNER_CREATE = "learners_create"
    LEARNER_EDIT = "learners_edit"
    LEARNER_ASK_REMOVE = "learners_ask_remove"
    LEARNER_REMOVE = "learners_remove"
    LEARNER_UNDO = "learners_undo"
    STAFF_PAGE = "staff_page"
    STAFF_SHOW = "staff_show"
    STAFF_COMPOSE = "staff_compose"
    STAFF_CHANGE = "staff_change"
    STAFF_REINVITE = "staff_reinvite"
    STAFF_DISABLE = "staff_disable"
    STAFF_ENABLE = "staff_enable"
    REQUEST_APPROVE = "link_requests_approve"
    REQUEST_DECLINE = "link_requests_decline"
    IMPORT_RELEASE = "imports_release"
    IMPORT_CORRECT = "imports_correct"
    IMPORT_COPY = "imports_copy"
    IMPORT_UNDO = "imports_undo"
    IMPORT_UNDO_CONFIRM = "imports_undo_confirm"
    IMPORT_TEMPLATE = "imports_template"
    IMPORT_SHOW = "imports_show"
    IMPORT_ROWS = "imports_rows"
    """Beside what is shown; the next in its place."""
    IMPORT_ROWS_PAGE = "imports_rows_page"
    IMPORTS_PAGE = "imports_page"
    HELD_MAIL_YES = "held_mail_yes"
    HELD_MAIL_NO = "held_mail_no"
    MAIL_QUESTION_YES = "mail_question_yes"
    MAIL_QUESTION_NO = "mail_question_no"

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"^{self.value}(:\w+)?$")


EXPIRING: Final[frozenset[str]] = frozenset({
    Action.UNDO,
    Action.SCOREBOARD_UNDO,
    Action.INVITATION_CHANGE,
    Action.RESEND_ALL,
    Action.CANCEL_ALL,
    Action.REINVITE_ANYWAY,
    Action.SCHEDULES_CANCEL,
    Action.SCHEDULES_SEND,
    f"{Action.LINK_CHANGE}:revoke",
    Action.LEARNER_REMOVE,
    Action.STAFF_DISABLE,
    Action.IMPORT_RELEASE,
    Action.IMPORT_UNDO_CONFIRM,
})  # fmt: skip
"""What cannot be taken back easily, or not at all: such a button works for 15 minutes. An entry is an action, or one of
its buttons. Whatever asks "are you sure?" belongs here; what a person decides in their own time, such as a learner's
request, does not."""


def expiring(action_id: str) -> str | None:
    """The entry in EXPIRING that the button belongs to."""
    return next((each for each in (action_id, action_id.partition(":")[0]) if each in EXPIRING), None)


class Change(StrEnum):
    """What the menu beside an invitation offers."""

    RESEND = "resend"
    CANCEL = "cancel"
    CORRECT = "correct"


class Form(StrEnum):
    """callback_id of the modals."""

    COMPOSE = "invitations_form"
    CONFIRM = "batches_form"
    SEVERAL = "invitations_several_form"
    CORRECT = "invitations_correct_form"
    LINK_SETTINGS = "links_settings_form"
    IMPORT_CORRECT = "imports_correction_form"
    LEARNER = "learners_form"
    LEARNER_CONFIRM = "learners_confirm_form"
    IMPORT_INVITE = "imports_invitation_form"
    STAFF_INVITE = "staff_invitation_form"
    STAFF_CHANGE = "staff_change_form"
    NUDGE = "follow_ups_form"
    NOTHING = "nothing"
    """Shows something; there is nothing to submit."""


class Field(StrEnum):
    """block_id and action_id of the inputs; an error's ``field`` names the one it belongs to."""

    RUN = "run"
    ADDRESSES = "addresses"
    FILE = "file"
    WHEN = "when"
    NOTE = "note"
    ADDRESS = "address"
    CHOSEN = "chosen"
    CHANGE = "change"
    CAP = "cap"
    DOMAINS = "domains"
    CONFIRM = "confirm"
    EMAIL = "email"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    ROLE = "role"
    PROVIDERS = "providers"
    USERNAME = "username"
    PROVIDER = "provider"
    YEAR_GROUP = "year_group"
    HOUSE = "house"
    STREET = "street"
    LOCALITY = "locality"
    TOWN = "town"
    POSTCODE = "postcode"
    TELEPHONE = "telephone"
    ULN = "uln"
    UPN = "upn"
    CCIS = "ccis"
    DOB = "dob"
    GENDER = "gender"
    ANOTHER = "another"
    WORDS = "words"
