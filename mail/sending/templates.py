"""``templates/email``: where the words of e-mails stand, and how they are filled in."""

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATE_FILES = ("subject.txt", "body.txt", "body.html")
TEMPLATES = Path(__file__).parents[2] / "templates" / "email"

_INDENT = re.compile(r"\s*\n\s*")
_TAG = re.compile(r"<[^<>]*\n[^<>]*>")

_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def filled(name: str, values: Mapping[str, object]) -> str:
    """``name``: as in ``invitation/body.txt``."""
    return _templates.get_template(name).render(values)


def tight(html: str) -> str:
    """Without the indentation, and each tag on one line: some mail programs give up at a line break in a style."""
    return _TAG.sub(lambda tag: " ".join(tag[0].split()), _INDENT.sub("\n", html.strip()))
