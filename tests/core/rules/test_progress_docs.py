"""Every code of a progress report's problems is documented as it is worded."""

from pathlib import Path

from core.rules.progress.faults import REFUSING, WORDS, ProgressFault

PAGE = (Path(__file__).parents[3] / "docs" / "progress.md").read_text()


def test_every_fault_is_worded_and_documented() -> None:
    assert set(WORDS) == set(ProgressFault)
    for fault, (reason, advice) in WORDS.items():
        then = "not stored" if fault in REFUSING else "cell left out or cut"
        assert f"| `{fault.value}` | {then} | {reason} | {advice} |" in PAGE
