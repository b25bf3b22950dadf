"""Blocks to elements: what is a heading and of which depth, a list item, a caption, code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingestion.parse.pdf.blocks import Block, list_marker
from ingestion.parse.pdf.joins import running_text
from ingestion.parse.pdf.lines import BULLETS, is_bullet
from ingestion.parse.tables import table_element
from ingestion.types import Element

LARGER = 1.12
"""Text set this much larger than the body is a heading."""
LONGEST_HEADING = 200
MAX_LINES = 4
DEEPEST = 6
CAPTION = re.compile(
    r"^(?:figure|fig\.|table|chart|listing|exhibit|abbildung|tabelle)\s+[\dIVX]+(?:[.-]\d+)*\s*[.:|–—-]", re.I
)
NUMBERED = re.compile(
    r"^(?:\d+(?:\.\d+)*\.?|[A-Z]\.|[IVX]+\.|(?:part|item|section|chapter|note|article|appendix)\s+[\dIVXA-Z]+[.:]?)\s+\S",
    re.I,
)
SECTION = re.compile(r"^\d{1,2}(?:\.\d{1,2}){1,4}\.?\s+[A-Z]")
"""A section number of several levels, which marks a heading however it is set."""
SENTENCE = (".", ",", ";")

Rank = tuple[float, bool, bool, bool, int]


def elements_of(blocks: Sequence[Block], words: Counter[str], body: float) -> list[Element]:
    """One element for each block, in the same order; `body` is the font size of the running text."""
    textual = [block for block in blocks if block.lines]
    coded = sum(block.style.mono for block in textual) < 0.5 * len(textual)
    emphatic = _bold_share(textual, body) < 0.4
    headings = {index for index, block in enumerate(blocks) if _is_heading(block, body, emphatic=emphatic)}
    levels = _levels([blocks[index] for index in headings])
    elements: list[Element] = []
    for index, block in enumerate(blocks):
        level = levels[_rank(block)] if index in headings else 0
        element = _element(block, level, words, coded=coded)
        if element is not None:
            elements.append(element)
    return elements


def _bold_share(blocks: Sequence[Block], body: float) -> float:
    """How much of the text of the body's size is bold: where most of it is, bold marks no heading."""
    sized = [(block.style.bold, sum(map(len, block.lines))) for block in blocks if block.style.size == body]
    return sum(length for bold, length in sized if bold) / (sum(length for _, length in sized) or 1)


def _is_heading(block: Block, body: float, *, emphatic: bool) -> bool:
    text = " ".join(block.lines)
    if not block.lines or block.style.mono or len(block.lines) > MAX_LINES or len(text) > LONGEST_HEADING:
        return False
    letters = sum(character.isalpha() for character in text)
    if letters < 2 or letters < 0.4 * len(text.replace(" ", "")) or CAPTION.match(text):
        return False
    if is_bullet(text[0]) or text[0].islower() or (text[0] == "(" and not block.listed):
        return False
    if block.style.size >= LARGER * body:
        return not (text.endswith(SENTENCE) and len(text) > 60)
    if SECTION.match(text) and len(block.lines) == 1 and not text.endswith(SENTENCE):
        return True
    if not (block.style.bold and emphatic) or block.style.size < 0.93 * body:
        return False
    return not text.endswith(SENTENCE) or bool(NUMBERED.match(text) and len(block.lines) == 1)


def _rank(block: Block) -> Rank:
    """How high a heading of this style stands; of the same style, 2.1 stands below 2."""
    style, text = block.style, block.lines[0]
    depth = text.split(maxsplit=1)[0].rstrip(".").count(".") if SECTION.match(text) else 0
    return style.size, style.bold, text.isupper(), not style.italic, -depth


def _levels(headings: Sequence[Block]) -> dict[Rank, int]:
    """Depth by style: the largest, boldest, capitalised ones are the highest.

    A style that a longer document uses on one page only (its cover) takes no level of its own.
    """
    pages: dict[Rank, set[int]] = {}
    for heading in headings:
        pages.setdefault(_rank(heading), set()).add(heading.page)
    recurring = [rank for rank, where in pages.items() if len(where) > 1]
    steps = recurring if len(pages) > DEEPEST else list(pages)
    return {rank: min(1 + sum(step > rank for step in steps), DEEPEST) for rank in pages}


def _element(block: Block, level: int, words: Counter[str], *, coded: bool) -> Element | None:
    if block.table is not None:
        table = table_element(block.table.rows, page=block.page)
        return table and Element(table.kind, table.text, page=block.page, rows=table.rows, box=block.box)
    if block.style.mono and coded and not block.listed:
        return Element("code", "\n".join(block.lines), page=block.page, box=block.box)
    text = running_text(block.lines, words)
    if level:
        return Element("title", text, level=level, page=block.page, box=block.box)
    if block.listed:
        return Element("list_item", _marked(text), page=block.page, box=block.box)
    kind = "caption" if CAPTION.match(text) and len(text) < 400 else "paragraph"
    return Element("caption" if kind == "caption" else "paragraph", text, page=block.page, box=block.box)


def _marked(text: str) -> str:
    """A list item with its number, or with a plain dash for any bullet."""
    marker = list_marker(text) or ""
    if marker in BULLETS or is_bullet(marker):
        return f"- {text[len(marker) :].lstrip()}"
    return text
