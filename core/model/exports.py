"""Files that staff members asked for. Only the wish is kept: the file is made when it is fetched.

Export:

    ordered --fetched, as often as wanted--> ordered --72 hours--> ended (derived from ``ends_at``)
"""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Id
from core.model.base import Base, OrganisationOwned, closed_set
from core.words import ExportForm, ExportKind, Subject


class Export(OrganisationOwned, Base):
    """For whoever asked, and nobody else. What may stand in it is decided when it is fetched."""

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(Id, ForeignKey("staff_member.id"))
    kind: Mapped[ExportKind] = mapped_column(closed_set(ExportKind))
    form: Mapped[ExportForm] = mapped_column(closed_set(ExportForm))
    run_id: Mapped[int | None] = mapped_column(Id, ForeignKey("course_run.id"))
    """Of progress: None is all runs."""
    month: Mapped[str] = mapped_column(String(7), default="")
    """Of costs: as in 2026-10."""
    about: Mapped[Subject | None] = mapped_column(closed_set(Subject))
    """Of a history, like the next: whose."""
    about_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
