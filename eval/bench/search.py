"""Search and fusion by number of chunks, with the memory that it takes.

Vectors lie around cluster centres, as embeddings do, and words follow Zipf's law. What is searched is opened
in a process of its own, so that the memory is the store's alone.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from eval.bench.baselines import QdrantLocal, RankBm25
from eval.bench.corpora import Writer
from eval.bench.figures import Baseline, Figure, Goal, Spread, alone, resident_mib
from service.fuse import fuse
from service.settings import FuseSettings, SearchSettings
from service.store.bm25 import sparse_document, sparse_query
from service.store.edge import EdgeStore
from service.types import Condition, DocumentAttributes, Filters, Point, QueryVectors, Scope, SparseVector

SCOPE = Scope("tenant", frozenset({"*"}))
DIMENSION = 384
CLUSTERS = 200
NOISE = 0.9
"""Length of the noise beside a centre's 1: neighbours within a cluster have a cosine near 0.55."""
WORDS_A_CHUNK = 60
WORDS_A_QUESTION = 9
CHUNKS_A_DOCUMENT = 10
QUESTIONS = 200
SLOW_QUESTIONS = 20
LARGEST_LOCAL = 10_000
"""Beyond it, the local mode of qdrant-client takes minutes."""
AT_100_000 = Goal("at most", 10.0)
FILTERS: Mapping[str, Filters] = {
    "": Filters(),
    ", one team of ten": Filters(metadata=(Condition("team", "eq", "team-3"),)),
    ", years of a range": Filters(metadata=(Condition("year", "gte", 2020),)),
    ", below a folder": Filters(source_prefix="folder-1/"),
}


@dataclass(frozen=True, slots=True)
class Built:
    """A store that lies in a folder, what to ask it, and the same of the baselines, p50 in milliseconds."""

    asked: list[QueryVectors]
    insert_s: float
    baselines: dict[str, float]


@dataclass(frozen=True, slots=True)
class Searched:
    """The times of searches by filter, the seconds to open the store and the MiB that it added."""

    times: dict[str, Spread]
    open_s: float
    before_mib: float
    after_mib: float


class Sample:
    """Chunks as vectors and words, and questions near some of them."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._writer = Writer(seed)
        self._centres = _unit(self._random.standard_normal((CLUSTERS, DIMENSION)))
        self.dense = self._near(self._centres[self._random.integers(CLUSTERS, size=count)])
        self.words = [self._writer.draw(WORDS_A_CHUNK) for _ in range(count)]
        self.sparse = [sparse_document(" ".join(words), "en") for words in self.words]
        asked = self._random.integers(count, size=QUESTIONS)
        near = _unit(self.dense[asked] + 0.5 * self._noise(QUESTIONS))
        self.questions = [
            (vector, self._random.choice(self.words[place], WORDS_A_QUESTION).tolist())
            for vector, place in zip(near, asked, strict=True)
        ]

    def _near(self, centres: NDArray[np.float32]) -> NDArray[np.float32]:
        return _unit(centres + NOISE * self._noise(len(centres)))

    def _noise(self, count: int) -> NDArray[np.float32]:
        return _unit(self._random.standard_normal((count, DIMENSION)))


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )
    return scaled


def insert(store: EdgeStore, dense: NDArray[np.float32], sparse: Sequence[SparseVector]) -> None:
    """Stages and promotes documents of ten chunks each, as an ingest does."""
    for first in range(0, len(dense), CHUNKS_A_DOCUMENT):
        number = first // CHUNKS_A_DOCUMENT
        document = str(UUID(int=number))
        attributes = DocumentAttributes(
            f"folder-{number % 10}/{number}.md",
            (),
            {"team": f"team-{number % 10}", "year": 2010 + number % 15},
        )
        last = min(first + CHUNKS_A_DOCUMENT, len(dense))
        points = [Point(str(UUID(int=at + 1)), dense[at], sparse[at]) for at in range(first, last)]
        store.stage(SCOPE, document, attributes, points, epoch=1)
        store.promote(SCOPE, document, attributes, [point.chunk_id for point in points], epoch=1)
    store.flush()


def build(count: int, folder: Path) -> Built:
    """Fills a new store; the baselines run here too, so that their memory is not the store's."""
    sample = Sample(count)
    asked = [
        QueryVectors(vector, sparse_query(" ".join(words), ["en"])) for vector, words in sample.questions
    ]
    started = time.perf_counter()
    store = EdgeStore(folder, DIMENSION)
    insert(store, sample.dense, sample.sparse)
    store.close()
    return Built(asked, time.perf_counter() - started, _baselines(sample, asked))


