"""What becomes of a file in which rows have problems: an organisation's rule, set by its owners."""

from msgspec import Struct

from core import access
from core.access import Permission
from core.context import Context
from core.errors import ImportPolicyUnknown
from core.model import Organisation
from core.rules.text import folded
from core.words import ImportPolicy


class ShowImportPolicy(Struct, frozen=True):
    pass


class SetImportPolicy(Struct, frozen=True):
    """``policy`` as typed: ``good-rows``, or ``good rows``."""

    policy: str


class ImportPolicyShown(Struct, frozen=True):
    organisation: str
    policy: ImportPolicy
    is_changed: bool = False


def show_import_policy(ctx: Context, command: ShowImportPolicy) -> ImportPolicyShown:
    staff = access.require_staff(ctx, Permission.VIEW)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    return ImportPolicyShown(organisation.name, organisation.import_policy)


def set_import_policy(ctx: Context, command: SetImportPolicy) -> ImportPolicyShown:
    """Of files that come from now on; setting it back undoes it. Raises ImportPolicyUnknown."""
    staff = access.require_staff(ctx, Permission.SET_RULES)
    organisation = ctx.session.get_one(Organisation, staff.organisation_id)
    organisation.import_policy = _read(command.policy)
    return ImportPolicyShown(organisation.name, organisation.import_policy, is_changed=True)


def _read(words: str) -> ImportPolicy:
    plain = "-".join(folded(words).replace("-", " ").split())
    try:
        return ImportPolicy(plain)
    except ValueError:
        raise ImportPolicyUnknown(words=words[:60]) from None
