"""The cells of an AsciiDoc table: in lines or one a line, with spans, or as comma-separated values."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.parse.tables import check_cells
from service.errors import CorruptFile

DELIMITERS = ("|===", ",===", ":===", "!===")
_BEGINS_CELL = re.compile(
    r"(?:(?<=\s)|^)(?:(?P<wide>\d{1,4})?(?:\.(?P<high>\d{1,4}))?\+|(?P<times>\d{1,4})\*)?"
    r"[<^>]?(?:\.[<^>])?[adehlmsv]?(?<!\\)\||(?<!\\)\|"
)
_COLUMNS = re.compile(r"""cols\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\]]+))""")
_TIMES = re.compile(r"\s*(\d{1,3})\*")
_HEADER = re.compile(r"%header|options\s*=\s*\"?[^\"\]]*\bheader\b|opts\s*=\s*\"?[^\"\]]*\bheader\b")
_NO_HEADER = re.compile(r"%noheader|noheader")
_WIDEST = 1_000


@dataclass(slots=True)
class _Cell:
    wide: int
    high: int
    text: list[str]


def table(lines: Sequence[str], style: str, delimiter: str, max_cells: int) -> tuple[list[list[str]], bool]:
    """The rows of a table, merged cells repeated, and whether the first one is a header."""
    separated = delimiter in (",===", ":===") or "format=csv" in style or 'format="csv"' in style
    if separated:
        return _values(lines, ":" if delimiter == ":===" else ","), _has_header(lines, style)
    marks = [line.replace("!", "|") for line in lines] if delimiter == "!===" else lines
    first = next((line for line in marks if line.strip()), "")
    per_line = list(_cells([first], max_cells))
    columns = _columns(style) or sum(cell.wide for cell in per_line) or 1
    rows = _rows(list(_cells(marks, max_cells)), columns, max_cells)
    one_line = sum(cell.wide for cell in per_line) == columns
    return rows, _has_header(lines, style, implied=one_line)


def _has_header(lines: Sequence[str], style: str, implied: bool = True) -> bool:
    """Said so, or shown by one line of cells at the top with a blank line below it."""
    if _NO_HEADER.search(style):
        return False
    if _HEADER.search(style):
        return True
    return implied and len(lines) > 1 and bool(lines[0].strip()) and not lines[1].strip()


def _columns(style: str) -> int:
    found = _COLUMNS.search(style)
    if not found:
        return 0
    said = next(group for group in found.groups() if group is not None)
    each = [part for part in re.split(r"[,;]", said) if part.strip()]
    return min(_WIDEST, sum(int(times.group(1)) if (times := _TIMES.match(part)) else 1 for part in each))


def _cells(lines: Sequence[str], max_cells: int) -> Iterator[_Cell]:
    """The cells in order; a line that begins none goes on with the last."""
    cell: _Cell | None = None
    total = 0
    for line in lines:
        ends = 0
        for begin in [*_BEGINS_CELL.finditer(line), None]:
            before = line[ends : begin.start() if begin else len(line)].replace("\\|", "|")
            if cell is not None and before.strip():
                cell.text.append(before.strip())
            if begin is None:
                continue
            times = max(1, int(begin["times"] or 1))
            total += min(times, _WIDEST)
            check_cells(total, max_cells)
            if cell is not None:
                yield cell
            wide, high = (min(_WIDEST, max(1, int(begin[name] or 1))) for name in ("wide", "high"))
            cell, ends = _Cell(wide, high, []), begin.end()
            for _ in range(min(times, _WIDEST) - 1):
                yield cell
    if cell is not None:
        yield cell


def _rows(cells: Sequence[_Cell], columns: int, max_cells: int) -> list[list[str]]:
    rows: list[list[str]] = []
    line: list[str] = []
    reaching: dict[int, tuple[int, str]] = {}
    for cell in cells:
        _take_reaching(line, reaching, columns)
        if len(line) >= columns:
            rows.append(line)
            line = []
            _take_reaching(line, reaching, columns)
        check_cells((len(rows) + 1) * columns, max_cells)
        text = " ".join(cell.text)
        for column in range(len(line), min(columns, len(line) + cell.wide)):
            line.append(text)
            if cell.high > 1:
                reaching[column] = (cell.high - 1, text)
    _take_reaching(line, reaching, columns)
    return [*rows, line] if line else rows


def _take_reaching(line: list[str], reaching: dict[int, tuple[int, str]], columns: int) -> None:
    """Fill the places that cells of earlier rows reach down into."""
    while (column := len(line)) < columns and column in reaching:
        left, text = reaching.pop(column)
        if left > 1:
            reaching[column] = (left - 1, text)
        line.append(text)


def _values(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader([line for line in lines if line.strip()], delimiter=delimiter))
    except csv.Error as error:
        raise CorruptFile("A table of the page cannot be read: a field is too long or broken.") from error
