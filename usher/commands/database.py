"""``usher migrate``."""

import click

from core.settings import load_settings


@click.command()
def migrate() -> None:
    """Bring the database to the version of this program. Safe to repeat."""
    from core.database import open_engine
    from usher.migrating import upgrade
    from worker.engine import migrate as migrate_engine

    settings = load_settings()
    engine = open_engine(settings.database_url, pool_size=1)
    upgrade(engine)
    engine.dispose()
    migrate_engine(settings.database_url)
    click.echo("The database is ready.")
