"""From elements to one normalised text in which each element has its exact place.

The text is in Unicode NFC. Elements are parted by a blank line, the items of a list by a line break and an
indentation by depth. Headers, footers and page numbers stay out of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingestion.parse.hidden import visible_text
from ingestion.parse.tables import rectangular, table_text
from ingestion.types import FURNITURE, Element, Placed
from service.text.layout import LIST_MARK

_LINE_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++(?=\n)")
_ASCII_TROUBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Normalised:
    """The text, the elements that lie in it, the furniture that does not, and what nobody would see."""

    text: str
    elements: tuple[Placed, ...]
    furniture: tuple[Element, ...]
    hidden: Counter[str]


def normalise(elements: Iterable[Element]) -> Normalised:
    """Clean every element and lay them out; `text[placed.start:placed.end] == placed.element.text`."""
    hidden: Counter[str] = Counter()
    pieces: list[str] = []
    placed: list[Placed] = []
    furniture: list[Element] = []
    position = 0
    for element in elements:
        cleaned = _cleaned(element, hidden)
        if not cleaned.text:
            continue
        if cleaned.kind in FURNITURE:
            furniture.append(cleaned)
            continue
        gap = _gap(placed[-1].element, cleaned) if placed else ""
        start = position + len(gap)
        position = start + len(cleaned.text)
        pieces += (gap, cleaned.text)
        placed.append(Placed(cleaned, start, position))
    return Normalised("".join(pieces), tuple(placed), tuple(furniture), hidden)


def clean_text(text: str) -> tuple[str, Counter[str]]:
    """`text` in NFC with plain line breaks and spaces and without unseen characters, and what went."""
    if text.isascii() and not _ASCII_TROUBLE.search(text):
        return text, Counter()
    text = _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _SPACES.sub(" ", _LINE_BREAKS.sub("\n", text))
    seen, causes = visible_text(text)
    return unicodedata.normalize("NFC", seen), causes


def _cleaned(element: Element, hidden: Counter[str]) -> Element:
    if element.kind == "table" and element.rows:
        rows = rectangular([_counted(cell, hidden) for cell in row] for row in element.rows)
        return replace(element, rows=rows, text=table_text(rows, element.layout))
    text = _counted(element.text, hidden)
    text = text.strip("\n").rstrip() if element.kind == "code" else _TRAILING.sub("", text.strip())
    return element if text == element.text else replace(element, text=text)


def _counted(text: str, hidden: Counter[str]) -> str:
    cleaned, causes = clean_text(text)
    hidden.update(causes)
    return cleaned


def _gap(before: Element, element: Element) -> str:
    if before.kind == element.kind == "list_item":
        # Without a mark it is a further paragraph of its item, no line of what stands before it.
        break_ = "\n" if LIST_MARK.match(element.text) else "\n\n"
        return break_ + "  " * max(0, element.level)
    return "\n\n"
