"""Tables as rows of cells, header first, and as markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingestion.types import Element
from service.errors import ExplodingFile

Rows = tuple[tuple[str, ...], ...]


def rectangular(rows: Iterable[Sequence[str]], max_cells: int | None = None) -> Rows:
    """The rows with cells on one line, padded to one width; rows and columns without any text are dropped."""
    cleaned = ([" ".join(cell.split()) for cell in row] for row in rows)
    kept = [row for row in cleaned if any(row)]
    filled = sorted({column for row in kept for column, cell in enumerate(row) if cell})
    if max_cells is not None:
        check_cells(len(kept) * len(filled), max_cells)
    return tuple(tuple(row[column] if column < len(row) else "" for column in filled) for row in kept)


def markdown_table(rows: Rows) -> str:
    """GitHub-flavoured pipe table: header line, rule, one line for each row."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def table_element(
    rows: Iterable[Sequence[str]], page: int | None = None, *, max_cells: int | None = None
) -> Element | None:
    """A table element, a paragraph where there is but one cell, None where there is no text.

    `max_cells` is for rows as a file gives them: one long row makes all the others as long. Raises
    ExplodingFile beyond it.
    """
    table = rectangular(rows, max_cells)
    if not table:
        return None
    if len(table) == 1 and len(table[0]) == 1:
        return Element("paragraph", table[0][0], page=page)
    return Element("table", markdown_table(table), page=page, rows=table)


def check_cells(cells: int, max_cells: int) -> None:
    """Refuse more cells than the limit, before memory is spent on them."""
    if cells > max_cells:
        raise ExplodingFile(
            f"The file has more than {max_cells} table cells.",
            hint="The limit is the setting parse.max_cells.",
        )
