"""What was expected, as the corpus has it: the documents, and the chunks in which the text stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from service.catalogue import Database, Listing, Whereabouts, document_id
from service.errors import NotFound
from service.explaining.explanation import Corpus, DocumentSeen, Expected, Place, Spot
from service.types import Chunk, Scope

MOST_DOCUMENTS = 5
"""Of those that hold an expected text; one that stands in more is no sign of any of them."""
MOST_SPOTS = 20
"""Of one document."""


class CorpusLook:
    """Looks for what was expected in the catalogue, as far as a scope may read it."""

    def __init__(self, database: Database) -> None:
        self._listing = Listing(database)
        self._whereabouts = Whereabouts(database)

    def look(self, scope: Scope, expected: Expected) -> Corpus:
        """The documents and places of what was expected."""
        ids = list(self._documents(scope, expected))
        documents = tuple(self._seen(scope, expected, id) for id in ids)
        places: list[Place] = []
        spots: list[Spot] = []
        for id in ids:
            if (read := self._whereabouts.read(scope, id)) is not None:
                text, chunks = read
                there = _spots(id, text, expected.text)
                spots += there
                places += _places(there, chunks, expected.text) if expected.text else map(_whole, chunks)
        return Corpus(documents, tuple(places), tuple(spots))

    def _documents(self, scope: Scope, expected: Expected) -> Iterator[str]:
        if expected.document_id:
            yield expected.document_id
        elif expected.source:
            yield document_id(scope, expected.source)
        else:
            yield from islice(self._with_text(scope, expected.text), MOST_DOCUMENTS)

    def _with_text(self, scope: Scope, text: str) -> Iterator[str]:
        for id in self._whereabouts.holding(scope, text):
            read = self._whereabouts.read(scope, id)
            if read is not None and _spots(id, read[0], text):
                yield id

    def _seen(self, scope: Scope, expected: Expected, id: str) -> DocumentSeen:
        upload = self._whereabouts.last_upload(scope, id)
        try:
            record = self._listing.document(scope, id)
        except NotFound:
            return self._not_live(scope, expected, id)
        return DocumentSeen(id, record.source, "live", record.version, upload, record.receipt)

    def _not_live(self, scope: Scope, expected: Expected, id: str) -> DocumentSeen:
        upload = self._whereabouts.last_upload(scope, id)
        if upload is not None:
            is_failed = upload.state == "failed"
            return DocumentSeen(id, upload.source, "failed" if is_failed else "waiting", upload=upload)
        deleted_at = self._whereabouts.deleted_at(scope, id)
        is_deleted = deleted_at is not None
        return DocumentSeen(id, expected.source, "deleted" if is_deleted else "absent", deleted_at=deleted_at)


def pattern_of(text: str) -> re.Pattern[str]:
    """Finds a text however it is broken into lines, in capitals or not."""
    return re.compile(r"\s+".join(map(re.escape, text.split())), re.IGNORECASE)


def _spots(id: str, text: str, wanted: str) -> list[Spot]:
    if not wanted:
        return []
    return [Spot(id, *match.span()) for match in islice(pattern_of(wanted).finditer(text), MOST_SPOTS)]


def _places(spots: list[Spot], chunks: tuple[Chunk, ...], wanted: str) -> list[Place]:
    """The chunks that hold a spot whole; else those under a heading or table header that does.

    Where there are none either, those that hold a part of one.
    """
    touching = [
        _place(chunk, chunk.start <= spot.start and spot.end <= chunk.end)
        for chunk in chunks
        for spot in spots
        if chunk.start < spot.end and spot.start < chunk.end
    ]
    whole = [place for place in touching if place.whole]
    return list(dict.fromkeys(whole or _under(chunks, wanted) or touching))


def _under(chunks: tuple[Chunk, ...], wanted: str) -> list[Place]:
    """The chunks whose headings or table header say it: they are indexed and read with them."""
    pattern = pattern_of(wanted)
    return [
        replace(_whole(chunk), above=True)
        for chunk in chunks
        if any(map(pattern.search, (*chunk.heading_path, chunk.header)))
    ]


def _place(chunk: Chunk, whole: bool) -> Place:
    return Place(chunk.document_id, chunk.id, chunk.ordinal, chunk.start, chunk.end, whole)


def _whole(chunk: Chunk) -> Place:
    return _place(chunk, True)
