"""The texts of a presentation in order, through `python-pptx`: from top to bottom, from left to right.

What lies off the slide is left out; shapes in groups count like any other; the speaker's notes come last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class SlideBlock:
    """A paragraph or a table of a slide; `page` counts slides from 1, `depth` list levels from 0."""

    kind: Literal["title", "item", "text", "table", "notes"]
    page: int
    text: str = ""
    depth: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


def slide_blocks(presentation: Any) -> Iterator[SlideBlock]:
    """The blocks of every slide of a `python-pptx` presentation."""
    for page, slide in enumerate(presentation.slides, 1):
        title = slide.shapes.title
        for shape in sorted(_shapes(slide.shapes), key=lambda shape: (shape.top or 0, shape.left or 0)):
            if shape.has_table:
                rows = tuple(tuple(cell.text for cell in row.cells) for row in shape.table.rows)
                yield SlideBlock("table", page, rows=rows)
            elif shape.has_text_frame and not _is_off_slide(shape):
                yield from _paragraphs(shape, page, is_title=shape == title)
        if notes := _notes(slide):
            yield SlideBlock("notes", page, notes)


def _notes(slide: Any) -> str:
    """What the speaker wrote for himself, a line for each paragraph; asked for only where there is something,
    because the library would else make an empty page of notes.
    """
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    lines = (paragraph.text.strip() for paragraph in frame.paragraphs) if frame is not None else ()
    return "\n".join(line for line in lines if line)


def _shapes(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _is_off_slide(shape: Any) -> bool:
    return bool(shape.top and shape.left and (shape.top < 0 or shape.left < 0))


def _paragraphs(shape: Any, page: int, is_title: bool) -> Iterator[SlideBlock]:
    """The first line of the title's shape is the title."""
    for paragraph in shape.text_frame.paragraphs:
        if not paragraph.text.strip():
            continue
        if paragraph._p.xpath("./a:pPr/a:buChar"):
            yield SlideBlock("item", page, paragraph.text, paragraph.level or 0)
            continue
        yield SlideBlock("title" if is_title else "text", page, paragraph.text)
        is_title = False
