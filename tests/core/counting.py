"""The smallest world in which a write can be lost or doubled: one organisation with a count."""

from msgspec import Struct
from sqlalchemy import select, update

from core.app import App
from core.context import Context
from core.model import AuditEntry, Organisation
from tests.factories import SYSTEM, SeededTokens, make_app


class Raise(Struct, frozen=True):
    """Raises the batch count of the only organisation."""

    organisation_id: int = 1


class Raised(Struct, frozen=True):
    count: int


def raise_count(ctx: Context, command: Raise) -> Raised:
    statement = update(Organisation).where(Organisation.id == command.organisation_id)
    statement = statement.values(batch_count=Organisation.batch_count + 1)
    return Raised(ctx.session.execute(statement.returning(Organisation.batch_count)).scalar_one())


def read_count(ctx: Context, command: None) -> int:
    return ctx.session.scalars(select(Organisation.batch_count)).one()


def plant_organisation(ctx: Context, command: None) -> None:
    ctx.session.add(
        Organisation(id=1, slug="northfield", name="Northfield", time_zone="UTC", created_at=ctx.now, batch_count=0)
    )


def another(app: App) -> App:
    """As in another process: it shares the database only."""
    other = make_app(app.engine)
    other.tokens = SeededTokens(8)
    return other


def audit_of(app: App) -> list[AuditEntry]:
    return app.read(lambda ctx, _command: list(ctx.session.scalars(select(AuditEntry))), None, SYSTEM)


def outcomes(app: App, action: str) -> list[str]:
    return [entry.outcome for entry in audit_of(app) if entry.action == action]
