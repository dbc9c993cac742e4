"""``usher keys new``: fresh secrets for the settings."""

import base64
import os
from pathlib import Path

import click

_NAMES = ("USHER_LINK_KEYS", "USHER_DATA_KEY")


@click.group()
def keys() -> None:
    """Keys that sign links and encrypt what is stored."""


@keys.command()
@click.option("--write", is_flag=True, help="Put them into .env of this folder, unless they are there already.")
def new(*, write: bool) -> None:
    """Make new keys."""
    lines = [f"{name}={base64.b64encode(os.urandom(32)).decode()}" for name in _NAMES]
    if not write:
        click.echo("\n".join(lines))
        return
    path = Path(".env")
    there = path.read_text() if path.is_file() else ""
    missing = [line for line in lines if line.split("=")[0] + "=" not in there]
    if missing:
        # Created private before the first byte is written.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(("\n" if there and not there.endswith("\n") else "") + "\n".join(missing) + "\n")
    click.echo(f"{len(missing)} new keys written to .env; {len(_NAMES) - len(missing)} were there already.")
