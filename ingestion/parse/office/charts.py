"""The data of a chart in a Word or PowerPoint file (DrawingML) as a table: it stands nowhere else as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.parse.tables import TableSize, table_element
from ingestion.parse.whole import whole
from ingestion.types import Element

_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


def chart_elements(root: Any, size: TableSize, page: int | None = None) -> Iterator[Element]:
    """The title of a chart as caption, and its cached values as a table."""
    title = root.find(f"./{_C}chart/{_C}title")
    text = "".join(node.text or "" for node in title.iter(_TEXT)) if title is not None else ""
    if text.strip():
        yield Element("caption", text.strip(), page=page)
    if table := table_element(_rows(list(root.iter(f"{_C}ser"))), page, size=size):
        yield table


def _rows(series: list[Any]) -> Iterator[list[str]]:
    """Categories down, series across."""
    categories = _points(series[0], "cat", "xVal") if series else {}
    values = [_points(each, "val", "yVal") for each in series]
    yield ["", *(_name(each) for each in series)]
    for place in sorted({place for column in values for place in column}):
        yield [categories.get(place, ""), *(column.get(place, "") for column in values)]


def _name(series: Any) -> str:
    title = series.find(f"{_C}tx")
    return "" if title is None else "".join(value.text or "" for value in title.iter(f"{_C}v"))


def _points(series: Any, *axes: str) -> dict[int, str]:
    """The cached values of one axis of a series, by position."""
    found = [axis for name in axes if (axis := series.find(_C + name)) is not None]
    points = ((whole(point.get("idx")), point) for axis in found for point in axis.iter(f"{_C}pt"))
    return {place: point.findtext(f"{_C}v", "") for place, point in points if place is not None}
