"""Ruled tables: drawn lines that cross make a grid, and the words fall into its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ingestion.parse.pdf.lines import right_to_left, rows_of
from ingestion.parse.pdf.model import Box, Rule, Word, bounds

TOUCH = 3.0
"""Lines whose ends are this near, in points, meet."""
OPEN_SIDE = 9.0
"""Lines that reach this far, in points, past the last line that they cross bound a cell there."""
MAX_RULES = 3_000
LONGEST_REPEATED = 60
LONGEST_CELL = 1_500
"""Characters; a grid with a fuller cell is the frame of a layout, not a table."""


CUT_CODE = re.compile(r"^[A-Z][A-Z\d]*-?[A-Z\d]*\d$")
CODE_REST = re.compile(r"^\d{1,2}$")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells by row, and the area that they cover."""

    rows: tuple[tuple[str, ...], ...]
    box: Box


def ruled_tables(words: Sequence[Word], rules: Sequence[Rule]) -> tuple[list[Table], list[Word]]:
    """The tables whose cells are drawn, and the words outside them."""
    if not rules or len(rules) > MAX_RULES:
        return [], list(words)
    tables: list[Table] = []
    rest = list(words)
    for group in _meeting(rules):
        table, outside = _table(group, rest)
        if table is not None:
            tables.append(table)
            rest = outside
    return tables, rest


