"""Whether the data keys that are set open what is stored: one that was taken away is missed before a learner is."""

from msgspec import Struct
from sqlalchemy import select

from core import access
from core.context import Context
from core.model import Organisation
from core.usecases.imports.values import MATCH_KEY_PLACE


class CheckDataKeys(Struct, frozen=True):
    pass


class DataKeysChecked(Struct, frozen=True):
    locked: tuple[str, ...]
    """Short names of the organisations whose stored secret no key opens. From its first import on each has one."""


def check_data_keys(ctx: Context, command: CheckDataKeys) -> DataKeysChecked:
    access.require_system(ctx)
    vault = ctx.vault
    stored = ctx.session.execute(
        select(Organisation.slug, Organisation.match_key)
        .where(Organisation.match_key.is_not(None))
        .order_by(Organisation.slug)
    )
    return DataKeysChecked(tuple(row.slug for row in stored if not vault.opens(row.match_key, MATCH_KEY_PLACE)))
