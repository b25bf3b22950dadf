"""A document becomes chunks: along its structure, within the embedder's size, with stable ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from uuid import UUID, uuid5

from ingestion.chunking.blocks import Block, blocks
from ingestion.chunking.cohesion import weigh_breaks
from ingestion.chunking.naming import telling_name
from ingestion.chunking.partition import Sizes, partition
from ingestion.chunking.ruler import Ruler, Tokenize
from ingestion.chunking.sections import Section, sections
from ingestion.types import Document, Placed
from service.settings import ChunkSettings
from service.types import Chunk

NAMESPACE = UUID("6d0c3a3e-6f0e-5c0b-9a53-0f6f1c8f2b17")
"""Root of all chunk ids; changing it makes every stored chunk a new one."""


def chunk(
    document: Document,
    *,
    tenant: str,
    document_id: str,
    settings: ChunkSettings,
    tokenize: Tokenize,
    filename: str = "",
) -> tuple[Chunk, ...]:
    """The chunks of a document, in order, without overlap; together they hold all content but headings.

    No `indexed_text` has more than `settings.max_tokens` tokens, counted without special tokens.
    What `filename` tells beyond a section's headings stands before them in the path.
    `tokenize` gives the character spans of the tokens of the embedder's tokenizer, not truncated.
    The id is a UUIDv5 (RFC 9562) of tenant, document and indexed text, so a chunk that did not change keeps
    its id wherever it moves; exact repeats within the document are numbered.
    """
    ids = _Ids(tenant, document_id)
    poor = frozenset(page.number for page in document.receipt.pages if page.poor)
    found = (
        _section_chunks(document, poor, _named(section, filename), settings, tokenize)
        for section in sections(document)
    )
    return tuple(
        replace(piece, id=ids.of(piece), document_id=document_id, ordinal=ordinal)
        for ordinal, piece in enumerate(chain.from_iterable(found))
    )


class _Ids:
    """Gives out the ids of one document's chunks."""

    def __init__(self, tenant: str, document_id: str) -> None:
        self._document = uuid5(uuid5(NAMESPACE, tenant), document_id)
        self._seen: Counter[str] = Counter()

    def of(self, piece: Chunk) -> str:
        occurrence = self._seen[piece.indexed_text]
        self._seen[piece.indexed_text] += 1
        return str(uuid5(self._document, f"{occurrence}\n{piece.indexed_text}"))


def _named(section: Section, filename: str) -> Section:
    name = telling_name(filename, section.path)
    return replace(section, path=(name, *section.path)) if name else section


def _section_chunks(
    document: Document,
    poor: AbstractSet[int | None],
    section: Section,
    settings: ChunkSettings,
    tokenize: Tokenize,
) -> Iterator[Chunk]:
    """The chunks of one section, without id and ordinal."""
    path, path_size = _bounded(section.path, settings.max_tokens // 3, tokenize)
    largest = settings.max_tokens - path_size
    sizes = Sizes(largest, min(settings.target_tokens, largest), settings.min_tokens)
    ruler = Ruler(document.text, [(placed.start, placed.end) for placed in section.body], tokenize)
    weighed = weigh_breaks(blocks(section.body, ruler, largest), ruler)
    for piece in partition(weighed, ruler, sizes):
        yield _chunk(document, poor, replace(section, path=path), piece)


def _bounded(path: tuple[str, ...], max_tokens: int, tokenize: Tokenize) -> tuple[tuple[str, ...], int]:
    """The innermost titles of `path` that together have at most `max_tokens`, and how many they have."""
    for first in range(len(path)):
        if (size := len(tokenize(" > ".join(path[first:])))) <= max_tokens:
            return path[first:], size
    spans = tokenize(path[-1])[:max_tokens] if path else ()
    return (path[-1][: spans[-1][1]],) if spans else (), len(spans)


def _chunk(
    document: Document, poor: AbstractSet[int | None], section: Section, piece: tuple[Block, ...]
) -> Chunk:
    start, end = piece[0].start, piece[-1].end
    touched = _touched(section.body, start, end)
    return Chunk(
        id="",
        document_id="",
        ordinal=0,
        text=document.text[start:end],
        start=start,
        end=end,
        section=(section.start, section.end),
        heading_path=section.path,
        header=document.text[slice(*piece[0].header)],
        page=touched[0].element.page,
        kinds=tuple(dict.fromkeys(placed.element.kind for placed in touched)),
        language=document.language,
        poor=any(placed.element.page in poor for placed in touched),
    )


def _touched(body: tuple[Placed, ...], start: int, end: int) -> tuple[Placed, ...]:
    """The elements that the span has a part of."""
    first = bisect_right(body, start, key=lambda placed: placed.start) - 1
    after = bisect_left(body, end, key=lambda placed: placed.start)
    return body[first:after]
