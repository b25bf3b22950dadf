"""Marks of layout in plain text: items of lists, rows of tables (`|`, or a tab in a line, between cells)."""

from __future__ import annotations

import re
from collections.abc import Sequence

LIST_MARK = re.compile(r"[ \t]*(?:[-*+•‣◦▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\)|\([ivx]{1,5}\))[ \t]+(?=\S)")
"""What begins an item of a list: a bullet, a number or a letter."""
_TAB_BETWEEN = re.compile(r"\S *\t[ \t]*\S")
_CELL_END = re.compile(r"(?<!\\)\||\t")


def without_list_mark(text: str) -> str:
    """`text` without the mark that it begins with, if it is an item of a list."""
    mark = LIST_MARK.match(text)
    return text[mark.end() :] if mark else text


def is_row(line: str) -> bool:
    """Whether a line is a row of a table, or the rule below its header.

    A tab that indents a line, or stands behind the mark of a list's item, sets no cells apart.
    """
    if line.startswith("|") or " | " in line:
        return True
    return "\t" in line and _TAB_BETWEEN.search(without_list_mark(line)) is not None


def is_rule(line: str) -> bool:
    """Whether a line is the rule below a table's header (`|---|`)."""
    return set(line) <= set("|:- ") and "|" in line and "-" in line


def cells(row: str) -> list[str]:
    """The cells of a row, each on one line."""
    return [" ".join(cell.split()) for cell in _CELL_END.split(row.strip().strip("|"))]


def named_cells(header: str, row: str) -> str:
    """A row as `Header: cell; Header: cell`; its cells alone where the header does not fit them."""
    return joined_cells(cells(header), cells(row))


def joined_cells(names: Sequence[str], found: Sequence[str]) -> str:
    """The cells that are not empty, each with the name of its column where there is one for each."""
    if len(names) != len(found):
        names = [""] * len(found)
    pairs = zip(names, found, strict=True)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
