"""Tables without lines: rows of cells that stand under one another, as in financial statements.

A table is a run of rows with several cells, and of the label lines between them. Its columns are the strips
that the cells of its body take; the lines above the body become one header row, a heading that spans several
columns repeated over each, so that every column says in full what it holds.

Distances are in font sizes, because leading and gutters grow with the letters. The constants are rules of
thumb about how tables are set; docs/measured/parsing.md measures what comes of them together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestion.parse.pdf.grid import Table
from ingestion.parse.pdf.lines import Row, Segment, amount, right_to_left
from ingestion.parse.pdf.model import bounds

NUMBER = re.compile(
    r"^(?:(?:US)?[$€£¥]\s?)?[(+−-]?\s?(?:[$€£¥]\s?)?\d[\d.,]*\s?%?\s?\)?\s?(?:%|x|bps|pts)?[*†]?$|^(?:[$€£¥]\s?)?[(]?[—–-]+\s?%?\)?$|^(?:N/?A|nm|NM\*?|\*)$"
)
YEAR = re.compile(r"^(?:19|20)\d\d$")
WIDEST_CELL = 90
"""Characters; a longer second segment is running text, not a cell."""
MAX_LABELS = 4
"""Label lines in a row between two rows of cells: section heads, and a label in several lines."""
WIDEST_BREAK = 4.0
"""A gap of this many font sizes ends a table: more than two blank lines at the usual leading of 1.2."""
MAX_HEADINGS = 2
"""Lines of headings over several columns: a period, and a date or currency below it."""
HEADING_PITCH = 2.2
"""Such a heading stands at most this far above the next line: less than a line is free between them."""
TIGHT = 1.45
"""Lines closer than this may be one wrapped cell: the usual leading with room for raised letters."""


def numeric(text: str) -> bool:
    """Whether a cell holds an amount (or the dash that stands for none)."""
    return bool(NUMBER.match(amount(text)))


def tabular(row: Row) -> bool:
    """Whether a row is made of cells."""
    return len(row.segments) >= 2 and all(len(segment.text) <= WIDEST_CELL for segment in row.segments[1:])


def aligned_tables(rows: Sequence[Row]) -> list[Row | Table]:
    """The rows of one column of a page, with runs that make a table replaced by it."""
    found: list[Row | Table] = []
    position = 0
    while position < len(rows):
        end = _run_end(rows, position)
        start = _with_heading(rows, position, len(found))
        tables = _tables(rows[start:end]) if end > position + 1 else []
        if tables:
            found[len(found) - (position - start) :] = tables
            position = end
        else:
            found.append(rows[position])
            position += 1
    return found


def _run_end(rows: Sequence[Row], start: int) -> int:
    """Where the run of table rows that starts at `start` ends; `start` itself when there is none."""
    if not tabular(rows[start]):
        return start
    end = start + 1
    labels = 0
    for index in range(start + 1, len(rows)):
        row, above = rows[index], rows[index - 1]
        if row.y0 - above.y1 > WIDEST_BREAK * above.size:
            break
        if tabular(row):
            end, labels = index + 1, 0
        else:
            labels += 1
            if labels > MAX_LABELS or not _label_like(row, rows[start:end]):
                break
    return end


def _with_heading(rows: Sequence[Row], start: int, free: int) -> int:
    """Where the table begins when headings that span some of its columns stand above its first row."""
    first = rows[start]
    unlabelled = any(row.x0 < first.x0 - 3 * first.size for row in rows[start + 1 : start + 4])
    edge = first.x0 - first.size if unlabelled else first.segments[0].x1
    begin = start
    while begin and start - begin < min(free, MAX_HEADINGS):
        above = rows[begin - 1]
        close = rows[begin].baseline - above.baseline <= HEADING_PITCH * first.size
        spans = above.x0 > edge and above.x1 <= first.x1 + first.size
        if not (close and spans and len(above.segments) == 1 and len(above.text) < WIDEST_CELL):
            break
        begin -= 1
    return begin


def _label_like(row: Row, run: Sequence[Row]) -> bool:
    """Whether a row with one segment keeps out of the strips where the run has its cells."""
    if len(row.segments) > 1:
        return False
    cells = [segment for other in run if tabular(other) for segment in other.segments[1:]]
    left = min(segment.x0 for segment in cells)
    return bool(row.x1 <= left + row.size or row.x0 >= left - row.size)


@dataclass(slots=True)
class _Column:
    """A strip of the table, and in which rows it holds a cell."""

    x0: float
    x1: float
    rows: set[int] = field(default_factory=set)


def _tables(rows: Sequence[Row]) -> list[Row | Table]:
    """The table that the run makes, or nothing when its cells do not stand under one another."""
    body = _body_rows(rows)
    columns = _columns(rows, body)
    if not columns or not _stands(rows, columns):
        return []
    label_edge = columns[0].x0
    lines = [_cells(row, columns, label_edge) for row in rows]
    first = _first_body(rows, lines)
    header = _header(rows[:first], columns, label_edge)
    merged = _merged(rows[first:], lines[first:])
    cells = [header, *merged] if any(header) else merged
    if right_to_left(" ".join(row.text for row in rows)):
        cells = [line[::-1] for line in cells]
    return [Table(tuple(tuple(line) for line in cells), bounds(rows))]


def _body_rows(rows: Sequence[Row]) -> list[int]:
    """Indexes of the rows that show where the columns are: those with amounts, else those with cells."""
    amounts = [
        index
        for index, row in enumerate(rows)
        if tabular(row) and any(numeric(segment.text) for segment in row.segments[1:])
    ]
    return amounts if len(amounts) >= 2 else [index for index, row in enumerate(rows) if tabular(row)]


def _columns(rows: Sequence[Row], body: list[int]) -> list[_Column]:
    """The strips of the cells right of the labels, from left to right."""
    leftmost = min(rows[index].x0 for index in body)
    size = rows[body[0]].size
    cells = [
        (index, segment)
        for index in body
        for position, segment in enumerate(rows[index].segments)
        if position
        or segment.x0 > leftmost + 12 * size
        or (numeric(segment.text) and segment.x0 > leftmost + 4 * size)
    ]
    columns: list[_Column] = []
    for index, segment in sorted(cells, key=lambda cell: cell[1].x1 - cell[1].x0):
        _place(columns, index, segment)
    return sorted(columns, key=lambda column: column.x0)


def _place(columns: list[_Column], index: int, segment: Segment) -> None:
    """Widen the column under a cell, or start one; a cell over several columns is a heading and adds none."""
    under = [column for column in columns if segment.x0 < column.x1 and column.x0 < segment.x1]
    if not under:
        columns.append(_Column(segment.x0, segment.x1, {index}))
        return
    if any(a.rows & b.rows for a in under for b in under if a is not b):
        return
    joined = _Column(
        min(segment.x0, *(column.x0 for column in under)),
        max(segment.x1, *(column.x1 for column in under)),
        set().union({index}, *(column.rows for column in under)),
    )
    columns[:] = [column for column in columns if column not in under] + [joined]


def _stands(rows: Sequence[Row], columns: list[_Column]) -> bool:
    """Whether at least two rows share a column, and the cells are not running text set in columns."""
    shared = any(len(column.rows) >= 2 for column in columns)
    cells = [segment for row in rows if tabular(row) for segment in row.segments]
    long = sum(len(segment.words) > 9 for segment in cells)
    few = sum(tabular(row) for row in rows) < 2
    return shared and not few and long <= 0.4 * len(cells)


def _cells(row: Row, columns: list[_Column], label_edge: float) -> list[str]:
    """The row's texts by column; the first place is the label's."""
    line = [""] * (len(columns) + 1)
    for segment in row.segments:
        places = _places(segment, columns, label_edge)
        text = amount(segment.text)
        for place in places[:1]:
            line[place] = f"{line[place]} {text}".strip()
    return line


def _places(segment: Segment, columns: list[_Column], label_edge: float) -> list[int]:
    """Which cells of the row a segment covers: columns count from 1, the label is 0."""
    if segment.x1 <= label_edge:
        return [0]
    under = [
        place for place, column in enumerate(columns, 1) if segment.x0 < column.x1 and column.x0 < segment.x1
    ]
    if segment.x0 < label_edge - 6 * segment.size:
        return [0]
    if under:
        return under
    middle = (segment.x0 + segment.x1) / 2
    distances = [abs(middle - (column.x0 + column.x1) / 2) for column in columns]
    return [1 + distances.index(min(distances))]


def _first_body(rows: Sequence[Row], lines: list[list[str]]) -> int:
    """The index of the first row below the header."""
    for index, line in enumerate(lines):
        amounts = [cell for cell in line[1:] if cell]
        if not amounts:
            if (
                index
                and line[0]
                and not any(any(later[1:]) and not later[0] for later in lines[index + 1 : index + 4])
            ):
                return index
            continue
        if (
            line[0]
            and any(numeric(cell) for cell in amounts)
            and not all(YEAR.match(cell) for cell in amounts)
        ):
            return index
    return 1


def _header(rows: Sequence[Row], columns: list[_Column], label_edge: float) -> list[str]:
    """One row from the lines above the body; what spans several columns is repeated over each."""
    header = [""] * (len(columns) + 1)
    for row in rows:
        for segment in row.segments:
            for place in _places(segment, columns, label_edge):
                header[place] = f"{header[place]} {segment.text}".strip()
    return header


def _merged(rows: Sequence[Row], lines: list[list[str]]) -> list[list[str]]:
    """Rows with the wrapped lines of one label put back together."""
    merged: list[list[str]] = []
    waiting: list[str] = []
    for index, line in enumerate(lines):
        if _only_label(line) and _wraps(rows, lines, index):
            waiting.append(line[0])
            continue
        if merged and not waiting and _continues(rows, lines, index):
            merged[-1] = [f"{above} {cell}".strip() for above, cell in zip(merged[-1], line, strict=True)]
            continue
        merged.append([" ".join([*waiting, line[0]]).strip(), *line[1:]])
        waiting = []
    return merged


def _only_label(line: list[str]) -> bool:
    return bool(line[0]) and not any(line[1:])


def _wraps(rows: Sequence[Row], lines: list[list[str]], index: int) -> bool:
    """Whether a label line goes on in the next row, which has the amounts."""
    if index + 1 >= len(lines) or not _close(rows[index], rows[index + 1]):
        return False
    below = lines[index + 1]
    if lines[index][0].endswith(":"):
        return False
    if not below[0]:
        return any(below[1:])
    return below[0][0].islower() or lines[index][0].endswith(
        (",", "(", " and", " of", " in", " to", " for", " the")
    )


def _continues(rows: Sequence[Row], lines: list[list[str]], index: int) -> bool:
    """Whether a row goes on with the cells of the row above it."""
    line = lines[index]
    if (
        not index
        or not _close(rows[index - 1], rows[index])
        or any(numeric(cell) for cell in line[1:] if cell)
    ):
        return False
    if _only_label(line):
        return line[0][0].islower() and any(lines[index - 1][1:])
    return not line[0] and any(lines[index - 1])


def _close(above: Row, below: Row) -> bool:
    return below.baseline - above.baseline <= TIGHT * max(above.size, below.size)
