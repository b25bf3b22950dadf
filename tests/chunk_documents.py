"""What chunk tests start from: documents made of a few elements, and a tokenizer of words and marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingestion.chunk import chunk
from ingestion.types import Document, Element, PageReceipt, Placed, Receipt
from service.settings import ChunkSettings
from service.types import Chunk

_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str) -> list[tuple[int, int]]:
    """A token is a word or a punctuation mark."""
    return [match.span() for match in _TOKEN.finditer(text)]


def count(text: str) -> int:
    """How many tokens the text has."""
    return len(tokenize(text))


def title(text: str, level: int = 1) -> Element:
    return Element("title", text, level=level)


def paragraph(text: str, page: int | None = None) -> Element:
    return Element("paragraph", text, page=page)


def item(text: str) -> Element:
    return Element("list_item", text)


def code(text: str) -> Element:
    return Element("code", text)


def table(*rows: Sequence[str]) -> Element:
    """A table, header first, with its markdown."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return Element("table", "\n".join(lines), rows=tuple(tuple(row) for row in rows))


def document(*elements: Element, language: str = "en", pages: Sequence[PageReceipt] = ()) -> Document:
    """The elements laid out as the parser does: list items on lines, all else parted by a blank line."""
    text = ""
    placed: list[Placed] = []
    for element in elements:
        if text:
            is_list = placed[-1].element.kind == element.kind == "list_item"
            text += "\n" if is_list else "\n\n"
        placed.append(Placed(element, len(text), len(text) + len(element.text)))
        text += element.text
    return Document(text, tuple(placed), "A title", language, Receipt("test", pages=tuple(pages)))


def chunks(
    *elements: Element, most: int = 40, target: int = 30, least: int = 5, document_id: str = "d"
) -> tuple[Chunk, ...]:
    """The chunks of a document of these elements."""
    settings = ChunkSettings(max_tokens=most, target_tokens=target, min_tokens=least)
    return chunk(
        document(*elements), tenant="t", document_id=document_id, settings=settings, tokenize=tokenize
    )


def sentences(number: int, words: int = 8) -> str:
    """So many sentences of so many words, each with words of its own; a full stop is one token more."""
    return " ".join(
        " ".join(["Sentence", *(f"w{place}x{word}" for word in range(1, words))]) + "."
        for place in range(number)
    )
