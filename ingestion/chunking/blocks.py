"""A section's content as blocks: the smallest spans that stay whole, and what a break before each costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil

from ingestion.chunking.ruler import Ruler
from ingestion.types import Placed
from service.text import sentences

Span = tuple[int, int]

# What a break before a block costs, beside a piece's distance from the wanted size (1 for an empty piece).
BETWEEN_ELEMENTS = 0.0
BETWEEN_LINES = 0.1
BETWEEN_ROWS = 0.1
BETWEEN_SENTENCES = 0.2
AFTER_INTRODUCTION = 0.6
INSIDE_ITEM = 0.6
INSIDE_SENTENCE = 1.0
INSIDE_WHOLE = 4.0

MANY = 20_000
"""A section of more blocks than these is a machine's list: its shortest blocks are taken together."""
GRAINS = 8
"""How many of the blocks that are taken together fill the largest piece, at the least."""

_CLAUSES = (
    re.compile(r"(?<=[.!?\u2026])\s+|(?<=[.!?\u2026][\"'\u201d\u2019)\]])\s+"),
    re.compile(r"(?<=[;:|])\s+|(?<!\s)\s++(?=[\u2013\u2014-]\s)"),
    re.compile(r"(?<=,)\s+|(?<=[\u060c\u3001\uff0c\uff1a\uff1b])\s*"),
)
"""Places to cut a sentence that is too long, best first: full stops, clauses, commas."""
_SEPARATOR_ROW = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*")
_NOT_SPACE = re.compile(r"\S")
_INTRODUCED = frozenset({"list_item", "table", "code", "caption"})


@dataclass(frozen=True, slots=True)
class Block:
    """A span of the document's text that is not cut; `break_before` is the cost of starting a piece with it.

    `header` spans the table header that a piece starting with this block must repeat; empty for none.
    """

    start: int
    end: int
    break_before: float
    header: Span = (0, 0)


