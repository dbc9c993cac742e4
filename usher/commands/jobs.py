"""``usher jobs``: the background engine, looked at and helped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from core.settings import load_settings
from core.usecases.workers import ListWorkers, list_workers
from usher.wiring import OPERATOR, operator_app

if TYPE_CHECKING:
    from dbos import DBOSClient


@click.group()
def jobs() -> None:
    """Background work. Messages are never lost with a job: what is due is swept into new ones."""


@jobs.command()
def stats() -> None:
    """Count what waits, runs or failed."""
    from worker.console import job_counts

    with _client() as client:
        counts = job_counts(client)
    for count in counts:
        click.echo(f"{count.jobs:>7}  {count.status.lower():<10} {count.queue}")
    if not counts:
        click.echo("Nothing waits, runs or failed.")


@jobs.command()
def failed() -> None:
    """List the jobs that failed."""
    from worker.console import failed_jobs

    with _client() as client:
        shown = failed_jobs(client)
    for job in shown:
        click.echo(f"{job.job_id}  {job.queue}  {job.created_at:%Y-%m-%d %H:%M}  {job.status.lower()}")
    click.echo(f"{len(shown)} failed." + (" Run one again with “usher jobs replay ID”." if shown else ""))


@jobs.command()
@click.argument("job_id")
def replay(job_id: str) -> None:
    """Run the job JOB_ID again from its start. What was sent is not sent again."""
    from worker.console import replay_job

    with _client() as client:
        replay_job(client, job_id)
    click.echo("It will run within a second.")


@jobs.command()
@click.argument("job_id")
@click.confirmation_option(prompt="Messages that are still due get a new job. Cancel this one?")
def cancel(job_id: str) -> None:
    """Cancel the job JOB_ID. To keep messages unsent, recall their batch instead."""
    from worker.console import cancel_job

    with _client() as client:
        cancel_job(client, job_id)
    click.echo("Cancelled.")


@jobs.command()
def workers() -> None:
    """List the workers and when each was last heard of."""
    with operator_app() as app:
        shown = app.read(list_workers, ListWorkers(), OPERATOR).workers
    for worker in shown:
        state = "taken for dead" if worker.is_reaped else "silent" if worker.is_silent else "well"
        click.echo(f"{worker.executor}  {state}  heard {worker.beat_at:%Y-%m-%d %H:%M:%S} UTC")
    if not shown:
        click.echo("No worker has ever run here.")


@jobs.command()
def reap() -> None:
    """Give the work of silent workers to the living. Workers do this by themselves."""
    from worker.pulse import reap_dead

    with operator_app() as app, _client() as client:
        dead = reap_dead(app, client, executor="")
    click.echo(f"{len(dead)} silent workers reaped{': ' + ', '.join(dead) if dead else ''}.")


@contextmanager
def _client() -> Iterator[DBOSClient]:
    from usher.migrating import require_ready
    from worker.client import open_client

    url = load_settings().database_url
    # The engine would try for ever to reach a database that is away.
    require_ready(url)
    client = open_client(url)
    try:
        yield client
    finally:
        client.destroy()
