"""What happens to a test whose server is not installed: a visible skip, and with CI=true a failure."""

import os
from collections.abc import Callable, Generator

import pytest

_REASON = "missing server"


def require(missing: Callable[[], str | None]) -> None:
    """Skips the test when the server's module says that something is missing."""
    absent = missing()
    if absent is not None:
        pytest.skip(f"{_REASON}: {absent}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_to_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_to_skip(report)
    return report


def _refuse_to_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    # A skip is reported as (file, line, "Skipped: reason").
    if os.environ.get("CI") != "true" or not report.skipped or not isinstance(report.longrepr, tuple):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if reason.startswith(_REASON):
        report.outcome = "failed"
        report.longrepr = reason
