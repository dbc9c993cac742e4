"""Answers by e-mail: one pure builder a result, found by the result's class name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mail.answers import (
    asides,
    batches,
    costs,
    courses,
    data_rules,
    digests,
    exports,
    history,
    imports,
    invitations,
    learners,
    progress,
    rules,
    shared_links,
    staff,
)
from mail.answers.document import Answer, Teller, cleaned

__all__ = ["BUILDERS", "Answer", "Teller", "tell"]

BUILDERS: Mapping[str, Callable[[Any, Teller], Answer]] = MappingProxyType({
    "AddressCorrected": invitations.tell_corrected,
    "BatchProgress": batches.tell_progress,
    "BatchRecalled": batches.tell_recalled,
    "BudgetsShown": costs.tell_budgets,
    "ColleagueInvited": staff.tell_invited,
    "ColleagueShown": staff.tell_colleague,
    "CostsShown": costs.tell_costs,
    "CoursesListed": courses.tell_courses,
    "DigestPlanShown": digests.tell_digest_plan,
    "DigestShown": digests.tell_digest,
    "EthnicityErased": data_rules.tell_ethnicity_erased,
    "EthnicityShown": data_rules.tell_ethnicity,
    "DataPageShown": learners.tell_data_page,
    "ErasurePreviewed": learners.tell_erasure,
    "ExportOrdered": exports.tell_ordered,
    "Help": asides.tell_help,
    "HistoryShown": history.tell_history,
    "ImportLeft": imports.tell_left,
    "ImportReport": imports.tell_report,
    "ImportRowsListed": imports.tell_rows,
    "ImportUndone": imports.tell_undone,
    "ImportsListed": imports.tell_list,
    "ImportPolicyShown": data_rules.tell_import_policy,
    "InvitationCancelled": invitations.tell_cancelled,
    "InvitationPreviewed": batches.tell_preview,
    "InvitationResent": invitations.tell_resent,
    "InvitationsCancelled": invitations.tell_cancelled_several,
    "InvitationsListed": invitations.tell_list,
    "InvitationsResent": invitations.tell_resent_several,
    "InvitationsRestored": invitations.tell_restored,
    "InvitedAtOnce": batches.tell_at_once,
    "LearnerChangeUndone": learners.tell_undone,
    "LearnerRemoved": learners.tell_removed,
    "LearnerShown": learners.tell_learner,
    "LearnersInvited": batches.tell_invited,
    "LearnersListed": learners.tell_learners,
    "LearnerProgressShown": progress.tell_learner,
    "NamedInFeed": progress.tell_named,
    "NotUnderstood": asides.tell_not_understood,
    "PreviewDiscarded": batches.tell_discarded,
    "PreviewNumbered": batches.tell_numbered,
    "ProgressShown": progress.tell_progress,
    "QuestionClosed": asides.tell_closed,
    "QuietHoursShown": rules.tell_quiet_hours,
    "RemindersShown": rules.tell_reminders,
    "ReplyAwaited": asides.tell_question,
    "ReportShown": progress.tell_report,
    "ReportsListed": progress.tell_reports,
    "RequestRefused": asides.tell_refused,
    "RunShown": courses.tell_run,
    "ScheduledListed": rules.tell_scheduled,
    "SharedLinkChanged": shared_links.tell_changed,
    "SharedLinkShown": shared_links.tell_link,
    "SharedLinksListed": shared_links.tell_links,
    "SheetRecognised": asides.tell_sheet,
    "StaffListed": staff.tell_staff,
    "TemplateOffered": imports.tell_template,
    "UndoPreviewed": imports.tell_undo_preview,
    "WentWrong": asides.tell_went_wrong,
})  # fmt: skip


def tell(result: object, teller: Teller) -> Answer:
    return cleaned(BUILDERS[type(result).__name__](result, teller))
