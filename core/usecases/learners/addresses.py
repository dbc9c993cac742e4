"""The address that stands for a learner wherever one is shown."""

from typing import Final

from sqlalchemy import func, select

from core.model import Learner, LearnerAddress

# For a query of Learner: no statement more, however many learners it finds.
FIRST_ADDRESS: Final = (
    select(LearnerAddress.address)
    .where(LearnerAddress.learner_id == Learner.id)
    .order_by(LearnerAddress.id)
    .limit(1)
    .scalar_subquery()
)
"""Of all that they are known by."""
OWN_OR_FIRST_ADDRESS: Final = func.coalesce(Learner.email, FIRST_ADDRESS)
"""The one on their record, or else, of whoever joined by an invitation or a shared link, that one."""
