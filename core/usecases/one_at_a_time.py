"""Imports, reports of progress and changes by hand write many rows of an organisation: one of them at a time."""

from sqlalchemy import select

from core.context import Context
from core.model import Organisation


def lock_organisation(ctx: Context, organisation_id: int) -> Organisation:
    """Until this transaction ends nobody else who asks for this writes.

    It leaves the key alone: else whoever adds a row of the organisation, of the audit too, would wait as well.
    """
    query = select(Organisation).where(Organisation.id == organisation_id)
    return ctx.session.scalars(query.with_for_update(key_share=True)).one()
