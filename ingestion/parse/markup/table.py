"""HTML tables as rows: merged cells repeat their text in every place that they cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.parse.tables import check_cells
from ingestion.parse.whole import whole

_WIDEST_SPAN = 1_000
"""The HTML standard's own bound for `colspan`; taken for `rowspan` too."""
_BREAKING = frozenset({"br", "p", "div", "li", "td", "th", "tr", "dt", "dd", "pre", "blockquote"})
"""Elements that part words, in a cell that becomes one line."""


def is_layout(table: Any) -> bool:
    """Whether a table only arranges a page: said so by its role, or holding tables and no header cell."""
    if table.get("role") in ("presentation", "none"):
        return True
    return table.find(".//table") is not None and table.find(".//th") is None


def says_headed(table: Any) -> bool | None:
    """Whether the table's header cells say that its first row names the columns; None: no cell says."""
    head = table.find("./thead")
    if head is not None:
        return bool(_cell_text(head).strip())
    heads = [(len(row.findall("./th")), len(row.findall("./td"))) for row in _own_rows(table)]
    if not any(th for th, _ in heads):
        return None
    return not (heads[0][1] and all(th == 1 for th, _ in heads))


def table_rows(table: Any, max_cells: int) -> Iterator[list[str]]:
    """The cells of a table, row by row; a cell's own lists, paragraphs and tables become one line.

    Bounds one row; who takes the rows counts them all (`TableSize`).
    """
    pending: dict[int, tuple[int, str]] = {}
    for row in _own_rows(table):
        line: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _take_pending(line, pending)
            text = " ".join(_cell_text(cell).split())
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            check_cells(len(line) + width, max_cells)
            for column in range(len(line), len(line) + width):
                if height > 1:
                    pending[column] = (height - 1, text)
            line += [text] * width
        _take_pending(line, pending)
        yield line


def _own_rows(table: Any) -> Iterator[Any]:
    """The rows of this table, heads first, not those of tables inside it."""
    yield from table.xpath("./thead/tr")
    for part in table.iterchildren("tr", "tbody"):
        yield from (part,) if part.tag == "tr" else part.iterchildren("tr")
    yield from table.xpath("./tfoot/tr")


def _take_pending(line: list[str], pending: dict[int, tuple[int, str]]) -> None:
    """Fill the places that cells of earlier rows reach down into."""
    while (column := len(line)) in pending:
        left, text = pending.pop(column)
        if left > 1:
            pending[column] = (left - 1, text)
        line.append(text)


def _span(cell: Any, name: str) -> int:
    return min(max(1, whole(cell.get(name, "").strip()) or 1), _WIDEST_SPAN)


def _cell_text(cell: Any) -> str:
    from lxml import etree

    pieces: list[str] = []
    for event, node in etree.iterwalk(cell, events=("start", "end")):
        if node.tag in _BREAKING:
            pieces.append(" ")
        if event == "start":
            pieces.append(f" {node.get('alt') or ''} " if node.tag == "img" else node.text or "")
        elif node is not cell:
            pieces.append(node.tail or "")
    return "".join(pieces)
