"""Exports by e-mail: learners' data behind the sign-in, costs attached, and small files where somebody asks for one."""

import pytest

from core.results import RequestRefused
from core.usecases.exports import ExportOrdered
from tests.core.usecases.acting import MATHS, POETRY
from tests.core.usecases.progressing import enrol
from tests.factories import School
from tests.mail.asking import Writer

ADA = "ada@example.org"


@pytest.fixture
def olive(school: School) -> Writer:
    enrol(school, ADA)
    enrol(school, ADA, run=POETRY)
    return Writer(school, school.owner)


def test_progress_is_a_download_and_costs_are_attached(olive: Writer) -> None:
    link = olive.write(f"export {MATHS} xlsx")
    attached = olive.write("export all as a file")
    costs = olive.write("costs export")
    refused = olive.write("export")

    assert isinstance(link.result, ExportOrdered)
    assert "1 row of progress: Maths for Everyone (maths-2026-03)." in link.text
    assert link.result.url in link.text
    assert link.files == {}
    assert [*attached.files] == ["progress-all-2026-03-02.csv"]
    assert ADA in str(attached.files["progress-all-2026-03-02.csv"])
    assert attached.text.count("/exports/") == 0
    assert [*costs.files] == ["costs-2026-03-2026-03-02.csv"]
    assert ADA not in str(costs.files["costs-2026-03-2026-03-02.csv"])
    assert isinstance(refused.result, RequestRefused)
