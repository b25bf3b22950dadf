"""Running headers, footers and page numbers: what stands in the margin of page after page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingestion.parse.pdf.lines import Row, rows_of
from ingestion.parse.pdf.model import PageContent, Word
from ingestion.types import Element, Kind

MARGIN = 0.13
"""The share of the page's height, at the top and at the bottom, where furniture stands."""
OUTERMOST = 3
"""Rows looked at from each edge."""
FEWEST_PAGES = 2
LEAST_SHARE = 0.15
"""How many of the pages a line must stand on, as a share."""
DRIFT = 6.0
"""Points by which its height may differ from page to page."""
PAGE_NUMBER = re.compile(
    r"^(?:page|seite|página|p\.)?\s*[-–—|(\[]?\s*(?:[A-Z]?-?\d{1,4}|[ivxlc]{1,7}|\d{1,2}-\d{1,3})\s*[-–—|)\]]?(?:\s*(?:of|/|von|de)\s*\d{1,4})?$",
    re.IGNORECASE,
)
ANYWHERE = -1
COUNTED = re.compile(r"\b(?:page|seite|página)\s+\d+\s*(?:of|/|von|de)\s*\d+$", re.IGNORECASE)
DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Edge:
    """A row at the edge of a page."""

    page: int
    row: Row
    top: bool
    last: bool = False
    """Whether it is the lowest row of its page, wherever that is: printed web pages end half way down."""

    @property
    def key(self) -> tuple[str, bool]:
        return DIGITS.sub("#", self.row.text.casefold()), self.top


def part_furniture(pages: Sequence[PageContent]) -> tuple[list[PageContent], dict[int, list[Element]]]:
    """The pages without their furniture, and the furniture of each page, by its number."""
    edges = [edge for page in pages for edge in _edges(page)]
    repeated = _repeated(edges, len(pages))
    found: dict[int, list[Element]] = {}
    taken: dict[int, set[int]] = {}
    for edge in edges:
        kind = _kind(edge, repeated, len(pages))
        if kind is None:
            continue
        found.setdefault(edge.page, []).append(Element(kind, edge.row.text, page=edge.page, box=edge.row.box))
        taken.setdefault(edge.page, set()).update(id(word) for word in edge.row.words)
    return [_without(page, taken.get(page.number, set())) for page in pages], found


def _without(page: PageContent, taken: set[int]) -> PageContent:
    if not taken:
        return page
    return replace(page, words=tuple(word for word in page.words if id(word) not in taken))


def _edges(page: PageContent) -> list[_Edge]:
    top = [word for word in page.words if word.y1 < MARGIN * page.height]
    bottom = [word for word in page.words if word.y0 > (1 - MARGIN) * page.height]
    return (
        [_Edge(page.number, row, True) for row in rows_of(top)[:OUTERMOST]]
        + [_Edge(page.number, row, False) for row in rows_of(bottom)[-OUTERMOST:]]
        + _lowest(page, bottom)
    )


def _lowest(page: PageContent, bottom: list[Word]) -> list[_Edge]:
    if bottom or not page.words:
        return []
    lowest = max(page.words, key=lambda word: word.y1)
    row = rows_of([word for word in page.words if word.y1 > lowest.y0 - lowest.size])[-1]
    return [_Edge(page.number, row, top=False, last=True)]


def _repeated(edges: list[_Edge], pages: int) -> set[tuple[str, bool, int]]:
    """(text without its digits, at the top, height on the page) of what recurs on enough pages."""
    seen: Counter[tuple[str, bool, int]] = Counter()
    for key in {(*edge.key, slot, edge.page) for edge in edges for slot in _slots(edge)}:
        seen[key[:3]] += 1
    needed = max(FEWEST_PAGES, LEAST_SHARE * pages)
    return {key for key, count in seen.items() if count >= needed}


def _slots(edge: _Edge) -> tuple[int, int]:
    """Two overlapping bins of height, so that a drift across a bin's edge does not part equals."""
    if edge.last:
        return ANYWHERE, ANYWHERE
    return int(edge.row.baseline // (2 * DRIFT)) * 2, int((edge.row.baseline + DRIFT) // (2 * DRIFT)) * 2 + 1


def _kind(edge: _Edge, repeated: set[tuple[str, bool, int]], pages: int) -> Kind | None:
    number = bool(PAGE_NUMBER.match(edge.row.text))
    recurs = any((*edge.key, slot) in repeated for slot in _slots(edge))
    if not edge.top and COUNTED.search(edge.row.text):
        return "page_number" if number else "footer"
    if number and (recurs or (not edge.top and pages == 1)):
        return "page_number"
    if not recurs or not _margin_like(edge):
        return None
    return "header" if edge.top else "footer"


def _margin_like(edge: _Edge) -> bool:
    """Whether a repeated row can be furniture: words, and not the cells of a table that goes on."""
    return any(character.isalpha() for character in edge.row.text) and len(edge.row.segments) <= 4
