"""What a kept demo leaves for ``usher serve``."""

from dataclasses import replace
from pathlib import Path

from core.settings import load_settings
from tests.factories import SETTINGS
from usher.demo.running import keep_settings


def test_kept_keys_are_read_again_and_are_private(tmp_path: Path) -> None:
    settings = replace(SETTINGS, link_keys=(b"l" * 32,), data_key=(b"d" * 32,))

    keep_settings(tmp_path, settings)

    read = load_settings({}, tmp_path / ".env")
    assert (read.link_keys, read.data_key) == (settings.link_keys, settings.data_key)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
