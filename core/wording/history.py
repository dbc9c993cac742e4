"""What every door says alike of a deed: "Sam Lee invited 212 people to Maths (B-0041), from Slack".

``DEEDS`` has a sentence for every use case that does something; a test finds one that has none. Plain text.
"""

from typing import Final

from core.context import Door
from core.usecases.history.history import Deed, HistoryShown
from core.wording.results import batch_name, counted
from core.words import ImportSubject, Subject

DOORS: Final[dict[Door, str]] = {
    Door.SLACK: "from Slack",
    Door.MAIL: "by e-mail",
    Door.WEB: "on the web page",
    Door.CLI: "from the command line",
    Door.WORKER: "by itself",
}

# fmt: off
DEEDS: Final[dict[str, str]] = {
    # Invitations
    "prepare_invitation": "{who} looked at a preview of an invitation",
    "prepare_import_invitation": "{who} looked at a preview of an invitation",
    "gather_addresses": "{who} gathered addresses to invite",
    "choose_run": "{who} chose the run for an invitation",
    "invite_learners": "{who} invited {people} to {run}{batch}",
    "invite_by_mail": "{who} invited {people} to {run}{batch}",
    "invite_import_by_mail": "{who} invited {people} of an import to {run}{batch}",
    "reinvite_learner": "{who} invited {people} to {run} again{batch}",
    "correct_address": "{who} corrected the address of an invitation to {run}{batch}",
    "discard_preview": "{who} said no to an invitation",
    "close_question": "{who} said no to what they had asked for",
    "confirm_question": "{who} said yes in Slack to what they had asked for by e-mail",
    "decline_question": "{who} said no in Slack to what they had asked for by e-mail",
    "recall_batch": "{who} took back {invitations} to {run}{batch}",
    "send_now": "{who} sent {invitations} to {run} at once{batch}",
    "resend_invitation": "{who} sent {invitations} to {run} again",
    "resend_invitations": "{who} sent {invitations} to {run} again",
    "cancel_invitation": "{who} cancelled {invitations} to {run}",
    "cancel_invitations": "{who} cancelled {invitations} to {run}",
    "restore_invitations": "{who} brought {invitations} to {run} back",
    "approve_link_request": "{who} gave {learner} a new link to {run}",
    "decline_link_request": "{who} gave {learner} no new link to {run}",
    "accept_invitation": "{who} accepted the invitation to {run}",
    "decline_invitation": "{who} declined the invitation to {run}",
    "ask_for_link": "{who} asked for a new link to {run}",
    "stop_invitations": "{who} asked for no more e-mails",
    "stop_by_mail": "{learner_first} asked for no more e-mails",
    "lift_suppression": "{who} let an address be written to again",
    "lift_suppression_in": "{who} let an address be written to again",
    "set_reminders": "{who} changed when {run} is reminded of",
    "show_reminders": "{who} looked at when a run is reminded of",
    "set_quiet_hours": "{who} set the quiet hours",
    "show_quiet_hours": "{who} looked at the quiet hours",
    # Shared links
    "create_shared_link": "{who} made {link}",
    "change_shared_link": "{who} changed the settings of {link}",
    "pause_shared_link": "{who} paused {link}",
    "resume_shared_link": "{who} resumed {link}",
    "revoke_shared_link": "{who} took back {link}",
    "restore_shared_link": "{who} brought back {link}",
    "extend_shared_link": "{who} extended {link}",
    "join_by_link": "{who} joined {run} by its shared link",
    "join_together": "{people} joined {run} by its shared link",
    "confirm_join": "{who} confirmed their address and joined {run} by its shared link",
    "stop_mails_of_request": "{who} asked for no more e-mails",
    "stop_mails_of_place": "{who} asked for no more e-mails",
    # Learners
    "see_learner_details": "{who} looked at what is stored encrypted about {learner}",
    "prepare_learner": "{who} looked at a preview of a learner",
    "save_learner": "{who} created or changed {learner}",
    "remove_learner": "{who} removed {learner}",
    "undo_learner_change": "{who} took back what was done to {learner}",
    "load_access_codes": "{who} took access codes of learners",
    "erase_learner": "{who} erased {learner}",
    "forget_strangers_mail": "{who} erased mail about a learner",
    "export_learner": "{who} took all that is stored about {learner}",
    "store_ethnicity": "{who} had ethnicity stored",
    "stop_ethnicity": "{who} had ethnicity stored no longer",
    "erase_ethnicity": "{who} erased ethnicity",
    "erase_ethnicity_in": "{who} erased ethnicity",
    "show_ethnicity": "{who} looked at whether ethnicity is stored",
    "show_rules": "{who} looked at the rules",
    # Imports
    "receive_import": "{who} sent {import}",
    "import_by_mail": "{who} sent {import}",
    "finish_checking": "{import_first}, which {who} had sent, was checked",
    "apply_import": "{import_first}, which {who} had sent, was checked{rows}",
    "release_import": "{who} imported the good rows of {import}{rows}",
    "undo_import": "{who} undid {import}",
    "undo_by_mail": "{who} asked to undo {import}",
    "leave_import": "{who} said no to {import}",
    "correct_rows": "{who} corrected rows of {import}",
    "order_copy": "{who} asked for the marked workbook of {import}",
    "copy_by_mail": "{who} asked for the marked workbook of {import}",
    "order_work": "{who} pressed a button to release or undo {import}",
    "order_by_mail": "{who} asked to release or undo {import}",
    "begin_order": "{who} took up what was ordered of an import",
    "fulfil_order": "{who} had {import} released or undone",
    "refuse_order": "{who} could not do what was ordered of an import",
    "give_up_import": "{who} gave up {import}",
    "offer_template": "{who} asked for the template",
    "set_import_policy": "{who} set what becomes of files with problems",
    "show_import_policy": "{who} looked at what becomes of files with problems",
    "import_catalogue": "{who} took in courses and runs",
    # Progress, exports, costs, digests
    "set_risk_rule": "{who} changed by which rule learners of {run} are at risk",
    "prepare_nudge": "{who} looked at a nudge",
    "nudge_learner": "{who} nudged {learner} about {run}",
    "snooze_learner": "{who} snoozed {learner} in {run}",
    "note_spoken": "{who} noted that they had spoken to {learner} about {run}",
    "undo_follow_up": "{who} took back what was noted about {learner} in {run}",
    "receive_progress": "{who} sent a report of progress",
    "report_by_mail": "{who} sent a report of progress",
    "give_up_report": "{who} gave up a report of progress",
    "settle_report": "{who}'s report of progress was read",
    "confirm_report": "{who} confirmed a report of progress",
    "confirm_by_mail": "{who} confirmed a report of progress",
    "name_in_feed": "{who} said who or what a name in a report of progress means",
    "export_progress": "{who} asked for the progress of {runs} as a file",
    "export_costs": "{who} asked for costs as a file",
    "export_history": "{who} asked for a history as a file",
    "fetch_export": "{who} downloaded a file",
    "set_budget": "{who} set a budget",
    "waive_charge": "{who} waived what the enrolment of {learner} in {run} costs",
    "restore_charge": "{who} charged the enrolment of {learner} in {run} again",
    "set_digest": "{who} chose when their digest comes",
    "stop_digest": "{who} switched their digest off",
    "stop_digest_mail": "{who} switched their digest off",
    "show_digest_plan": "{who} looked at when their digest comes",
    # Staff
    "invite_colleague": "{who} invited {colleague} to the staff",
    "invite_staff_member": "{who} invited {colleague} to the staff",
    "reinvite_colleague": "{who} invited {colleague} to the staff again",
    "accept_staff_invitation": "{colleague_first} joined the staff",
    "change_colleague": "{who} changed what {colleague} may do",
    "disable_colleague": "{who} disabled {colleague}",
    "disable_staff_member": "{who} disabled {colleague}",
    "enable_colleague": "{who} enabled {colleague} again",
    "accept_terms": "{who} accepted the terms",
    "ask_to_sign_in": "somebody asked to sign in",
    "sign_in_by_link": "somebody signed in",
    "sign_in_by_code": "somebody signed in",
    "sign_out": "somebody signed out",
    # Slack
    "bind_workspace": "{who} connected a Slack workspace",
    "ask_for_code": "{who} asked for a code to connect Slack",
    "confirm_code": "{colleague_first} connected their Slack account",
    "count_wrong_code": "{who} typed a wrong code",
    "unlink_account": "{who} disconnected their Slack account",
    "note_person_left": "somebody left Slack",
    "begin_installation": "{who} began to install Usher in Slack",
    "install_app": "{who} installed Usher in Slack",
    "remove_installation": "Usher was removed from Slack",
    # Mail that waits
    "confirm_held_mail": "{who} said that a held message is theirs",
    "deny_held_mail": "{who} said that a held message is not theirs",
    "release_held_mail": "{who} said that a held message is theirs",
    "refuse_held_mail": "{who} said that a held message is not theirs",
    "run_received": "{who} ran a message again",
    "release_received": "{who} released a message",
    "ignore_received": "{who} put a message aside",
    "retry_held": "{who} had a held message sent again",
    # Operators
    "create_organisation": "{who} made the organisation",
    "new_setup_code": "{who} made a set-up code",
    "add_provider": "{who} added a provider",
    "add_agreement": "{who} added an agreement",
    "add_mailbox": "{who} added a mailbox",
    "change_mailbox_secret": "{who} changed a mailbox's password",
    "switch_mailbox": "{who} switched a mailbox",
    "decide_old_mail": "{who} decided about old mail",
    "remove_mailbox": "{who} removed a mailbox",
    "forget_old": "{who} forgot what is too old",
}
# fmt: on


