"""The rate of an ingest over that of the bare encoder on the same chunks.

The two take turns, a part of the documents each time, so that what else the machine does meets both. Both run
at the low priority that the product gives to bulk work.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import psutil

from eval.bench.baselines import torch_rate
from eval.bench.corpora import pages, short_records
from eval.bench.figures import Figure, Goal
from ingestion.embedded import working
from ingestion.types import RawFile
from service.gate import step_back
from service.local_engine import LocalEngine
from service.records import Upload
from service.settings import Settings
from service.types import LOCAL
from service.wiring import open_resources

RATE = Goal("at least", 0.85)
TURNS = 2
WARM_UP = 16
"""Documents that start the parser and load the model, before anything is measured."""
FILES_AN_UPLOAD = 32
PAUSE_S = 0.1
"""Between two looks at the queue; each takes a query, so more of them would slow down what is measured."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, and of all processors."""

    wall_s: float
    processor_s: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.wall_s + other.wall_s, self.processor_s + other.processor_s)


class _Meter:
    """Measures this process and its children from its making on."""

    def __init__(self) -> None:
        self._processor_s = _processor_s()
        self._started = time.perf_counter()

    def spent(self) -> Spent:
        wall_s = time.perf_counter() - self._started
        return Spent(wall_s, _processor_s() - self._processor_s)


def _processor_s() -> float:
    process = psutil.Process()
    times = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def rates(data: Path | None, documents: int) -> Iterator[Figure]:
    """End to end over the bare encoder, for short records and for long pages.

    Args:
        data: the data folder, None for generated documents.
        documents: how many short records; a page counts for four.
    """
    yield from _figures("short records", short_records(data, documents + WARM_UP))
    yield from _figures("markdown pages", pages(data, documents // 4 + WARM_UP))


def _figures(name: str, files: Sequence[RawFile]) -> Iterator[Figure]:
    whole, bare, texts = measure(files)
    count, documents = len(texts), len(files) - WARM_UP
    yield Figure(
        "ingest",
        f"{name}: end to end",
        count / whole.wall_s,
        "chunks/s",
        note=f"{documents} documents, {documents / whole.wall_s:.1f} a second, {count} chunks",
    )
    rate = count / bare.wall_s
    yield Figure("ingest", f"{name}: bare encoder", rate, "chunks/s", baseline=torch_rate(texts))
    yield Figure("ingest", f"{name}: end to end over bare encoder", bare.wall_s / whole.wall_s, goal=RATE)
    yield Figure(
        "ingest",
        f"{name}: the encoder's share of all processor time",
        bare.processor_s / whole.processor_s,
        note="the bound of the ratio when nothing else runs and the encoder keeps every core busy",
    )


def measure(files: Sequence[RawFile]) -> tuple[Spent, Spent, list[str]]:
    """What an ingest of the files took, what the encoder alone took, and the texts of the chunks."""
    whole = bare = Spent(0.0, 0.0)
    texts: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder,
        open_resources(Settings(data_dir=Path(folder))) as engine,
        working(engine),
        ThreadPoolExecutor(1, initializer=step_back) as encoder,
    ):
        _ingest(engine, files[:WARM_UP])
        for turn in range(TURNS):
            part = files[WARM_UP + turn :: TURNS]
            meter = _Meter()
            found = _ingest(engine, part)
            whole += meter.spent()
            bare += encoder.submit(_encode, engine, found).result()
            texts.extend(found)
    return whole, bare, texts


def _encode(engine: LocalEngine, texts: Sequence[str]) -> Spent:
    meter = _Meter()
    engine.pipeline.embedder.embed_passages(texts)
    return meter.spent()


def _ingest(engine: LocalEngine, files: Sequence[RawFile]) -> list[str]:
    """Uploads files while the worker reads, waits until the queue is empty; what was embedded of them."""
    documents = asyncio.run(_upload(engine, files))
    while engine.jobs.depth():
        threading.Event().wait(PAUSE_S)
    return [
        chunk.indexed_text
        for document_id in documents
        for chunk in engine.versions.live_chunks(LOCAL, document_id)
    ]


async def _upload(engine: LocalEngine, files: Sequence[RawFile]) -> list[str]:
    documents: list[str] = []
    for start in range(0, len(files), FILES_AN_UPLOAD):
        uploads = [
            Upload(file.source, file.filename, BytesIO(file.content))
            for file in files[start : start + FILES_AN_UPLOAD]
        ]
        jobs = await engine.upload(LOCAL, uploads, metadata={}, groups=(), idempotency_key=None)
        documents.extend(job.document_id for job in jobs)
    return documents
