"""What holds for an organisation, and the asker's own digest, in one place. Each has a verb that changes it."""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.usecases.digests.settings import DigestPlanShown, ShowDigestPlan, show_digest_plan
from core.usecases.imports.rules import ImportPolicyShown, ShowImportPolicy, show_import_policy
from core.usecases.invitations.quiet_hours import QuietHoursShown, ShowQuietHours, show_quiet_hours
from core.usecases.learners.ethnicity import EthnicityShown, ShowEthnicity, show_ethnicity


class ShowRules(Struct, frozen=True):
    pass


class RulesShown(Struct, frozen=True):
    quiet: QuietHoursShown
    imports: ImportPolicyShown
    ethnicity: EthnicityShown
    digest: DigestPlanShown

    @property
    def organisation(self) -> str:
        return self.quiet.organisation


def show_rules(ctx: Context, command: ShowRules) -> RulesShown:
    access.require_staff(ctx, Permission.VIEW)
    return RulesShown(
        show_quiet_hours(ctx, ShowQuietHours()),
        show_import_policy(ctx, ShowImportPolicy()),
        show_ethnicity(ctx, ShowEthnicity()),
        show_digest_plan(ctx, ShowDigestPlan()),
    )
