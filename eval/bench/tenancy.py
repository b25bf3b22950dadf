"""What other tenants cost: the same tenant searched alone, and among a thousand others in one store."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

from eval.bench.figures import Figure, Goal, Spread, alone
from eval.bench.search import DIMENSION, Sample
from service.fuse import fuse
from service.settings import FuseSettings, SearchSettings
from service.store.bm25 import sparse_query
from service.store.edge import EdgeStore
from service.types import DocumentAttributes, Filters, Point, QueryVectors, Scope

OTHERS = 999
CHUNKS = 1_000
"""Of the tenant that is asked, in both stores."""
ROUNDS = 5
COST = Goal("at most", 1.5)
ASKED = Scope("asked")


def cost(chunks_each: int) -> Iterator[Figure]:
    """Search and fusion in both stores, question by question in turns.

    Args:
        chunks_each: how many chunks each of the other tenants has.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        apart, among = alone(measure, Path(folder), CHUNKS, OTHERS, chunks_each)
    total = CHUNKS + OTHERS * chunks_each
    yield Figure("tenancy", f"one tenant of {CHUNKS:,} chunks: search and fuse, p50", apart.p50, "ms")
    yield Figure(
        "tenancy",
        f"the same among {OTHERS} others, {total:,} chunks, p50",
        among.p50,
        "ms",
        note=f"p95 {among.p95:.2f} ms; embedded engine, the server's was not measured",
    )
    yield Figure("tenancy", "1,000 tenants over one", among.p50 / apart.p50, goal=COST)


def measure(folder: Path, chunks: int, others: int, chunks_each: int) -> tuple[Spread, Spread]:
    """The times of a tenant alone, and among others: of each question the median of its rounds."""
    sample = Sample(chunks + others * chunks_each)
    asked = [QueryVectors(v, sparse_query(" ".join(words), ["en"])) for v, words in sample.questions]
    owners = [Scope(f"tenant-{number}") for number in range(others)]
    with (
        closing(EdgeStore(folder / "apart", DIMENSION)) as apart,
        closing(EdgeStore(folder / "among", DIMENSION)) as among,
    ):
        for store in (apart, among):
            _insert(store, ASKED, sample, 0, chunks)
        for number, owner in enumerate(owners):
            _insert(among, owner, sample, chunks + number * chunks_each, chunks_each)
        for store in (apart, among):
            store.flush()
        return _times((apart, among), asked)


def _insert(store: EdgeStore, scope: Scope, sample: Sample, first: int, count: int) -> None:
    document, attributes = str(UUID(int=first + 1)), DocumentAttributes("manual.md", (), {})
    points = [
        Point(str(UUID(int=at + 1)), sample.dense[at], sample.sparse[at])
        for at in range(first, first + count)
    ]
    store.stage(scope, document, attributes, points, epoch=1)
    store.promote(scope, document, attributes, [point.chunk_id for point in points], epoch=1)


def _times(stores: tuple[EdgeStore, EdgeStore], asked: Sequence[QueryVectors]) -> tuple[Spread, Spread]:
    limit, fusing = SearchSettings().candidates, FuseSettings()
    times: tuple[list[float], list[float]] = ([], [])
    for one in asked:
        rounds: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for store, seen in zip(stores, rounds, strict=True):
                started = time.perf_counter()
                fuse(store.search(ASKED, one, Filters(), limit), fusing)
                seen.append((time.perf_counter() - started) * 1000)
        for seen, kept in zip(rounds, times, strict=True):
            kept.append(statistics.median(seen))
    return Spread.of(times[0]), Spread.of(times[1])
