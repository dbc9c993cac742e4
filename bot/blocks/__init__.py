"""Block Kit builders: one pure function a result, found by the result's class name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.blocks.batches import draw_invited, draw_preview, draw_recalled
from bot.blocks.costs import draw_budgets, draw_costs
from bot.blocks.courses import draw_courses, draw_run
from bot.blocks.data_rules import draw_ethnicity, draw_ethnicity_erased, draw_import_policy
from bot.blocks.digests import draw_digest, draw_digest_plan
from bot.blocks.exports import draw_ordered
from bot.blocks.follow_ups import draw_follow_up_undone, draw_noted, draw_nudge, draw_nudged
from bot.blocks.gathering import draw_gathered
from bot.blocks.held_mail import draw_held_mail, draw_refused, draw_released
from bot.blocks.help import draw_compose, draw_help
from bot.blocks.history import draw_history
from bot.blocks.home import draw_home
from bot.blocks.house_rules import draw_rules
from bot.blocks.import_orders import draw_order, draw_work_ordered
from bot.blocks.imports import (
    draw_copy_ordered,
    draw_import,
    draw_import_rows,
    draw_import_settled,
    draw_import_undone,
    draw_imports,
    draw_template_offered,
    draw_undo_preview,
)
from bot.blocks.invitation_changes import draw_cancelled_several, draw_corrected, draw_resent_several, draw_restored
from bot.blocks.invitations import draw_cancelled, draw_list, draw_resent, draw_undelivered
from bot.blocks.learners import (
    draw_compose_learner,
    draw_data_page,
    draw_erasure,
    draw_learner,
    draw_learner_change_undone,
    draw_learner_removed,
    draw_learner_saved,
    draw_learners,
    draw_removal,
)
from bot.blocks.link_requests import draw_approved, draw_declined, draw_request
from bot.blocks.mail_questions import draw_discarded, draw_mail_questions, draw_question_closed
from bot.blocks.parts import Block, Message
from bot.blocks.progress import draw_learner_progress, draw_named, draw_progress, draw_report, draw_reports
from bot.blocks.quiet_hours import draw_quiet_hours
from bot.blocks.reminder_rules import draw_reminders
from bot.blocks.schedules import draw_scheduled
from bot.blocks.scoreboards import draw_scoreboard
from bot.blocks.shared_links import draw_changed, draw_link, draw_links, draw_outside_join
from bot.blocks.slack_identity import draw_bound, draw_linked, draw_mailed, draw_unlinked
from bot.blocks.staff import (
    draw_colleague,
    draw_colleague_changed,
    draw_colleague_disabled,
    draw_colleague_enabled,
    draw_colleague_invited,
    draw_compose_staff,
    draw_staff,
)
from bot.blocks.unreached import draw_unreached

__all__ = ["BUILDERS", "Block", "Message", "draw"]

BUILDERS: Mapping[str, Callable[[Any], Message]] = MappingProxyType(
    {
        "AddressCorrected": draw_corrected,
        "AccountUnlinked": draw_unlinked,
        "AddressesGathered": draw_gathered,
        "BatchProgress": draw_scoreboard,
        "BatchRecalled": draw_recalled,
        "BudgetsShown": draw_budgets,
        "CodeMailed": draw_mailed,
        "ColleagueChanged": draw_colleague_changed,
        "ColleagueDisabled": draw_colleague_disabled,
        "ColleagueEnabled": draw_colleague_enabled,
        "ColleagueInvited": draw_colleague_invited,
        "ColleagueShown": draw_colleague,
        "ComposeInvitation": draw_compose,
        "CostsShown": draw_costs,
        "CopyOrdered": draw_copy_ordered,
        "CoursesListed": draw_courses,
        "DataPageShown": draw_data_page,
        "ErasurePreviewed": draw_erasure,
        "ComposeStaffInvitation": draw_compose_staff,
        "EthnicityErased": draw_ethnicity_erased,
        "EthnicityShown": draw_ethnicity,
        "DigestPlanShown": draw_digest_plan,
        "DigestShown": draw_digest,
        "ExportOrdered": draw_ordered,
        "HeldMailRefused": draw_refused,
        "HeldMailReleased": draw_released,
        "HeldMailShown": draw_held_mail,
        "Help": draw_help,
        "HistoryShown": draw_history,
        "HomeShown": draw_home,
        "ImportRowsListed": draw_import_rows,
        "ImportSettled": draw_import_settled,
        "ImportShown": draw_import,
        "ImportUndone": draw_import_undone,
        "OrderShown": draw_order,
        "WorkOrdered": draw_work_ordered,
        "ImportsListed": draw_imports,
        "ImportPolicyShown": draw_import_policy,
        "InvitationCancelled": draw_cancelled,
        "InvitationPreviewed": draw_preview,
        "InvitationResent": draw_resent,
        "InvitationsCancelled": draw_cancelled_several,
        "InvitationsListed": draw_list,
        "UndeliveredListed": draw_undelivered,
        "InvitationsResent": draw_resent_several,
        "InvitationsRestored": draw_restored,
        "ComposeLearner": draw_compose_learner,
        "LearnerChangeUndone": draw_learner_change_undone,
        "LearnerRemoved": draw_learner_removed,
        "LearnerNudged": draw_nudged,
        "NudgePreviewed": draw_nudge,
        "FollowUpNoted": draw_noted,
        "FollowUpUndone": draw_follow_up_undone,
        "LearnerSaved": draw_learner_saved,
        "LearnerShown": draw_learner,
        "LearnerProgressShown": draw_learner_progress,
        "LearnersInvited": draw_invited,
        "LearnersListed": draw_learners,
        "RemovalPreviewed": draw_removal,
        "LinkRequestApproved": draw_approved,
        "LinkRequestDeclined": draw_declined,
        "LinkRequestShown": draw_request,
        "MailQuestionsShown": draw_mail_questions,
        "NamedInFeed": draw_named,
        "OutsideJoin": draw_outside_join,
        "PreviewDiscarded": draw_discarded,
        "ProgressShown": draw_progress,
        "QuestionClosed": draw_question_closed,
        "ReportShown": draw_report,
        "ReportsListed": draw_reports,
        "RunShown": draw_run,
        "SharedLinkChanged": draw_changed,
        "SharedLinkShown": draw_link,
        "SharedLinksListed": draw_links,
        "QuietHoursShown": draw_quiet_hours,
        "RemindersShown": draw_reminders,
        "RulesShown": draw_rules,
        "ScheduledListed": draw_scheduled,
        "StaffLinked": draw_linked,
        "StaffListed": draw_staff,
        "TemplateOffered": draw_template_offered,
        "UndoPreviewed": draw_undo_preview,
        "UnreachedShown": draw_unreached,
        "WorkspaceBound": draw_bound,
    }
)


def draw(result: object) -> Message:
    return BUILDERS[type(result).__name__](result)
