"""HTML to plain words, in linear time. Quoted blocks come out with ``> ``, so that ``mail.parsing.quotes`` sees them.

Not html2text: it makes Markdown, whose marks would stand in the middle of what people ask for; and it takes quadratic
time ("<!--" over and over, 20/40/80 KB: 0.35/1.5/5.6 s, here 1 ms; measured) or raises ("<![").
"""

import re
from itertools import islice
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]  # lxml brings no types; etree is C.

from mail.parsing.charsets import clean
from mail.parsing.quotes import CUT

CHARACTERS: Final = 1 << 20
ELEMENTS: Final = 50_000
_SILENT: Final = frozenset((
    "head", "style", "script", "title", "template", "noscript", "svg", "math", "object", "select",
))  # fmt: skip
_BLOCKS: Final = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tr", "ul",
))  # fmt: skip
_APART: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
# The button "increase indent" makes such a block, too.
_INDENTED: Final = re.compile(r"border\s*:\s*(?:none|0)|border:\s*medium none", re.IGNORECASE)
# What begins with these is the message that was answered; the others quote in a block of their own.
_CUTS: Final = ("divrplyfwdmsg", "appendonsend", "yahoo_quoted", "mail-editor-reference-message-container")
_SPACE: Final = re.compile(r"[ \t\n]+")


def to_text(html: str) -> str:
    root = _parsed(html[:CHARACTERS])
    if root is None:
        return ""
    writing = _Writing()
    for event, element in islice(etree.iterwalk(root, events=("start", "end")), 2 * ELEMENTS):
        if event == "start":
            writing.begin(element)
        else:
            writing.end(element)
    return writing.text()


def _parsed(html: str) -> Any:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, recover=True)
    try:
        parser.feed(html.encode("utf-8", "replace"))
        root: Any = parser.close()
    except (etree.LxmlError, ValueError):
        return None
    return root


class _Writing:
    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._silent = 0
        self._preformatted = 0

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines).strip("\n")

    def begin(self, element: Any) -> None:
        tag = str(element.tag)
        if self._silent or tag in _SILENT or _HIDDEN.search(element.get("style", "")):
            self._silent += 1
            return
        if tag in _BLOCKS:
            self._break()
        if _is_quote(element, tag):
            self._quotes += 1
        marks = f"{element.get('id', '')} {element.get('class', '')}".lower()
        if any(cut in marks for cut in _CUTS):
            self._break()
            self._lines.append(CUT)
        if tag == "br":
            self._break(is_forced=True)
        self._preformatted += tag == "pre"
        self.write(element.text or "")

    def end(self, element: Any) -> None:
        tag = str(element.tag)
        if self._silent:
            self._silent -= 1
        else:
            self._preformatted -= tag == "pre"
            if tag in _BLOCKS:
                self._break()
            if tag in _APART:
                self._break(is_forced=True)
            if tag in ("td", "th"):
                self._line.append("\t")
            if _is_quote(element, tag):
                self._quotes -= 1
        self.write(element.tail or "")

    def write(self, text: str) -> None:
        if self._silent or not text:
            return
        # Here and not at the end, where it would take our own mark away: entities bring control characters back.
        text = clean(text)
        if self._preformatted:
            first, *rest = text.split("\n")
            self._line.append(first)
            for line in rest:
                self._break(is_forced=True)
                self._line.append(line)
        else:
            self._line.append(_SPACE.sub(" ", text))

    def _break(self, *, is_forced: bool = False) -> None:
        line = "".join(self._line)
        line = line.rstrip() if self._preformatted else _folded(line)
        self._line = []
        # Many blocks begin or end in one place; that makes one line, and paragraphs one empty line.
        if line or (is_forced and not (self._lines and not self._lines[-1].strip("> "))):
            self._lines.append("> " * min(self._quotes, 5) + line)


def _folded(line: str) -> str:
    return "\t".join(" ".join(cell.split()) for cell in line.split("\t")).strip()


def _is_quote(element: Any, tag: str) -> bool:
    return tag == "blockquote" and not _INDENTED.search(element.get("style", ""))
