"""Rows to blocks: which lines belong to one paragraph, list item, heading or piece of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ingestion.parse.pdf.grid import Table
from ingestion.parse.pdf.lines import MARKER, Row, is_bullet
from ingestion.parse.pdf.model import Box, bounds

LOOSE = 1.3
"""A line this much further below than is usual for its neighbours starts a new block."""
USUAL_PITCH = 1.25
"""Baseline to baseline, in font sizes, where a region is too short to measure."""
SENTENCE_END = (".", "!", "?", ":", ";", "。", "！", "？", "؟", "।", ".”", '."', ".)")


@dataclass(frozen=True, slots=True)
class Style:
    """How a block is set."""

    size: float
    bold: bool
    italic: bool
    mono: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together; `first` and `last` say where it stands in its stretch of a column.

    A block has either `lines` or a `table`.
    """

    page: int
    box: Box
    lines: tuple[str, ...] = ()
    style: Style = Style(0, False, False, False)
    table: Table | None = None
    listed: bool = False
    first: bool = False
    last: bool = False


def style_of(row: Row) -> Style:
    """The style of most of a row; bold and italic only where all its words are."""
    lettered = [
        word for word in row.words if any(character.isalnum() for character in word.text)
    ] or row.words
    return Style(
        row.size,
        all(word.bold for word in lettered),
        all(word.italic for word in lettered),
        all(word.mono for word in lettered),
    )


def blocks_of(items: Sequence[Row | Table], page: int) -> list[Block]:
    """The blocks of one stretch of a column, from top to bottom."""
    pitch = _pitch([item for item in items if isinstance(item, Row)])
    right = max((item.x1 for item in items if isinstance(item, Row)), default=0.0)
    blocks: list[Block] = []
    lines: list[Row] = []
    for item in items:
        if lines and (isinstance(item, Table) or _parted(lines, item, pitch, right)):
            blocks.append(_block(lines, page))
            lines = []
        if isinstance(item, Table):
            blocks.append(Block(page, item.box, table=item))
        else:
            lines.append(item)
    if lines:
        blocks.append(_block(lines, page))
    if blocks:
        blocks[0] = replace(blocks[0], first=True)
        blocks[-1] = replace(blocks[-1], last=True)
    return blocks


def _pitch(rows: list[Row]) -> float:
    """The usual distance between baselines, in font sizes."""
    steps = [
        (below.baseline - above.baseline) / (below.size or 1)
        for above, below in pairwise(rows)
        if abs(below.size - above.size) < 0.1 * below.size
    ]
    near = [step for step in steps if 0.9 <= step <= 2.2]
    return min(median(near), 1.6 * min(near)) if len(near) >= 3 else USUAL_PITCH


def _parted(lines: list[Row], row: Row, pitch: float, right: float) -> bool:
    """Whether `row` starts a new block after `lines`."""
    above = lines[-1]
    if list_marker(row.text) and not _mid_sentence(lines, row):
        return True
    step = (row.baseline - above.baseline) / max(row.size, above.size)
    if step > pitch * LOOSE or step < -0.5 or _restyled(above, row):
        return True
    if style_of(row).mono:
        return False
    return _new_paragraph(lines, row, right)


def _mid_sentence(lines: list[Row], row: Row) -> bool:
    """Whether what looks like a marker is a number or a dash within running text."""
    text = row.text.split(maxsplit=1)[0]
    if is_bullet(text):
        return False
    ends = lines[-1].text.endswith(SENTENCE_END)
    listed = list_marker(lines[0].text)
    return not ends and not listed and abs(row.x0 - lines[-1].x0) < 1.0 and len(lines[-1].words) > 6


def _restyled(above: Row, row: Row) -> bool:
    before, after = style_of(above), style_of(row)
    if abs(before.size - after.size) > 0.08 * max(before.size, after.size) + 0.3:
        return True
    if before.mono != after.mono:
        return True
    return before.bold != after.bold and (before.bold or after.bold) and len(row.text) > 2


def _new_paragraph(lines: list[Row], row: Row, right: float) -> bool:
    above = lines[-1]
    ended = above.text.endswith(SENTENCE_END)
    indented = row.x0 - above.x0 > 0.8 * row.size
    hanging = list_marker(lines[0].text) is not None
    if indented and not hanging and len(lines) > 1 and row.x0 - lines[-2].x0 > 0.8 * row.size:
        return ended or above.x1 < right - 4 * above.size
    if indented and not hanging and ended:
        return True
    if hanging and above.x0 - row.x0 > 0.8 * row.size and above.x0 > lines[0].x0 + 2:
        return True
    short = above.x1 < lines[0].x0 + 0.75 * (right - lines[0].x0)
    return ended and short and not row.text[:1].islower()


def list_marker(text: str) -> str | None:
    """The bullet or number that a line starts with, or None."""
    head, _, rest = text.partition(" ")
    if head and is_bullet(head[0]):
        return head[0]
    if not rest or not MARKER.match(head):
        return None
    return head


def _block(rows: list[Row], page: int) -> Block:
    style = style_of(rows[0]) if len(rows) == 1 else _common([style_of(row) for row in rows])
    texts = tuple(row.text for row in rows)
    if style.mono:
        texts = _indented(rows)
    return Block(page, bounds(rows), texts, style, listed=list_marker(texts[0]) is not None)


def _common(styles: list[Style]) -> Style:
    return Style(
        max(style.size for style in styles),
        all(style.bold for style in styles),
        all(style.italic for style in styles),
        all(style.mono for style in styles),
    )


def _indented(rows: list[Row]) -> tuple[str, ...]:
    """Lines of code with the spaces that stand before and between their words."""
    left = min(row.x0 for row in rows)
    width = median((word.x1 - word.x0) / len(word.text) for row in rows for word in row.words)
    return tuple(_set_out(row, left, width or 1.0) for row in rows)


def _set_out(row: Row, left: float, width: float) -> str:
    line: str = " " * round((row.x0 - left) / width)
    for index, word in enumerate(row.words):
        gap = word.x0 - row.words[index - 1].x1 if index else 0.0
        line += " " * (max(round(gap / width), 1) if index else 0) + word.text
    return line
