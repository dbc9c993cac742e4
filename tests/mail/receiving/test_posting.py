import asyncio

import pytest
from msgspec.structs import replace

from core.jobs import Job, JobKind
from mail.receiving.posting import Posting
from tests.copies import SqliteCopies
from tests.factories import RecordedJobs, School
from tests.mail.asking import Writer
from tests.mail.inbox.watching import until


@pytest.fixture
def writer(sqlite_school: SqliteCopies[School]) -> Writer:
    sqlite_school.renew()
    school = replace(sqlite_school.filling, app=sqlite_school.app())
    return Writer(school, school.owner)


async def test_answers_of_a_moment_are_one_job_and_each_is_in_one_only(writer: Writer) -> None:
    posting = Posting(writer.app)
    for _ in range(3):
        writer.write("courses")

    task = asyncio.create_task(posting.run())
    posting.nudge()
    await until(lambda: answers_of(writer))
    writer.write("courses")
    posting.nudge()
    posting.stop()
    await task

    first, second = answers_of(writer)
    assert (len(first.ids), len(second.ids)) == (3, 1)
    assert not set(first.ids) & set(second.ids)


async def test_what_was_nudged_before_the_stop_is_posted(writer: Writer) -> None:
    posting = Posting(writer.app)
    writer.write("courses")

    posting.nudge()
    posting.stop()
    await asyncio.create_task(posting.run())

    assert len(answers_of(writer)) == 1


def answers_of(writer: Writer) -> list[Job]:
    assert isinstance(writer.app.jobs, RecordedJobs)
    return [job for job in writer.app.jobs.jobs if job.kind is JobKind.SEND_MAIL and "swept" in job.key]
