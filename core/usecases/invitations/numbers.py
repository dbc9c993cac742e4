"""The numbers of batches, as in B-0041: counted by the organisation, kept for a preview that came by e-mail."""

from sqlalchemy import update

from core.context import Context
from core.model import Organisation


def next_numbers(ctx: Context, organisation_id: int, count: int) -> range:
    """Fresh ones. The row's lock keeps two confirmations from sharing one."""
    last = ctx.session.execute(
        update(Organisation)
        .where(Organisation.id == organisation_id)
        .values(batch_count=Organisation.batch_count + count)
        .returning(Organisation.batch_count)
    ).scalar_one()
    return range(last - count + 1, last + 1)
