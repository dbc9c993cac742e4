"""Pages from ``templates/web``. Every value is escaped: what people typed cannot become markup."""

import functools
from collections.abc import Hashable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape
from msgspec import Struct
from starlette.responses import HTMLResponse

from core.cards import RunCard
from core.rules.zones import zone_named
from core.wording.phrases import BENEFITS, day_words, last_day_words
from web.assets import Assets
from web.problems import Problem

_MOST_DRAWN: Final = 200
# Stands for the text. No name has a control character: what was typed is cleaned of them.
_TEXT: Final = "\x02"
TEMPLATES = Path(__file__).parent.parent / "templates" / "web"


class RunWords(Struct, frozen=True):
    """What the templates call ``run``."""

    title: str
    subtitle: str
    partner: str
    starts_on: str
    ends_on: str
    has_started: bool
    benefits: tuple[tuple[str, str], ...]
    join_url: str


class Pages:
    def __init__(self, assets: Assets) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["asset"] = assets.path
        self._around_text = functools.lru_cache(_MOST_DRAWN)(self._draw_around)

    def page(
        self, template: str, status: int = 200, *, headers: Mapping[str, str] | None = None, **values: object
    ) -> HTMLResponse:
        html = self._templates.get_template(template).render(values)
        return HTMLResponse(html, status, headers=headers)

    def page_for(self, text: str, template: str, **values: Hashable) -> HTMLResponse:
        """A page that is alike for many, but for what it calls ``text``: all else is drawn once. Escaped, as ever."""
        before, after = self._around_text(template, **values)
        return HTMLResponse(before + escape(text).encode() + after)

    def _draw_around(self, template: str, **values: Hashable) -> tuple[bytes, bytes]:
        before, _, after = self._templates.get_template(template).render(values, text=_TEXT).partition(_TEXT)
        return before.encode(), after.encode()

    def problem(self, problem: Problem, *, back: str = "") -> HTMLResponse:
        """``back``: the path of the page on which the person can look what is true now."""
        return self.page("problem.html", problem.status, headers=problem.headers, problem=problem, back=back)


def run_words(run: RunCard, now: datetime) -> RunWords:
    zone = zone_named(run.time_zone)
    return RunWords(
        title=run.course_title,
        subtitle="" if run.run_title.casefold() in run.course_title.casefold() else run.run_title,
        partner=run.partner,
        starts_on=day_words(run.starts_at, zone),
        ends_on=last_day_words(run.ends_at, zone) if run.ends_at else "",
        has_started=run.starts_at <= now,
        benefits=tuple(BENEFITS[benefit] for benefit in run.benefits),
        # The address comes from a sheet; anything but a web address would be no link.
        join_url=run.join_url if run.join_url.startswith(("https://", "http://")) else "",
    )
