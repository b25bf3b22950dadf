"""Tables as rows of cells, and as text: markdown, `key: value`, or each row as `column: value`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingestion.types import Element, TableLayout
from service.errors import ExplodingFile
from service.settings import ParseSettings

Rows = tuple[tuple[str, ...], ...]

WIDE_COLUMNS, WIDE_HEADER = 8, 360
"""From so many columns and characters on, a header fills half a chunk before any row is in it."""
LINE_OF_CELLS = 240
"""Characters of a wide row after which a new line begins, with the row's key: some forty words."""
LONGEST_KEY = 80
_KEY_COLUMNS = 4
_NUMBER = re.compile(r"[-+(]{0,2}[$\u20ac\u00a3]?[ ]?\d[\d,. ]{0,30}[ ]?(?:%|[$\u20ac\u00a3])?\)?")
_YEAR = re.compile(r"(?:19|20)\d\d")


class TableSize:
    """What the tables of one file hold together; raises ExplodingFile where that goes beyond a limit.

    Asked before memory is spent: merged cells and one long row make few bytes many cells, or much text.
    """

    def __init__(self, limits: ParseSettings) -> None:
        self._cells, self._max_cells = 0, limits.max_cells
        self._characters, self._max_characters = 0, limits.max_output_characters

    def take(self, cells: int, characters: int = 0) -> None:
        """Count so many cells, and their characters, as read."""
        self._cells += cells
        self._characters += characters
        check_cells(self._cells, self._max_cells)
        if self._characters > self._max_characters:
            raise ExplodingFile(
                f"The tables of the file hold more than {self._max_characters} characters.",
                hint="The limit is the setting parse.max_output_characters.",
            )

    def measured(self, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        """The rows, each counted before it is passed on."""
        for row in rows:
            self.take(len(row), sum(map(len, row)))
            yield row


def rectangular(rows: Iterable[Sequence[str]], size: TableSize | None = None) -> Rows:
    """The rows with cells on one line, padded to one width; rows and columns without any text are dropped."""
    counted = 0
    kept: list[list[str]] = []
    for row in size.measured(rows) if size else rows:
        counted += len(row)
        cleaned = [" ".join(cell.split()) for cell in row]
        if any(cleaned):
            kept.append(cleaned)
    filled = sorted({column for row in kept for column, cell in enumerate(row) if cell})
    if size:
        size.take(max(0, len(kept) * len(filled) - counted))
    return tuple(tuple(row[column] if column < len(row) else "" for column in filled) for row in kept)


def markdown_table(rows: Rows) -> str:
    """GitHub-flavoured pipe table: header line, rule, one line for each row."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def table_text(rows: Rows, layout: TableLayout) -> str:
    """The table in its layout; without a header, columns of markdown have empty names."""
    if layout == "pairs":
        return "\n".join(f"{key.rstrip(':')}: {value}" if value else key for key, value in rows)
    if layout == "records":
        key_column = _key_column(rows)
        return "\n".join(line for row in rows[1:] for line in _record(rows[0], row, key_column))
    return markdown_table(rows if layout == "columns" or not rows else (("",) * len(rows[0]), *rows))


def _record(names: Sequence[str], row: Sequence[str], key_column: int) -> Iterator[str]:
    """A row as lines of `column: value; column: value`, each beginning with its key."""
    named = [f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=True)]
    key = named[key_column][:LONGEST_KEY] if row[key_column] else ""
    line = key
    for place, cell in enumerate(named):
        if place == key_column or not row[place]:
            continue
        if len(line) + len(cell) > LINE_OF_CELLS and line != key:
            yield line
            line = key
        line = f"{line}; {cell}" if line else cell
    yield line


def _key_column(rows: Rows) -> int:
    """The column, among the first, whose cells tell rows apart best."""
    different = [len({row[column] for row in rows[1:]}) for column in range(min(_KEY_COLUMNS, len(rows[0])))]
    return different.index(max(different))


def table_element(
    rows: Iterable[Sequence[str]],
    page: int | None = None,
    *,
    size: TableSize | None = None,
    headed: bool | None = True,
) -> Element | None:
    """A table element, a paragraph where there is but one cell, None where there is no text.

    `headed` is whether the first row names the columns; None where the file does not say: the cells decide.
    `size` is for rows as a file gives them. Raises ExplodingFile beyond its limits.
    """
    table = rectangular(rows, size)
    if not table:
        return None
    if len(table) == 1 and len(table[0]) == 1:
        return Element("paragraph", table[0][0], page=page)
    layout = _layout(table, _is_headed(table) if headed is None else headed)
    return Element("table", table_text(table, layout), page=page, rows=table, layout=layout)


def _layout(table: Rows, headed: bool) -> TableLayout:
    columns = len(table[0])
    if not headed:
        return "pairs" if columns == 2 and all(0 < len(row[0]) <= LONGEST_KEY for row in table) else "rows"
    wide = columns >= WIDE_COLUMNS and sum(len(cell) + 3 for cell in table[0]) > WIDE_HEADER
    return "records" if wide and len(table) > 1 else "columns"


def _is_headed(table: Rows) -> bool:
    """Whether the first row names columns: not where it holds a number as the rows below do, or a `key:`."""
    first, below = table[0], table[1:]
    if len(first) == 2 and below and first[0].endswith(":"):
        return sum(row[0].endswith(":") for row in table) * 3 < len(table) * 2
    if len(below) < 2:
        return True
    return not any(_continues(cell, [row[at] for row in below]) for at, cell in enumerate(first))


def _continues(cell: str, below: Sequence[str]) -> bool:
    """Whether a first cell is a number, and no year, above numbers."""
    if not _NUMBER.fullmatch(cell) or _YEAR.fullmatch(cell):
        return False
    filled = [each for each in below if each]
    numbers = sum(_NUMBER.fullmatch(each) is not None for each in filled)
    return numbers > 1 and numbers * 5 >= len(filled) * 4


def check_cells(cells: int, max_cells: int) -> None:
    """Refuse more cells than the limit, before memory is spent on them."""
    if cells > max_cells:
        raise ExplodingFile(
            f"The file has more than {max_cells} table cells.",
            hint="The limit is the setting parse.max_cells.",
        )
