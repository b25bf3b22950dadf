"""The cells of an old binary xls workbook, through `xlrd`.

Sheet by sheet, as a cell in the last row and column makes a sheet of 16 million, and any number of sheets may
lie in the same place of a file.
"""

from __future__ import annotations

import io
import struct
from typing import Any

from ingestion.parse.office.cell_format import shown
from ingestion.parse.office.sheet_model import Book, Sheet
from ingestion.parse.tables import check_cells
from service.errors import CorruptFile
from service.settings import ParseSettings

_DAMAGED = (ValueError, IndexError, KeyError, AssertionError, AttributeError, struct.error)


def read_xls(content: bytes, limits: ParseSettings) -> Book:
    """The visible cells of all sheets."""
    import xlrd
    from xlrd.compdoc import CompDocError

    book = Book()
    cells = 0
    try:
        workbook = xlrd.open_workbook(
            file_contents=content,
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
            logfile=io.StringIO(),
        )
        for index in range(workbook.nsheets):
            sheet = workbook.sheet_by_index(index)
            cells += sheet.nrows * sheet.ncols
            check_cells(cells, limits.max_cells)
            _take(sheet, workbook, book)
            workbook.unload_sheet(index)
    except (xlrd.XLRDError, CompDocError, *_DAMAGED) as error:
        raise CorruptFile(f"The workbook is damaged or protected ({type(error).__name__}).") from error
    return book


def _take(sheet: Any, workbook: Any, book: Book) -> None:
    import xlrd

    rows = {row for row, about in sheet.rowinfo_map.items() if about.hidden}
    columns = {column for column, about in sheet.colinfo_map.items() if about.hidden}
    cells: dict[tuple[int, int], str] = {}
    for row in range(sheet.nrows):
        for column in range(sheet.row_len(row)):
            cell = sheet.cell(row, column)
            value = cell.value
            if cell.ctype == xlrd.XL_CELL_DATE:
                value = xlrd.xldate_as_datetime(value, workbook.datemode)
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(value)
            if value == "" or cell.ctype == xlrd.XL_CELL_ERROR:
                continue
            text = shown(value, workbook.format_map[workbook.xf_list[cell.xf_index].format_key].format_str)
            cause = _cause(sheet.visibility != 0, row in rows, column in columns)
            if cause:
                book.hidden[cause] += len(text)
            else:
                cells[row, column] = text
    book.sheets.append(Sheet(sheet.name, cells))


def _cause(in_sheet: bool, in_row: bool, in_column: bool) -> str:
    if in_sheet:
        return "hidden_sheet"
    return "hidden_row" if in_row else "hidden_column" if in_column else ""
