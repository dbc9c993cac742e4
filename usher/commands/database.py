"""``usher migrate``."""

import click

from core.settings import load_settings


@click.command()
def migrate() -> None:
    """Bring the database to the version of this program. Safe to repeat."""
    from usher.migrating import bring_up_to_date

    bring_up_to_date(load_settings().database_url)
    click.echo("The database is ready.")