def search(folder: Path, asked: Sequence[QueryVectors]) -> Searched:
    """Opens the store and searches it under every filter."""
    before = resident_mib(os.getpid())
    started = time.perf_counter()
    store = EdgeStore(folder, DIMENSION)
    open_s = time.perf_counter() - started
    times = {name: _timed(store, asked, filters) for name, filters in FILTERS.items()}
    after = resident_mib(os.getpid())
    store.close()
    return Searched(times, open_s, before, after)


def sizes(counts: Sequence[int]) -> Iterator[Figure]:
    """The figures of every size."""
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name:
            built = alone(build, count, folder := Path(name) / "index")
            searched = alone(search, folder, built.asked)
        yield from _figures(count, built, searched)


def _figures(count: int, built: Built, searched: Searched) -> Iterator[Figure]:
    goal = AT_100_000 if count == 100_000 else None
    for filters, spread in searched.times.items():
        name = f"{count:,} chunks{filters}: search and fuse"
        yield Figure("search", f"{name}, p50", spread.p50, "ms", goal=goal, note=f"p95 {spread.p95:.2f} ms")
    p50 = searched.times[""].p50
    for baseline, value in built.baselines.items():
        yield Figure(
            "search", f"{count:,} chunks: beside {baseline}", p50, "ms", baseline=Baseline(baseline, value)
        )
    yield Figure("search", f"{count:,} chunks: staged and promoted", count / built.insert_s, "chunks/s")
    yield Figure("search", f"{count:,} chunks: open the store", searched.open_s, "s")
    added = searched.after_mib - searched.before_mib
    yield Figure(
        "memory",
        f"{count:,} chunks: added by the store",
        added,
        "MiB",
        note=f"process {searched.after_mib:.0f} MiB",
    )


def _timed(store: EdgeStore, asked: Sequence[QueryVectors], filters: Filters) -> Spread:
    limit, fusing = SearchSettings().candidates, FuseSettings()
    return Spread.of(_times(lambda one: fuse(store.search(SCOPE, one, filters, limit), fusing), asked))


def _times(work: Callable[[QueryVectors], object], items: Sequence[QueryVectors]) -> list[float]:
    """Milliseconds of each, after a few that warm up."""
    times = []
    for item in [*items[:5], *items]:
        started = time.perf_counter()
        work(item)
        times.append((time.perf_counter() - started) * 1000)
    return times[5:]


def _baselines(sample: Sample, asked: Sequence[QueryVectors]) -> dict[str, float]:
    limit, found = SearchSettings().candidates, {}
    if len(sample.dense) <= LARGEST_LOCAL:
        local = QdrantLocal(sample.dense, sample.sparse)
        times = _times(lambda one: local.search(one.dense, one.sparse, limit), asked[:SLOW_QUESTIONS])
        found[local.name] = Spread.of(times).p50
        local.close()
    words = RankBm25(sample.words)
    started = time.perf_counter()
    for _, question in sample.questions[:SLOW_QUESTIONS]:
        words.search(question, limit)
    found[words.name] = (time.perf_counter() - started) * 1000 / SLOW_QUESTIONS
    return found
