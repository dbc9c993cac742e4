"""Checks of the blocks that only messages may carry: tables and charts."""

from itertools import chain
from typing import Any

from usher.demo.slack.inspection import Inspection, JsonObject


def check_table(walk: Inspection, place: str, block: JsonObject) -> None:
    _check_rows(walk, place, block, "table")
    if "column_settings" in block:
        walk.items(f"{place}/column_settings", block["column_settings"], "table.column_settings")


def check_data_table(walk: Inspection, place: str, block: JsonObject) -> None:
    """A data table wants a caption, which is what a screen reader says first."""
    _check_rows(walk, place, block, "data_table")
    walk.string(f"{place}/caption", block.get("caption"), "text")


def _check_rows(walk: Inspection, place: str, block: JsonObject, kind: str) -> None:
    rows = walk.items(f"{place}/rows", block.get("rows"), f"{kind}.rows")
    widths = set()
    for position, row in enumerate(rows):
        cells = walk.items(f"{place}/rows/{position}", row, f"{kind}.columns")
        widths.add(len(cells))
        for column, cell in enumerate(cells):
            _check_cell(walk, f"{place}/rows/{position}/{column}", cell)
    if len(widths) > 1:
        walk.note(f"{place}/rows", "rows must have the same number of cells")


def _check_cell(walk: Inspection, place: str, cell: object) -> None:
    if not isinstance(cell, dict) or str(cell.get("type")) not in {"raw_text", "raw_number", "rich_text"}:
        walk.note(place, "must be a cell of type raw_text, raw_number or rich_text")
    elif cell["type"] == "raw_text":
        walk.string(f"{place}/text", cell.get("text"), "text")


def check_chart(walk: Inspection, place: str, block: JsonObject) -> None:
    walk.string(f"{place}/title", block.get("title"), "data_visualization.title")
    chart = block.get("chart")
    if not isinstance(chart, dict) or str(chart.get("type")) not in {"pie", "bar", "line", "area"}:
        walk.note(f"{place}/chart", "must be a pie, bar, line or area chart")
    elif chart["type"] == "pie":
        _check_pie(walk, f"{place}/chart", chart)
    else:
        _check_axes(walk, f"{place}/chart", chart)


def _check_pie(walk: Inspection, place: str, chart: JsonObject) -> None:
    segments = walk.items(f"{place}/segments", chart.get("segments"), "data_visualization.segments")
    for position, segment in enumerate(segments):
        here = f"{place}/segments/{position}"
        parts = segment if isinstance(segment, dict) else {}
        walk.string(f"{here}/label", parts.get("label"), "data_visualization.segment.label")
        value = parts.get("value")
        if not isinstance(value, int | float) or value <= 0:
            walk.note(f"{here}/value", "must be a number above 0")


def _check_axes(walk: Inspection, place: str, chart: JsonObject) -> None:
    axes = chart["axis_config"] if isinstance(chart.get("axis_config"), dict) else {}
    categories = walk.items(f"{place}/axis_config/categories", axes.get("categories"), "data_visualization.categories")
    for position, label in enumerate(categories):
        walk.string(f"{place}/axis_config/categories/{position}", label, "data_visualization.category_label")
    for key in ("x_label", "y_label"):
        walk.optional_string(f"{place}/axis_config", axes, key, "data_visualization.axis_label")
    series = walk.items(f"{place}/series", chart.get("series"), "data_visualization.series")
    for position, one in enumerate(series):
        _check_series(walk, f"{place}/series/{position}", one, len(categories))


def _check_series(walk: Inspection, place: str, series: object, points: int) -> None:
    if not isinstance(series, dict):
        walk.note(place, "must be a series")
        return
    walk.string(f"{place}/name", series.get("name"), "data_visualization.series_name")
    data = walk.items(f"{place}/data", series.get("data"), "data_visualization.data")
    if len(data) != points:
        walk.note(f"{place}/data", f"must have one point for each of the {points} categories")


def characters(value: Any) -> int:
    """How much text a payload shows, whatever it is wrapped in."""
    if isinstance(value, list):
        return sum(map(characters, value))
    if not isinstance(value, dict):
        return 0
    own = (value[key] for key in ("text", "alt_text", "caption") if isinstance(value.get(key), str))
    return sum(chain(map(len, own), map(characters, value.values())))