def deed_words(deed: Deed) -> str:
    """Who did what, through which door; not when."""
    told = deed.told
    words = {
        "who": _who(deed),
        "people": _people(deed),
        "invitations": _invitations(deed),
        "learner": told.learner or "a learner",
        "learner_first": told.learner or "A learner",
        "colleague": told.colleague or "a colleague",
        "colleague_first": told.colleague or "A colleague",
        "run": told.run or "a run",
        "runs": told.run or "several runs",
        "link": f"the shared link of {told.link}" if told.link else "a shared link",
        "batch": f" ({batch_name(told.batches)})" if told.batches else "",
        "import": f"import I-{told.import_number:04d}" if told.import_number else "a spreadsheet",
        "import_first": f"Import I-{told.import_number:04d}" if told.import_number else "A spreadsheet",
        "rows": _rows(deed),
    }
    sentence = DEEDS.get(deed.action, "{who} did something").format(**words)
    # An address stays as it is.
    begin = sentence[:1] if "@" in sentence.partition(" ")[0] else sentence[:1].upper()
    return f"{begin}{sentence[1:]}, {DOORS[deed.door]}"


def _who(deed: Deed) -> str:
    match deed.actor:
        case "staff":
            return deed.who or "a colleague"
        case "link holder":
            return deed.told.learner or deed.told.colleague or "a learner"
        case "operator":
            return "the operator"
        case "system":
            return "Usher"
    return deed.told.colleague or "somebody in Slack"


