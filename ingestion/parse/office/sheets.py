"""Spreadsheets: every sheet a heading, every block of rows between empty rows a table, cells as shown.

`openpyxl` for xlsx and `xlrd` for the old xls rather than `unstructured`, which reads through pandas: whole
numbers come out as `3.0`, dates with a time, merged cells as `nan`, hidden sheets, rows and columns as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingestion.parse.archive import OLE_MAGIC
from ingestion.parse.base import Parsed
from ingestion.parse.office.sheet_model import Sheet
from ingestion.parse.office.sheet_xls import read_xls
from ingestion.parse.office.sheet_xlsx import read_xlsx
from ingestion.parse.tables import TableSize, table_element
from ingestion.types import Element
from service.settings import ParseSettings

Cells = Mapping[tuple[int, int], str]
_FEWEST_COLUMNS_BESIDE = 2
"""A gap between columns parts two tables only when both are at least this wide; else it is a spacer."""


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read an xlsx or xls workbook."""
    is_old = content.startswith(OLE_MAGIC) and filename.lower().endswith(".xls")
    book = read_xls(content, limits) if is_old else read_xlsx(content, limits)
    size = TableSize(limits)
    elements = tuple(element for sheet in book.sheets for element in _elements(sheet, size))
    parser = "xlrd" if is_old else "openpyxl"
    return Parsed(parser, elements, title=book.title, hidden=book.hidden, metadata=book.metadata)


def _elements(sheet: Sheet, size: TableSize) -> Iterator[Element]:
    found = [element for block in _blocks(sheet.cells) for element in _block_elements(block, size)]
    if found:
        yield Element("title", sheet.name, level=1)
        yield from found


def _block_elements(block: Cells, size: TableSize) -> Iterator[Element]:
    """A table, and before it as caption each leading row that holds but one text above a wider table."""
    rows = _rectangle(block, size)
    place = 0
    while len(rows) - place > 1 and len(rows[0]) > 1 and len({cell for cell in rows[place] if cell}) == 1:
        if len({cell for cell in rows[place + 1] if cell}) < 2 and len(rows) - place == 2:
            break
        yield Element("caption", next(cell for cell in rows[place] if cell))
        place += 1
    if table := table_element(rows[place:], headed=None):
        yield table


def _blocks(cells: Cells) -> Iterator[Cells]:
    """The cells parted at empty rows, then at empty columns where tables stand side by side, and so on."""
    for band in _parted(cells, axis=0):
        columns = list(_parted(band, axis=1))
        widths = [len({place[1] for place in part}) for part in columns]
        if len(columns) > 1 and min(widths) >= _FEWEST_COLUMNS_BESIDE:
            for part in columns:
                yield from _blocks(part)
        else:
            yield band


def _parted(cells: Cells, axis: int) -> Iterator[Cells]:
    """Runs of rows (axis 0) or columns (axis 1) without an empty one between them."""
    part: dict[tuple[int, int], str] = {}
    before = None
    for place in sorted(cells, key=lambda place: place[axis]):
        if before is not None and place[axis] > before + 1:
            yield part
            part = {}
        part[place] = cells[place]
        before = place[axis]
    if part:
        yield part


def _rectangle(cells: Cells, size: TableSize) -> list[list[str]]:
    rows = sorted({row for row, _ in cells})
    columns = sorted({column for _, column in cells})
    size.take(len(rows) * len(columns), sum(map(len, cells.values())))
    return [[cells.get((row, column), "") for column in columns] for row in rows]