def blocks(body: Sequence[Placed], ruler: Ruler, budget: int) -> list[Block]:
    """The blocks of a section's content, in order, each of at most `budget` tokens with its header."""
    found: list[Block] = []
    for is_list, run in groupby(body, key=lambda placed: placed.element.kind == "list_item"):
        members = tuple(run)
        groups = [members] if is_list else [(placed,) for placed in members]
        for group in groups:
            made = list(_group_blocks(group, ruler, budget))
            if found and made:
                made[0] = replace(made[0], break_before=_cost_before(group[0], found[-1], ruler))
            found.extend(made)
    return found if len(found) <= MANY else list(_coarse(found, ruler, budget // GRAINS))


def _coarse(found: Sequence[Block], ruler: Ruler, grain: int) -> Iterator[Block]:
    """Neighbours joined up to `grain` tokens, since each block is compared with all that share its piece."""
    first, end = found[0], found[0].end
    for block in found[1:]:
        if ruler.size(first.start, block.end) > grain:
            yield Block(first.start, end, first.break_before, first.header)
            first = block
        end = block.end
    yield Block(first.start, end, first.break_before, first.header)


def _cost_before(placed: Placed, last: Block, ruler: Ruler) -> float:
    """A sentence that ends in a colon, and a caption, belong to what follows them."""
    introduces = ruler.text[last.start : last.end].rstrip().endswith((":", "\uff1a"))
    return AFTER_INTRODUCTION if introduces and placed.element.kind in _INTRODUCED else BETWEEN_ELEMENTS


def _group_blocks(group: Sequence[Placed], ruler: Ruler, budget: int) -> Iterator[Block]:
    """The blocks of one element or one list; breaks inside a list, table or code that fits cost most."""
    kind = group[0].element.kind
    made: list[Block] = []
    for placed in group:
        split = _SPLITTERS.get(kind, _sentences)
        made.extend(part for block in split(placed, ruler, budget) for part in _fitting(block, ruler, budget))
    fits = ruler.size(group[0].start, group[-1].end) <= budget
    whole = fits and kind in {"list_item", "table", "code"}
    return (replace(block, break_before=INSIDE_WHOLE) if whole else block for block in made)


def _sentences(placed: Placed, ruler: Ruler, budget: int) -> Iterator[Block]:
    text = ruler.text[placed.start : placed.end]
    before = 0
    for start, end in sentences.spans(text):
        cost = BETWEEN_LINES if "\n" in text[before:start] else BETWEEN_SENTENCES
        yield Block(placed.start + start, placed.start + end, cost)
        before = end


def _item(placed: Placed, ruler: Ruler, budget: int) -> Iterator[Block]:
    for number, block in enumerate(_sentences(placed, ruler, budget)):
        yield replace(block, break_before=INSIDE_ITEM if number else BETWEEN_LINES)


def _code(placed: Placed, ruler: Ruler, budget: int) -> Iterator[Block]:
    """Lines; blank lines are the better places to break."""
    before = placed.start
    for start, end in _lines(ruler.text, placed):
        blank = ruler.text.count("\n", before, start) > 1
        yield Block(start, end, BETWEEN_LINES if blank else INSIDE_ITEM)
        before = end


def _rows(placed: Placed, ruler: Ruler, budget: int) -> Iterator[Block]:
    """Rows; the first block holds the header with its first row, the others repeat the header."""
    lines = list(_lines(ruler.text, placed))
    if placed.element.layout != "columns":
        yield from (Block(start, end, BETWEEN_ROWS) for start, end in lines)
        return
    rules = 1 + (len(lines) > 1 and _SEPARATOR_ROW.fullmatch(ruler.text[slice(*lines[1])]) is not None)
    head = lines[0][0], lines[rules - 1][1]
    header = lines[0][0], ruler.reach(*lines[0], budget // 2)
    if rules < len(lines) and ruler.size(head[0], lines[rules][1]) <= budget:
        head, rules = (head[0], lines[rules][1]), rules + 1
    yield Block(*head, BETWEEN_ROWS)
    for start, end in lines[rules:]:
        yield Block(start, end, BETWEEN_ROWS, header)


def _lines(text: str, placed: Placed) -> Iterator[Span]:
    """The spans of the lines that are not blank, with their indentation."""
    start = placed.start
    for line in text[placed.start : placed.end].splitlines(keepends=True):
        if line.strip():
            yield start, start + len(line.rstrip())
        start += len(line)


_SPLITTERS = {"list_item": _item, "code": _code, "table": _rows}


def _fitting(block: Block, ruler: Ruler, budget: int) -> Iterator[Block]:
    """The block, or its parts where it is larger than a piece may be."""
    room = budget - (ruler.size(*block.header) if block.header[1] else 0)
    if ruler.size(block.start, block.end) <= room:
        yield block
        return
    cost = block.break_before
    for part in _cut(ruler, block.start, block.end, room):
        yield replace(block, start=part[0], end=part[1], break_before=cost)
        cost = INSIDE_SENTENCE


def _cut(ruler: Ruler, start: int, end: int, room: int, level: int = 0) -> Iterator[Span]:
    """The span in parts of at most `room` tokens: cut at clauses, and where these are too long at words."""
    if ruler.size(start, end) <= room:
        yield start, end
    elif level == len(_CLAUSES):
        yield from _slices(ruler, start, end, room)
    else:
        position = start
        for match in _CLAUSES[level].finditer(ruler.text, start, end):
            if position < match.start() and match.end() < end:
                yield from _cut(ruler, position, match.start(), room, level + 1)
                position = match.end()
        yield from _cut(ruler, position, end, room, level + 1)


def _slices(ruler: Ruler, start: int, end: int, room: int) -> Iterator[Span]:
    """Slices of about equal size that end at a space where there is one."""
    size = ruler.size(start, end)
    step = ceil(size / ceil(size / room))
    while start < end:
        stop = ruler.reach(start, end, step)
        if stop < end:
            space = max(ruler.text.rfind(mark, start, stop + 1) for mark in " \n\t")
            stop = space if space > start else stop
        yield start, stop
        following = _NOT_SPACE.search(ruler.text, stop, end)
        start = following.start() if following else end
