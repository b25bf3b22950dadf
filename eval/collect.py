"""What retrieval finds for the questions of a labelled set: the raw material of training and measuring.

The set is ingested into an engine of its own by the product's own path, and every question searched for as
the pipeline does, but for the reranking.
"""

from __future__ import annotations

import dataclasses
import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.engines import SCOPE, engine_with, read_set
from eval.labelled.types import LabelledQuestion, LabelledSet, is_relevant, relevance
from service.fuse import fuse
from service.local_engine import LocalEngine
from service.settings import Settings
from service.types import (
    Candidate,
    Candidates,
    Filters,
    Found,
    Hit,
    Query,
    Question,
    TokenVectors,
)
from service.wiring import EmbedderFactory, served_embedder

CANDIDATES = 50
SEARCHED = 80
"""More are searched for, so that a whole document can be taken out and both lists still be long."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One question with what was found for it: fused order, not reranked, with token vectors.

    `grades` has one entry for each hit of `found`. `removed` is what is found when the documents that answer
    are not in the corpus; None where the question has no answer.
    """

    question: LabelledQuestion
    found: Found
    grades: tuple[int, ...]
    removed: Found | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A set's questions with what was found for each."""

    name: str
    items: tuple[Collected, ...]


@contextmanager
def engine_of(
    labelled: LabelledSet, settings: Settings, make_embedder: EmbedderFactory = served_embedder
) -> Iterator[LocalEngine]:
    """An engine that has read the set; a folder that holds it already is not read again.

    It does not rerank, so that a ranker of an earlier form does not keep the next one from being made.
    """
    own = settings.model_copy(update={"rerank": settings.rerank.model_copy(update={"method": "none"})})

    def read(engine: LocalEngine) -> None:
        read_set(engine, labelled)

    with engine_with(own, read, make_embedder, again=False) as engine:
        yield engine


def collect(
    labelled: LabelledSet, settings: Settings, make_embedder: EmbedderFactory = served_embedder
) -> Collection:
    """Everything found for every question of the set."""
    with engine_of(labelled, settings, make_embedder) as engine:
        shared: dict[str, Hit] = {}
        items = tuple(_collected(engine, question, shared) for question in labelled.questions)
    return Collection(labelled.name, items)


def collected(
    labelled: LabelledSet, settings: Settings, work: Path, make_embedder: EmbedderFactory = served_embedder
) -> Collection:
    """What `collect` finds; `work` keeps it and the engine for whoever asks the same questions again."""
    asked = "\n".join(question.id for question in labelled.questions)
    kept = work / "collections" / f"{labelled.name}-{zlib.crc32(asked.encode()):08x}.pkl"
    if not kept.is_file():
        own = settings.model_copy(update={"data_dir": engine_folder(labelled, work)})
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(collect(labelled, own, make_embedder)))
    # Our own file of this very folder; nothing else is unpickled.
    found: Collection = pickle.loads(kept.read_bytes())
    return found


def engine_folder(labelled: LabelledSet, work: Path) -> Path:
    """Where `work` keeps the engine that has read the set."""
    return work / "engines" / labelled.name


def ask(engine: LocalEngine, text: str, shared: dict[str, Hit], filters: Filters | None = None) -> Found:
    """What is found for any question, in the part of the corpus that `filters` leave; see `collect`.

    Hits that another question found are taken from `shared`, and new ones put there.
    """
    question, candidates = _searched(engine, text, filters or Filters())
    return Found(question, _hits(engine, _first(candidates, frozenset()), shared))


def _searched(engine: LocalEngine, text: str, filters: Filters) -> tuple[Question, Candidates]:
    question = engine.pipeline.embed(SCOPE, Query(text, filters))
    return question, engine.pipeline.search(SCOPE, question, SEARCHED)


def _collected(engine: LocalEngine, asked: LabelledQuestion, shared: dict[str, Hit]) -> Collected:
    question, candidates = _searched(engine, asked.text, Filters())
    found = Found(question, _hits(engine, _first(candidates, frozenset()), shared))
    grades = tuple(relevance(asked, hit) for hit in found.hits)
    gone = _chunks_to_remove(engine, asked, found)
    removed = Found(question, _hits(engine, _first(candidates, gone), shared)) if gone else None
    return Collected(asked, found, grades, removed)


def _chunks_to_remove(engine: LocalEngine, asked: LabelledQuestion, found: Found) -> frozenset[str]:
    """Those of every document that answers."""
    documents = {hit.document.id for hit in found.hits if is_relevant(asked, hit)}
    return frozenset(chunk.id for one in documents for chunk in engine.versions.live_chunks(SCOPE, one))


def _first(candidates: Candidates, gone: frozenset[str]) -> Candidates:
    """The lists as a search over a corpus without the chunks `gone` would give them."""
    return Candidates(_kept(candidates.dense, gone), _kept(candidates.sparse, gone))


def _kept(listed: Sequence[Candidate], gone: frozenset[str]) -> tuple[Candidate, ...]:
    return tuple(one for one in listed if one.chunk_id not in gone)[:CANDIDATES]


def _hits(engine: LocalEngine, candidates: Candidates, shared: dict[str, Hit]) -> tuple[Hit, ...]:
    """The fused hits with their token vectors; what two questions find is kept once."""
    pipeline = engine.pipeline
    fused = fuse(candidates, pipeline.settings.fuse)
    hits = pipeline.reader.hits(SCOPE, fused, 2 * CANDIDATES)
    unknown = [hit.chunk.id for hit in hits if hit.chunk.id not in shared]
    tokens: Mapping[str, TokenVectors] = pipeline.tokens.get(SCOPE, unknown)
    for hit in hits:
        if hit.chunk.id not in shared:
            shared[hit.chunk.id] = dataclasses.replace(hit, tokens=tokens.get(hit.chunk.id))
    return tuple(dataclasses.replace(shared[hit.chunk.id], fused=hit.fused) for hit in hits)
