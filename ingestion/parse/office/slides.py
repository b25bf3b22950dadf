"""PowerPoint presentations (pptx): read through `python-pptx`; a page is a slide.

Hidden slides and shapes go and are counted; merged cells repeat; the data of a chart becomes a table behind
its slide, since the library does not read it as text.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ingestion.parse.archive import checked_archive
from ingestion.parse.base import Parsed
from ingestion.parse.office.charts import chart_elements
from ingestion.parse.office.core_properties import core_properties
from ingestion.parse.office.package import rewritten
from ingestion.parse.office.slide_walk import SlideBlock, slide_blocks
from ingestion.parse.tables import TableSize, table_element
from ingestion.types import Element, PageReceipt
from service.errors import CorruptFile, LimitExceeded
from service.settings import ParseSettings

_MAIN = "ppt/presentation.xml"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_DEEPEST_GROUP = 16
_NUMBERED = re.compile(r"\d+\. ")


def parse(content: bytes, filename: str, limits: ParseSettings) -> Parsed:
    """Read a pptx file; each slide title is a heading of level 1."""
    archive = checked_archive(content, _MAIN, limits)
    title, metadata = core_properties(archive)
    deck = _Deck(rewritten(archive, {}), limits)
    elements = tuple(_with_charts(_elements(deck.blocks, deck.tables), deck.charts))
    characters: Counter[int | None] = Counter()
    for element in elements:
        characters[element.page] += len(element.text)
    pages = tuple(PageReceipt(number, characters[number]) for number in range(1, deck.slides + 1))
    return Parsed("python-pptx", elements, title=title, pages=pages, hidden=deck.hidden, metadata=metadata)


class _Deck:
    """A presentation without what is hidden: its `blocks`, and its `charts` by slide number."""

    def __init__(self, content: bytes, limits: ParseSettings) -> None:
        import pptx
        from lxml.etree import XMLSyntaxError
        from pptx.exc import PythonPptxError

        self.hidden: Counter[str] = Counter()
        self.charts: dict[int, list[Element]] = {}
        self.tables = TableSize(limits)
        try:
            self._presentation: Any = pptx.Presentation(io.BytesIO(content))
            _check_slides(self._presentation, limits)
            self._drop_hidden_slides()
            for number, slide in enumerate(self._presentation.slides, 1):
                self._clean(slide.shapes, number, depth=0)
            self.slides = len(self._presentation.slides)
            self.blocks = list(slide_blocks(self._presentation))
        except (PythonPptxError, KeyError, ValueError, AttributeError, TypeError, XMLSyntaxError) as error:
            raise CorruptFile(f"The presentation is damaged ({type(error).__name__}).") from error

    def _drop_hidden_slides(self) -> None:
        identities = self._presentation.slides._sldIdLst
        shown = list(zip(list(identities), list(self._presentation.slides), strict=True))
        for identity, slide in shown:
            if slide._element.get("show") in ("0", "false"):
                self._count("hidden_slide", slide._element)
                self._presentation.part.drop_rel(identity.rId)
                identities.remove(identity)

    def _clean(self, shapes: Any, number: int, depth: int) -> None:
        for shape in list(shapes):
            if _is_hidden(shape):
                self._count("hidden_shape", shape._element)
                shape._element.getparent().remove(shape._element)
            elif getattr(shape, "has_chart", False) and shape.has_chart:
                found = chart_elements(shape.chart._chartSpace, self.tables, number)
                self.charts.setdefault(number, []).extend(found)
            elif hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
                self._clean(shape.shapes, number, depth + 1)
            elif shape.has_text_frame:
                _write_out_numbers(shape.text_frame)

    def _count(self, cause: str, node: Any) -> None:
        self.hidden[cause] += sum(map(len, node.itertext(_TEXT)))


def _check_slides(presentation: Any, limits: ParseSettings) -> None:
    """Refuse too many slides before any is looked at, and one that is shown again: a few bytes do that."""
    named = [identity.rId for identity in presentation.slides._sldIdLst]
    if len(named) > limits.max_pages:
        raise LimitExceeded(
            f"The file has more than {limits.max_pages} slides.",
            hint="The limit is the setting parse.max_pages.",
        )
    if len({presentation.part.related_part(name) for name in named}) < len(named):
        raise CorruptFile("The presentation shows a slide more than once, as no program writes it.")


def _is_hidden(shape: Any) -> bool:
    names = shape._element.xpath("./*/p:cNvPr")
    return bool(names) and names[0].get("hidden") in ("1", "true")


def _write_out_numbers(frame: Any) -> None:
    """Put the number before each paragraph that PowerPoint numbers by itself."""
    counts: dict[int, int] = {}
    for paragraph in frame.paragraphs:
        if not paragraph.runs or not paragraph._p.xpath("./a:pPr/a:buAutoNum"):
            counts.clear()
            continue
        level = paragraph.level
        start = paragraph._p.xpath("./a:pPr/a:buAutoNum")[0].get("startAt", "1")
        counts[level] = counts.get(level, int(start) - 1) + 1
        counts = {each: count for each, count in counts.items() if each <= level}
        paragraph.runs[0].text = f"{counts[level]}. {paragraph.runs[0].text}"


def _elements(blocks: list[SlideBlock], size: TableSize) -> Iterator[Element]:
    for block in blocks:
        if block.kind == "table":
            if table := table_element(block.rows, block.page, size=size, headed=None):
                yield table
        elif block.kind == "title":
            yield Element("title", " ".join(block.text.split()), level=1, page=block.page)
        elif block.kind == "notes":
            yield Element("paragraph", f"Speaker notes: {block.text}", page=block.page)
        elif _NUMBERED.match(block.text):
            yield Element("list_item", block.text.strip(), page=block.page)
        elif block.kind == "item":
            yield Element("list_item", f"- {block.text.strip()}", level=block.depth, page=block.page)
        else:
            yield Element("paragraph", block.text.replace("\v", "\n"), page=block.page)


def _with_charts(elements: Iterator[Element], charts: dict[int, list[Element]]) -> Iterator[Element]:
    """The elements with each slide's charts behind it."""
    waiting = dict(sorted(charts.items()))
    for element in elements:
        while waiting and element.page is not None and next(iter(waiting)) < element.page:
            yield from waiting.pop(next(iter(waiting)))
        yield element
    for left in waiting.values():
        yield from left
