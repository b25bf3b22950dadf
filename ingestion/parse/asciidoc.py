"""AsciiDoc, as far as its blocks go: headings, listings and tables by their marks, the rest as plain text.

No maintained Python library reads AsciiDoc, and Pandoc only writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingestion.parse.base import Parsed
from ingestion.parse.decoding import decode
from ingestion.parse.plain import text_elements
from ingestion.parse.tables import check_cells, table_element
from ingestion.types import Element
from service.settings import ParseSettings

_HEADING = re.compile(r"(={1,6})[ \t]+(.+)")
_FENCES = ("----", "....", "|===")
_TITLE = re.compile(r"\.(?=[^\s.])(.+)")
_CELL = re.compile(r"(?:(?:(?<=\s)|^)[.<>^+*\d]*[adehlmsv]?)?(?<!\\)\|")


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read one document; the first heading of level 0 (`= Title`) is its title."""
    text, warnings = decode(content)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Parsed("asciidoc", tuple(_elements(lines, limits.max_cells)), warnings=warnings)


def _elements(lines: list[str], max_cells: int) -> Iterator[Element]:
    prose: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place].rstrip()
        place += 1
        block = _own_block(line, lines, place)
        if block is None:
            prose.append(line)
            continue
        yield from text_elements("\n".join(prose))
        prose = []
        if block:
            place += len(block) + 1
        yield from _marked(line, block, max_cells)
    yield from text_elements("\n".join(prose))


def _own_block(line: str, lines: list[str], place: int) -> list[str] | None:
    """The lines up to the closing fence, none for a heading or a block title, None for a line of prose."""
    if line in _FENCES:
        end = next((end for end in range(place, len(lines)) if lines[end].rstrip() == line), len(lines))
        return lines[place:end] or [""]
    return [] if _HEADING.fullmatch(line) or _TITLE.fullmatch(line) else None


def _marked(line: str, block: list[str], max_cells: int) -> Iterator[Element]:
    if heading := _HEADING.fullmatch(line):
        yield Element("title", heading.group(2).strip(), level=len(heading.group(1)))
    elif line == "|===":
        if table := table_element(_rows(block, max_cells), max_cells=max_cells):
            yield table
    elif line in _FENCES:
        yield Element("code", "\n".join(block))
    elif title := _TITLE.fullmatch(line):
        yield Element("caption", title.group(1))


def _rows(block: list[str], max_cells: int) -> list[list[str]]:
    """One row a line; where the cells stand one a line, as many to a row as the first line has."""
    lines = [cells for line in block if len(cells := _CELL.split(line.strip())) > 1]
    rows = [[cell.strip() for cell in cells[1:]] for cells in lines]
    check_cells(sum(map(len, rows)), max_cells)
    width = len(rows[0]) if rows else 0
    if width < 2 or any(len(row) != 1 for row in rows[1:]):
        return rows
    single = [row[0] for row in rows[1:]]
    return [rows[0], *(single[start : start + width] for start in range(0, len(single), width))]
