"""Text that a spreadsheet program would run as a formula, and the mark that keeps it text (OWASP, CSV injection).

1. What ``guarded`` gives never begins like a formula, also after white space.
2. ``without_guard(guarded(text)) == text`` for every text.
"""

import re
from typing import Final

# Full-width signs count as well: Japanese and Chinese versions of Excel run them.
_BEGINS: Final = r"\s*[=+\-@＝＋－＠]|[\t\r\n]"
_NEEDS_GUARD: Final = re.compile(rf"'*(?:{_BEGINS})")
_HAS_GUARD: Final = re.compile(rf"'+(?:{_BEGINS})")
# XML has no place for these.
_UNSAFE: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """Without what a workbook has no place for."""
    return _UNSAFE.sub("", text)


def guarded(text: str) -> str:
    """With a leading apostrophe where one is needed; for CSV, where a cell has no type."""
    return f"'{text}" if _NEEDS_GUARD.match(text) else text


def without_guard(text: str) -> str:
    return text[1:] if _HAS_GUARD.match(text) else text


def is_like_formula(text: str) -> bool:
    return _NEEDS_GUARD.match(text) is not None
