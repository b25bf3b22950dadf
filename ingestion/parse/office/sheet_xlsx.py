"""The cells of an xlsx workbook, through `openpyxl`; formulas give the value that was last computed."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

from ingestion.parse.archive import checked_archive
from ingestion.parse.office.cell_format import shown
from ingestion.parse.office.core_properties import core_properties
from ingestion.parse.office.package import rewritten, xml_parts
from ingestion.parse.office.sheet_model import Book, Sheet
from ingestion.parse.tables import check_cells
from service.errors import CorruptFile
from service.settings import ParseSettings

_MAIN = "xl/workbook.xml"
_PREFIX = rb"(?:[^\s<>/:=\"']+:)?"
_CELL = re.compile(rb"<" + _PREFIX + rb"c[\s/>]")
_MERGE = re.compile(
    rb"<" + _PREFIX + rb"mergeCell\s(?:[^<>]*?\s)?ref\s*=\s*[\"'](?P<ref>[^\"'<>]*)[\"'][^<>]*?"
    rb"(?:/>|></" + _PREFIX + rb"mergeCell\s*>)"
)
_ANY_MERGE = re.compile(rb"<" + _PREFIX + rb"mergeCell[\s/>]")
_WIDEST_MERGE = 10_000
_MOST_COLUMNS = 16_384
"""Of a sheet, Excel's own bound."""


def read_xlsx(content: bytes, limits: ParseSettings) -> Book:
    """The visible cells of all sheets; refuses more than `limits.max_cells` before making objects of them."""
    import openpyxl

    archive = checked_archive(content, _MAIN, limits)
    parts = _Bounded(limits.max_cells)
    title, metadata = core_properties(archive)
    book = Book(title=title, metadata=metadata)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they tell of pictures and styles that are not kept
            source = io.BytesIO(rewritten(archive, dict.fromkeys(xml_parts(archive), parts.bounded)))
            workbook = openpyxl.load_workbook(source, data_only=True)
        for sheet in workbook.worksheets:
            _take(sheet, book)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OSError) as error:
        raise CorruptFile(f"The workbook is damaged ({type(error).__name__}).") from error
    return book


class _Bounded:
    """Counts the cells of all parts in their XML, before a library makes objects of them.

    Wide merges go: the library makes a cell of every place in them.
    """

    def __init__(self, max_cells: int) -> None:
        self._cells, self._merged, self._max_cells = 0, 0, max_cells

    def bounded(self, part: bytes) -> bytes:
        """A part without merges of more than 10,000 cells; all others are counted, and so are cells."""
        self._cells += sum(1 for _ in _CELL.finditer(part))
        check_cells(self._cells, self._max_cells)
        if len(_ANY_MERGE.findall(part)) != len(_MERGE.findall(part)):
            raise CorruptFile("The workbook merges cells in a way that no office program writes.")
        return _MERGE.sub(self._judged, part)

    def _judged(self, found: re.Match[bytes]) -> bytes:
        from openpyxl.utils.cell import range_boundaries

        left, top, right, bottom = (place or 0 for place in range_boundaries(found["ref"].decode("latin-1")))
        cells = (right - left + 1) * (bottom - top + 1)
        if cells > _WIDEST_MERGE:
            return b""
        self._merged += cells
        check_cells(self._merged, self._max_cells)
        return found.group()


def _take(sheet: Any, book: Book) -> None:
    """The visible cells of one sheet; a merged cell's text stands in every place that it covers."""
    # openpyxl's own iteration walks the whole grid up to the farthest cell, be it row 1,048,576.
    cells = ((place, cell) for place, cell in sheet._cells.items() if cell.value is not None)
    filled = {place: shown(cell.value, cell.number_format) for place, cell in cells}
    if sheet.sheet_state != "visible":
        book.hidden["hidden_sheet"] += sum(map(len, filled.values()))
        return
    for merged in sheet.merged_cells.ranges:
        text = filled.get((merged.min_row, merged.min_col), "")
        if text:
            filled.update(dict.fromkeys(((row, column) for row, column in _places(merged)), text))
    rows = {row for row, about in sheet.row_dimensions.items() if about.hidden}
    columns = _hidden_columns(sheet)
    for place in [place for place in filled if place[0] in rows or place[1] in columns]:
        cause = "hidden_row" if place[0] in rows else "hidden_column"
        book.hidden[cause] += len(filled.pop(place))
    book.sheets.append(Sheet(sheet.title, filled))


def _places(merged: Any) -> Iterator[tuple[int, int]]:
    for row in range(merged.min_row, merged.max_row + 1):
        for column in range(merged.min_col, merged.max_col + 1):
            yield row, column


def _hidden_columns(sheet: Any) -> set[int]:
    """Column numbers; one entry may stand for a run of columns."""
    hidden: set[int] = set()
    for about in sheet.column_dimensions.values():
        if about.hidden and about.min and about.max:
            hidden.update(range(about.min, min(about.max, _MOST_COLUMNS) + 1))
    return hidden