def _meeting(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Groups of lines that touch one another, largest first."""
    groups: list[tuple[Box, list[Rule]]] = []
    for rule in sorted(rules, key=lambda rule: (rule.y0, rule.x0)):
        joined, box = [rule], bounds([rule])
        apart = []
        for other_box, members in groups:
            if _near(rule, other_box) and any(_near(rule, bounds([member])) for member in members):
                joined += members
                box = _union(box, other_box)
            else:
                apart.append((other_box, members))
        groups = [*apart, (box, joined)]
    return sorted((members for _, members in groups if len(members) >= 4), key=len, reverse=True)


def _near(rule: Rule, box: Box) -> bool:
    return (
        rule.x0 <= box[2] + TOUCH
        and box[0] <= rule.x1 + TOUCH
        and rule.y0 <= box[3] + TOUCH
        and box[1] <= rule.y1 + TOUCH
    )


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _table(group: list[Rule], words: list[Word]) -> tuple[Table | None, list[Word]]:
    across = [rule for rule in group if rule.horizontal]
    upright = [rule for rule in group if not rule.horizontal]
    columns = _positions([(rule.x0 + rule.x1) / 2 for rule in upright])
    lines = _positions([(rule.y0 + rule.y1) / 2 for rule in across])
    columns = _opened(columns, [(rule.x0, rule.x1) for rule in across])
    lines = _opened(lines, [(rule.y0, rule.y1) for rule in upright])
    if len(columns) < 3 or len(lines) < 3 or len(columns) * len(lines) > 20_000:
        return None, words
    grid = _Grid(columns, lines, across, upright)
    inside, outside = grid.fill(words)
    rows = grid.cells(inside)
    filled = sum(bool(cell) for row in rows for cell in row)
    longest = max((len(cell) for row in rows for cell in row), default=0)
    several = sum(sum(map(bool, row)) >= 2 for row in rows)
    if filled < 3 or longest > LONGEST_CELL or several < 1 or len(rows) < 2:
        return None, words
    return Table(rows, (columns[0], lines[0], columns[-1], lines[-1])), outside


def _opened(positions: list[float], ends: list[tuple[float, float]]) -> list[float]:
    """The positions with an edge added where the lines across them reach out to a side that is not drawn."""
    if not positions or not ends:
        return positions
    first, last = min(start for start, _ in ends), max(end for _, end in ends)
    before = [first] if first < positions[0] - OPEN_SIDE else []
    after = [last] if last > positions[-1] + OPEN_SIDE else []
    return before + positions + after


def _positions(values: list[float]) -> list[float]:
    """Values that differ by more than a line's thickness, ascending."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > TOUCH:
            kept.append(value)
    return kept


class _Grid:
    """Cells between the positions of lines; two cells without a line between them are one."""

    def __init__(
        self, columns: list[float], lines: list[float], across: list[Rule], upright: list[Rule]
    ) -> None:
        self._columns, self._lines = columns, lines
        self._across, self._upright = across, upright
        self._width, self._height = len(columns) - 1, len(lines) - 1
        self._home = list(range(self._width * self._height))
        for row in range(self._height):
            for column in range(self._width):
                self._merge(row, column)

    def _merge(self, row: int, column: int) -> None:
        here = row * self._width + column
        middle_x = (self._columns[column] + self._columns[column + 1]) / 2
        middle_y = (self._lines[row] + self._lines[row + 1]) / 2
        if column and not _crossed(self._upright, self._columns[column], middle_y, upright=True):
            self._join(here, here - 1)
        if row and not _crossed(self._across, self._lines[row], middle_x, upright=False):
            self._join(here, here - self._width)

    def _join(self, a: int, b: int) -> None:
        a, b = self._root(a), self._root(b)
        self._home[max(a, b)] = min(a, b)

    def _root(self, cell: int) -> int:
        while self._home[cell] != cell:
            cell = self._home[cell]
        return cell

    def fill(self, words: list[Word]) -> tuple[dict[int, list[Word]], list[Word]]:
        """Words by the cell that holds their middle, and the words outside the grid."""
        inside: dict[int, list[Word]] = {}
        outside: list[Word] = []
        for word in words:
            column = _between(self._columns, (word.x0 + word.x1) / 2)
            row = _between(self._lines, (word.y0 + word.y1) / 2)
            if column is None or row is None:
                outside.append(word)
            else:
                inside.setdefault(self._root(row * self._width + column), []).append(word)
        return inside, outside

    def cells(self, inside: dict[int, list[Word]]) -> tuple[tuple[str, ...], ...]:
        """The text of each cell; a merged cell's text stands in every place that it covers."""
        texts = {home: cell_text(words) for home, words in inside.items()}
        roots = [
            [self._root(row * self._width + column) for column in range(self._width)]
            for row in range(self._height)
        ]
        # A line that crosses nothing (an underline, a tick box) parts no cells.
        roots = [line for index, line in enumerate(roots) if not index or line != roots[index - 1]]
        columns = [column for column, _ in groupby(zip(*roots, strict=True))]
        rows = _spread([list(line) for line in zip(*columns, strict=True)], texts)
        if right_to_left(" ".join(texts.values())):
            rows = [row[::-1] for row in rows]
        return tuple(tuple(row) for row in rows)


def _spread(roots: list[list[int]], texts: dict[int, str]) -> list[list[str]]:
    """The text of each place; a long text stands only in the first of the places that its cell covers."""
    seen: set[int] = set()
    rows = []
    for line in roots:
        row = []
        for root in line:
            text = texts.get(root, "")
            row.append("" if root in seen and len(text) > LONGEST_REPEATED else text)
            seen.add(root)
        rows.append(row)
    return rows


def _crossed(rules: list[Rule], position: float, middle: float, *, upright: bool) -> bool:
    for rule in rules:
        at = (rule.x0 + rule.x1) / 2 if upright else (rule.y0 + rule.y1) / 2
        start, end = (rule.y0, rule.y1) if upright else (rule.x0, rule.x1)
        if abs(at - position) <= TOUCH and start <= middle <= end:
            return True
    return False


def _between(positions: list[float], value: float) -> int | None:
    if not positions[0] <= value < positions[-1]:
        return None
    return next(index for index in range(len(positions) - 1) if value < positions[index + 1])


def cell_text(words: Sequence[Word]) -> str:
    """The text of one cell, its lines joined; a part number cut by a narrow column is whole again."""
    text = ""
    for row in rows_of(words):
        cut = CUT_CODE.match(text) and CODE_REST.match(row.text)
        text = text + row.text if cut or not text else f"{text} {row.text}"
    return text
