"""The story of a PDF file: its pages are read one after another, then laid out together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingestion.parse.base import Parsed
from ingestion.parse.ocr import PageReader
from ingestion.parse.pdf.aligned import aligned_tables
from ingestion.parse.pdf.blocks import Block, blocks_of
from ingestion.parse.pdf.bombs import check_streams
from ingestion.parse.pdf.columns import regions
from ingestion.parse.pdf.furniture import part_furniture
from ingestion.parse.pdf.glyphs import drop_unseen, read_glyphs
from ingestion.parse.pdf.grid import Table, ruled_tables
from ingestion.parse.pdf.joins import join_paragraphs, vocabulary
from ingestion.parse.pdf.kinds import elements_of
from ingestion.parse.pdf.lines import main_size, rows_of
from ingestion.parse.pdf.model import PageContent
from ingestion.parse.pdf.source import document_title, drawing, geometry, open_page, open_pdf, render
from ingestion.types import Element, PageReceipt
from service.errors import CorruptFile
from service.settings import ParseSettings

SCAN = 0.5
"""The share of a page that one image covers when the page is a scan."""
FEWEST_CHARACTERS = 12
"""A page with fewer, and something drawn on it, has no text worth the name."""
UNREADABLE = 0.3
LETTER_SEGMENTS, DRAWN_LETTERS = 30, 60
"""A letter drawn as a path has about so many lines and curves; so many of them may be the text."""


@dataclass(slots=True)
class _Reading:
    """What is gathered while the pages are read."""

    pages: list[PageContent] = field(default_factory=list)
    receipts: list[PageReceipt] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    damaged: int = 0


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read a PDF. Raises EncryptedFile, CorruptFile, ExplodingFile, LimitExceeded or EmptyDocument."""
    check_streams(content, limits)
    with open_pdf(content, limits.max_pages) as document, PageReader(limits) as reader:
        title = document_title(document)
        reading = _Reading()
        for index in range(len(document)):
            _read(document, index, reader, limits, reading)
        warnings = [*reading.warnings, *reader.warnings]
    if _all_damaged(reading):
        raise CorruptFile("no page of the PDF can be read")
    reader.refuse_empty(reading.pages)
    return Parsed(
        parser="pdf",
        elements=tuple(layout(reading.pages)),
        title=title,
        pages=tuple(reading.receipts),
        hidden=dict(reading.hidden),
        warnings=tuple(warnings),
    )


def _all_damaged(reading: _Reading) -> bool:
    return reading.damaged == len(reading.pages)


def _read(document: Any, index: int, reader: PageReader, limits: ParseSettings, reading: _Reading) -> None:
    """One page: its text layer, or what OCR reads."""
    try:
        with open_page(document, index) as page:
            content = read_page(page, index + 1)
            confidence = None
            if _wants_ocr(content) and reader.ready():
                content, confidence = _seen(render(page, limits.ocr_dpi), content, reader, reading)
    except CorruptFile as error:
        reading.warnings.append(str(error))
        reading.damaged += 1
        content, confidence = PageContent(index + 1, 0, 0), None
    _note(content, confidence, reader, reading)


def _seen(
    image: Any, content: PageContent, reader: PageReader, reading: _Reading
) -> tuple[PageContent, float | None]:
    """A page with what OCR reads on it and how surely, or as it is where there is no less written."""
    try:
        seen = reader.read(image, 72 * image.width / content.width)
    except CorruptFile as error:
        if not content.characters:
            raise
        reading.warnings.append(f"page {content.number}: {error}")
        return content, None
    if seen is None or sum(len(word.text) for word in seen.words) < content.characters:
        return content, None
    return replace(content, words=seen.words, rules=(), bands=()), seen.confidence


def _note(content: PageContent, confidence: float | None, reader: PageReader, reading: _Reading) -> None:
    if content.ocr_layer and confidence is None:
        reading.warnings.append(f"page {content.number}: a scan, read from the text layer beneath it")
    if content.unreadable and confidence is None and _garbled(content):
        reading.warnings.append(
            f"page {content.number}: most characters have no meaning assigned in the file"
        )
    drawn = _is_drawn(content) and confidence is None
    if drawn:
        reading.warnings.append(
            f"page {content.number}: much is drawn and little of it is text; what is drawn was not read"
        )
    poor = drawn or _garbled(content) if confidence is None else reader.is_poor(content, confidence)
    reading.pages.append(content)
    reading.receipts.append(PageReceipt(content.number, content.characters, confidence, poor))
    reading.hidden.update(content.hidden)


def _wants_ocr(content: PageContent) -> bool:
    if _garbled(content) or _is_drawn(content):
        return True
    return content.characters < FEWEST_CHARACTERS and content.image_share > 0.1


def _is_drawn(content: PageContent) -> bool:
    """Whether there is far more drawn than written, as where letters were turned into paths."""
    letters = content.segments // LETTER_SEGMENTS
    return letters >= DRAWN_LETTERS and content.characters * 4 < letters


def _garbled(content: PageContent) -> bool:
    return content.unreadable > UNREADABLE * (content.characters + content.unreadable)


def read_page(page: Any, number: int) -> PageContent:
    """The text layer of a loaded page and what is drawn around it."""
    shape = geometry(page)
    glyphs = read_glyphs(page, shape)
    drawn = drawing(page, shape)
    drop_unseen(page, shape, glyphs)
    scan = drawn.image_share >= SCAN and bool(glyphs.invisible)
    if not scan:
        glyphs.hidden["invisible"] += sum(len(word.text) for word in glyphs.invisible)
    return PageContent(
        number,
        *shape.size,
        words=tuple(glyphs.words + (glyphs.invisible if scan else [])),
        sideways=tuple(glyphs.sideways),
        rules=tuple(drawn.rules),
        bands=tuple(drawn.bands),
        image_share=drawn.image_share,
        ocr_layer=scan,
        unreadable=glyphs.unreadable,
        segments=drawn.segments,
        hidden=+glyphs.hidden,
    )


def layout(pages: Sequence[PageContent]) -> Iterator[Element]:
    """Elements of all pages in reading order, furniture before and after its page's content."""
    cleared, furniture = part_furniture(pages)
    blocks = join_paragraphs([block for page in cleared for block in page_blocks(page)])
    by_page: dict[int, list[Element]] = {}
    for element in elements_of(blocks, vocabulary(pages), _body_size(pages)):
        by_page.setdefault(element.page or 0, []).append(element)
    for page in pages:
        edges = furniture.get(page.number, [])
        middle = page.height / 2
        yield from (element for element in edges if element.box and element.box[1] < middle)
        yield from by_page.get(page.number, [])
        if page.sideways:
            yield Element("paragraph", " ".join(page.sideways), page=page.number)
        yield from (element for element in edges if element.box and element.box[1] >= middle)


def _body_size(pages: Sequence[PageContent]) -> float:
    words = [word for page in pages for word in page.words]
    return main_size(words) if words else 0.0


def page_blocks(page: PageContent) -> Iterator[Block]:
    """The blocks of one page in reading order."""
    tables, words = ruled_tables(page.words, page.rules)
    for region in regions(words, [table.box for table in tables]):
        items: list[Any] = [tables[region]] if isinstance(region, int) else aligned_tables(rows_of(region))
        yield from blocks_of(items, page.number)


__all__ = ["Table", "layout", "page_blocks", "parse", "read_page"]
