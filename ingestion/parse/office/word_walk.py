"""The blocks of a Word file in reading order, through `python-docx`: paragraphs, tables, headers and footers.

What is in the file but not its text (numbers of lists, pages) is worked out on the way: numbers by
`word_numbers.py`, pages by the breaks that Word noted when it last laid the document out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ingestion.parse.office.word_numbers import Numbers
from service.errors import CorruptFile

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BREAK = f"{_W}lastRenderedPageBreak"
_CONTENT = (*(_W + item for item in ("br", "cr", "noBreakHyphen", "ptab", "t", "tab")), _BREAK)
"""What the runs of a paragraph hold, with the breaks of its pages."""
_BULLETS = (
    "\x95\u2022\u2023\u2043\u3164\u204c\u204d\u2219\u25cb\u25cf\u25d8\u25e6\u2619"
    "\u2765\u2767\u29be\u29bf\uf0b7\xb7*"
)
_BULLET = re.compile(rf"(?:[{_BULLETS}]|[-\u2013](?=\s|$))(?![{_BULLETS}\u2013-])")
"""A sign that was typed in before an item; a dash is one only before a space."""
MAIN = "/word/document.xml"
MOST_COLUMNS = 63
"""Of a table, Word's own bound."""


@dataclass(frozen=True, slots=True)
class WordBlock:
    """A paragraph or a table, of the body or of a page's edge; `page` counts from 1 where pages are known."""

    kind: Literal["text", "table", "header", "footer"]
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    page: int | None = None


def word_blocks(content: bytes) -> list[WordBlock]:
    """The blocks of a docx file."""
    import docx
    from docx.exceptions import PythonDocxError
    from lxml.etree import LxmlError

    damaged = (KeyError, ValueError, AttributeError, TypeError, IndexError, OSError, LxmlError)
    try:
        document = docx.Document(io.BytesIO(content))
        if document.part.partname != MAIN:  # what was prepared is another part than the one that is shown
            raise CorruptFile("The file names another part as its text than word/document.xml.")
        return list(_Walk(document).blocks())
    except (PythonDocxError, *damaged) as error:
        raise CorruptFile(f"The office file is damaged ({type(error).__name__}).") from error


class _Walk:
    """One pass over a document; `_page` is where it stands."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._numbers = Numbers(document)
        self._has_pages = next(document.element.iter(_BREAK), None) is not None
        self._page = 1

    def blocks(self) -> Iterator[WordBlock]:
        sections = list(self._document.sections)
        if sections:
            yield from self._opening(sections[0], is_first=True)
        for item in self._document.iter_inner_content():
            yield from self._table(item) if _is_table(item) else self._paragraph(item)
            if len(sections) > 1 and _ends(item, sections[0]):
                yield from self._edge("footer", sections.pop(0))
                yield from self._opening(sections[0], is_first=False)
        for section in sections[:1]:
            yield from self._edge("footer", section)

    def _opening(self, section: Any, is_first: bool) -> Iterator[WordBlock]:
        """A section that must begin on an odd or even page may leave one blank, without a break noted."""
        from docx.enum.section import WD_SECTION_START

        is_odd = self._page % 2 == 1
        to_even = section.start_type == WD_SECTION_START.EVEN_PAGE and not is_odd
        to_odd = section.start_type == WD_SECTION_START.ODD_PAGE and is_odd and not is_first
        self._page += to_even or to_odd
        yield from self._edge("header", section)

    def _edge(self, kind: Literal["header", "footer"], section: Any) -> Iterator[WordBlock]:
        edges = [getattr(section, kind)]
        if section.different_first_page_header_footer:
            edges.append(getattr(section, f"first_page_{kind}"))
        if self._document.settings.odd_and_even_pages_header_footer:
            edges.append(getattr(section, f"even_page_{kind}"))
        for edge in edges:
            if not edge.is_linked_to_previous and (text := _edge_text(edge)):
                yield WordBlock(kind, text)

    def _table(self, table: Any) -> Iterator[WordBlock]:
        self._count_items(table)
        rows = tuple(tuple(_row(row, table)) for row in table.rows)
        yield self._block("table", "", rows)

    def _count_items(self, table: Any) -> None:
        """A list's numbers go on inside a table, where they are not shown."""
        for cell in _cells(table):
            for item in cell.iter_inner_content():
                if _is_table(item):
                    self._count_items(item)
                else:
                    self._numbers.of(item)

    def _paragraph(self, paragraph: Any) -> Iterator[WordBlock]:
        number = self._numbers.of(paragraph)
        is_item = paragraph._p.find(f"{_W}pPr/{_W}numPr") is not None
        for piece in _by_page(paragraph):
            if piece is None:
                self._page += 1
                continue
            text = _without_bullet(piece, is_item)
            if text.strip():
                yield self._block("text", f"{number} {text}" if number else text)
                number = ""

    def _block(
        self, kind: Literal["text", "table"], text: str, rows: tuple[tuple[str, ...], ...] = ()
    ) -> WordBlock:
        return WordBlock(kind, text, rows, self._page if self._has_pages else None)


def _by_page(paragraph: Any) -> Iterator[str | None]:
    """The text of the paragraph's parts, with None for each page break between them."""
    pieces: list[str] = []
    for item in _content(paragraph._p):
        if item.tag == _BREAK:
            yield "".join(pieces)
            yield None
            pieces = []
        else:
            pieces.append(str(item))
    yield "".join(pieces)


def _content(paragraph: Any) -> Iterator[Any]:
    for part in paragraph.iterchildren(f"{_W}r", f"{_W}hyperlink"):
        for run in (part,) if part.tag == f"{_W}r" else part.iterchildren(f"{_W}r"):
            yield from run.iterchildren(*_CONTENT)


def _without_bullet(text: str, is_item: bool) -> str:
    """A bullet that was typed in goes, as does the space around a list item."""
    if _BULLET.match(text.strip()):
        return _BULLET.sub("", text.strip(), count=1).strip()
    return text.strip() if is_item else text


def _row(row: Any, table: Any) -> Iterator[str]:
    yield from [""] * min(row.grid_cols_before, MOST_COLUMNS)
    yield from (_cell_text(tc, table) for tc in row._tr.tc_lst)
    yield from [""] * min(row.grid_cols_after, MOST_COLUMNS)


def _cells(table: Any) -> Iterator[Any]:
    from docx.table import _Cell

    for row in table.rows:
        yield from (_Cell(tc, table) for tc in row._tr.tc_lst)


def _cell_text(tc: Any, table: Any) -> str:
    """On one line, with the cells of a table inside it."""
    from docx.table import _Cell

    return " ".join(" ".join(_texts(_Cell(tc, table))).split())


def _texts(place: Any) -> Iterator[str]:
    """The texts of a cell, a header or a footer; a table's on one line."""
    for item in place.iter_inner_content():
        if _is_table(item):
            yield " ".join(" ".join(text for cell in _cells(item) for text in _texts(cell)).split())
        else:
            yield item.text.strip()


def _edge_text(edge: Any) -> str:
    return "\n".join(text for text in _texts(edge) if text)


def _is_table(item: Any) -> bool:
    return hasattr(item, "rows")


def _ends(item: Any, section: Any) -> bool:
    """Whether a block is the last paragraph of a section."""
    if _is_table(item) or item._p.pPr is None:
        return False
    return item._p.pPr.sectPr is section._sectPr
