"""Headings cut a document into sections; a chunk never crosses one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from ingestion.types import FURNITURE, Document, Placed


@dataclass(frozen=True, slots=True)
class Section:
    """The content under one heading, up to the next heading of any level; never without content.

    `start` is where the heading begins (the first element, where there is none), `end` where the content
    ends. `path` holds the titles from the outermost heading to the section's own.
    """

    path: tuple[str, ...]
    start: int
    end: int
    body: tuple[Placed, ...]


def sections(document: Document) -> Iterator[Section]:
    """The sections of a document in order; together they hold all of its content.

    A heading with nothing but headings below it gives no section: it is found through their paths. A heading
    with nothing at all below it (a slide with only a title, a line mistaken for a heading) is content of the
    section above it, because no path would hold it.
    """
    content = [placed for placed in document.elements if _is_content(document, placed)]
    headings: tuple[Placed, ...] = ()
    opened, body, end = headings, list[Placed](), 0
    for placed, following in zip_longest(content, content[1:]):
        if placed.element.kind == "title":
            headings = tuple(heading for heading in headings if _level(heading) < _level(placed))
            if _leads(placed, following):
                headings = (*headings, placed)
                continue
        if body and opened != headings:
            yield _section(opened, body, after=end)
            end, body = body[-1].end, []
        opened = headings
        body.append(placed)
    if body:
        yield _section(opened, body, after=end)


def _is_content(document: Document, placed: Placed) -> bool:
    return placed.element.kind not in FURNITURE and bool(document.text[placed.start : placed.end].strip())


def _level(title: Placed) -> int:
    return max(title.element.level, 1)


def _leads(title: Placed, following: Placed | None) -> bool:
    """Whether anything stands below the heading: content, or a deeper heading."""
    if following is None:
        return False
    return following.element.kind != "title" or _level(following) > _level(title)


def _section(headings: tuple[Placed, ...], body: list[Placed], *, after: int) -> Section:
    """The section under `headings`; its heading is part of it unless an earlier section lies between."""
    own = [heading.start for heading in headings[-1:] if heading.start >= after]
    path = tuple(" ".join(heading.element.text.split()) for heading in headings)
    return Section(path, min([*own, body[0].start]), body[-1].end, tuple(body))
