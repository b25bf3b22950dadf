"""What readers said of answers, as a labelled set: questions with the chunks that answer them.

An answer that was rated up says that its cited chunks answer the question. A correction says so of the chunks
that hold it word for word; where none does, it teaches nothing about retrieval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from eval.labelled.types import LabelledQuestion, LabelledSet, Record, folded
from service.catalogue import Answers, Database, Listing
from service.catalogue.answers import Judgement
from service.errors import Misconfigured
from service.settings import Settings
from service.types import LOCAL, Chunk

PAGE = 500
SHORTEST_CORRECTION = 3
"""Words: a shorter one is in too many chunks."""


def feedback_set(settings: Settings) -> LabelledSet:
    """The set of a data folder: its live chunks as records, and every question that feedback answers.

    A server may run meanwhile.

    Raises:
        Misconfigured: nothing was ever read into the data folder.
    """
    if not (settings.data_dir / "catalogue.sqlite3").is_file():
        raise Misconfigured(f"{settings.data_dir} holds no catalogue", hint="give --data-dir")
    database = Database.in_folder(settings.data_dir)
    try:
        chunks = list(_live_chunks(Listing(database)))
        judged = Answers(database).judgements(LOCAL)
    finally:
        database.close()
    return LabelledSet("feedback", tuple(_questions(judged, chunks)), tuple(map(_record, chunks)))


def _live_chunks(listing: Listing) -> Iterator[Chunk]:
    cursor: str | None = None
    while True:
        page = listing.documents(LOCAL, cursor, PAGE)
        for document in page.items:
            yield from _chunks_of(listing, document.id)
        if (cursor := page.next_cursor) is None:
            return


def _chunks_of(listing: Listing, document_id: str) -> Iterator[Chunk]:
    cursor: str | None = None
    while True:
        page = listing.chunks(LOCAL, document_id, cursor, PAGE)
        yield from page.items
        if (cursor := page.next_cursor) is None:
            return


def _record(chunk: Chunk) -> Record:
    return Record(
        chunk.id, " > ".join(chunk.heading_path), "\n".join(filter(None, (chunk.header, chunk.text)))
    )


def _questions(judged: Sequence[Judgement], chunks: Sequence[Chunk]) -> Iterator[LabelledQuestion]:
    """One for each wording: its chunks are those of all judgements of it."""
    live = {chunk.id: chunk.document_id for chunk in chunks}
    texts = {chunk.id: folded(chunk.text) for chunk in chunks}
    answering: dict[str, dict[str, int]] = {}
    wording: dict[str, str] = {}
    for one in judged:
        found = _corrected(one.correction, texts) if one.correction else _approved(one)
        if known := [chunk for chunk in found if chunk in live]:
            wording.setdefault(folded(one.question), one.question)
            answering.setdefault(folded(one.question), {}).update(dict.fromkeys(known, 1))
    for number, (key, relevant) in enumerate(answering.items()):
        yield LabelledQuestion(f"feedback-{number}", wording[key], live[next(iter(relevant))], relevant)


def _approved(one: Judgement) -> Sequence[str]:
    return one.cited if one.rating == "up" else ()


def _corrected(correction: str, texts: dict[str, str]) -> Sequence[str]:
    said = folded(correction)
    if len(said.split()) < SHORTEST_CORRECTION:
        return ()
    return list(islice((chunk for chunk, text in texts.items() if said in text), 3))
