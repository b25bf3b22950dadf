"""Word documents (docx): prepared by `word_source.py`, walked by `word_walk.py`, mapped to elements here."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import cast

from ingestion.parse.archive import checked_archive
from ingestion.parse.base import Parsed
from ingestion.parse.office.charts import chart_elements
from ingestion.parse.office.core_properties import core_properties
from ingestion.parse.office.package import part_tree, read_part, rewritten
from ingestion.parse.office.word_notes import PARTS
from ingestion.parse.office.word_source import END, MARK, WordSource
from ingestion.parse.office.word_styles import Styles
from ingestion.parse.office.word_walk import WordBlock, word_blocks
from ingestion.parse.tables import check_cells, table_element
from ingestion.types import Element, Kind
from service.settings import ParseSettings

_MAIN = "word/document.xml"
_CHART = re.compile(r"word/charts/chart\d*\.xml")


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read a docx file; page numbers are those that Word last laid out, where it kept them."""
    archive = checked_archive(content, _MAIN, limits)
    notes = {kind: part for kind, name in PARTS.items() if (part := _optional(archive, name)) is not None}
    source = WordSource(Styles(_optional(archive, "word/styles.xml")), notes)
    prepared = rewritten(archive, {_MAIN: source.rewrite})
    title, metadata = core_properties(archive)
    elements = (*_joined_code(_elements(word_blocks(prepared), limits)), *_charts(archive))
    return Parsed("python-docx", elements, title=title, hidden=source.hidden, metadata=metadata)


def _charts(archive: zipfile.ZipFile) -> Iterator[Element]:
    """The charts, behind the text: their place in it is known only to their drawings."""
    for name in sorted(filter(_CHART.fullmatch, archive.namelist())):
        yield from chart_elements(part_tree(read_part(archive, name)))


def _optional(archive: zipfile.ZipFile, name: str) -> bytes | None:
    return read_part(archive, name) if name in archive.namelist() else None


def _elements(blocks: list[WordBlock], limits: ParseSettings) -> Iterator[Element]:
    waiting = ""
    for block in blocks:
        if block.kind == "table":
            check_cells(sum(map(len, block.rows)), limits.max_cells)
            if table := table_element(block.rows, block.page, headed=None):
                yield table
            continue
        if block.kind != "text":
            yield Element(block.kind, block.text)
            continue
        number, mark, text = _unmarked(waiting + block.text)
        waiting = ""
        if mark and not text.strip():
            waiting = block.text  # a page break stands between the mark and the text of its paragraph
        elif text.strip():
            yield _element(number, mark, text, block.page)


def _unmarked(text: str) -> tuple[str, str, str]:
    """The list number that `word_walk.py` put first, the mark of `word_source.py`, and the text itself."""
    number, start, rest = text.partition(MARK)
    if not start:
        return "", "", text
    mark, _, text = rest.partition(END)
    return number.strip(), mark, text


def _element(number: str, mark: str, text: str, page: int | None) -> Element:
    kind, _, level = mark.partition(":")
    if kind == "code":
        return Element("code", text, page=page)
    marker = number or ("-" if kind == "list_item" else "")
    return Element(
        cast(Kind, kind or "paragraph"),
        f"{marker} {text.strip()}" if marker else text,
        level=int(level or 0),
        page=page,
    )


def _joined_code(elements: Iterator[Element]) -> Iterator[Element]:
    """Code is written one paragraph a line; neighbours of it become one element."""
    lines: list[str] = []
    page: int | None = None
    for element in elements:
        if element.kind == "code":
            page = page if lines else element.page
            lines.append(element.text)
            continue
        if lines:
            yield Element("code", "\n".join(lines), page=page)
            lines = []
        yield element
    if lines:
        yield Element("code", "\n".join(lines), page=page)