def _people(deed: Deed) -> str:
    if deed.amount == 1 and deed.told.learner:
        return deed.told.learner
    return "people" if deed.amount is None else counted(deed.amount, "person", "people")


def _rows(deed: Deed) -> str:
    """What it did then, and not what became of the import since. Of one that is held or rejected it did nothing."""
    if not deed.amount:
        return ": nobody was created or updated" if _is_of_learners(deed) else ": no run was created or updated"
    return f": {counted(deed.amount, 'learner' if _is_of_learners(deed) else 'run')} created or updated"


def _is_of_learners(deed: Deed) -> bool:
    return deed.told.import_subject is ImportSubject.LEARNERS


def _invitations(deed: Deed) -> str:
    if (deed.amount or 1) == 1:
        return f"the invitation of {deed.told.learner}" if deed.told.learner else "an invitation"
    return counted(deed.amount or 0, "invitation")


WHOSE: Final[dict[Subject, str]] = {
    Subject.BATCH: "batch {name}",
    Subject.IMPORT: "import {name}",
    Subject.INVITATION: "{name}",
    Subject.LEARNER: "{name}",
    Subject.LINK: "the shared link of {name}",
    Subject.RUN: "run {name}",
    Subject.STAFF: "{name}",
}


def history_head(shown: HistoryShown) -> str:
    """As in "12 deeds in the history of batch B-0041.", as a sentence."""
    whose = WHOSE[shown.kind].format(name=shown.name)
    if not shown.total:
        return f"Nothing is noted in the history of {whose} yet."
    least = "At least " if shown.has_more else ""
    return f"{least}{counted(shown.total, 'entry', 'entries')} in the history of {whose}."


def file_words(shown: HistoryShown) -> str:
    """What to write for all of it as a file."""
    return f"history export {shown.words}"
