"""The values that flow through an ingest.

IngestJob -> RawFile -> Document(elements with offsets) -> [Chunk] -> Plan(keep, upsert, delete)
          -> [(Chunk, vectors)] -> IngestReport
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from service.types import Chunk, Scalar

Kind = Literal[
    "title",
    "paragraph",
    "list_item",
    "table",
    "code",
    "caption",
    "header",
    "footer",
    "page_number",
    "navigation",
]
TableLayout = Literal["columns", "rows", "pairs", "records"]
"""How a table is written: below its header, without one, as `key: value`, or each row as `column: value`."""
FURNITURE: frozenset[str] = frozenset({"header", "footer", "page_number", "navigation"})
"""Kinds that stand around the content; they are recognised, counted and left out of the text."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """The bytes of one source, with the media type that was found by looking at them."""

    source: str
    content: bytes
    media_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class Element:
    """One block as a parser found it, before it has a place in the normalised text.

    `level` is the depth of a title (1 is the highest). `rows` holds a table's cells, header first
    where it has one; its `text` is then the same table, written as `layout` says. `box` is (x0, y0, x1, y1)
    in points from the page's top left.
    """

    kind: Kind
    text: str
    level: int = 0
    page: int | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    box: tuple[float, float, float, float] | None = None
    layout: TableLayout = "columns"


@dataclass(frozen=True, slots=True)
class Placed:
    """An element with its span in the document's normalised text: `document.text[start:end]` is its text."""

    element: Element
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PageReceipt:
    """How one page came out; `ocr_confidence` in [0, 100] where it was read by OCR."""

    number: int
    characters: int
    ocr_confidence: float | None = None
    poor: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was read from a file, and what was not: the reader can check the parser's work."""

    parser: str
    pages: tuple[PageReceipt, ...] = ()
    pages_without_text: tuple[int, ...] = ()
    tables: tuple[tuple[int, int], ...] = ()
    """(rows, columns) of each table."""
    language: str = "en"
    elements: Mapping[str, int] = field(default_factory=dict)
    """How many elements of each kind."""
    hidden: Mapping[str, int] = field(default_factory=dict)
    """Characters left out because a reader would not see them, by cause."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its normalised text and the elements that lie in it, in reading order."""

    text: str
    elements: tuple[Placed, ...]
    title: str
    language: str
    receipt: Receipt
    external_id: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What must change in the store to get from one version's chunks to the next's."""

    keep: tuple[Chunk, ...]
    upsert: tuple[Chunk, ...]
    delete: tuple[str, ...]
