"""The running demo tells its stories, to fewer than ``usher demo --once`` does."""

from datetime import timedelta
from pathlib import Path

import pytest

from usher.demo.life import join_long_ago
from usher.demo.running import running_demo
from usher.demo.story.telling import tell_stories


@pytest.mark.slow  # The stories tell more every day, and the demo's page plays this.
async def test_three_stories_are_told_by_signed_requests_and_by_mail(tmp_path: Path) -> None:
    async with running_demo(tmp_path, recall_window=timedelta(0), live=join_long_ago) as demo:
        figures = await tell_stories(demo, addresses=8)

    told = figures.as_json()
    assert figures.differences(8) == []
    assert 0 < told["seconds_to_first_mail"] <= told["seconds_to_all_sent"]
    assert told["import"]["workbook"] == "Year 12 learners (checked).xlsx"
    assert told["digest"]["headline"].startswith("2 learners at risk, ")
