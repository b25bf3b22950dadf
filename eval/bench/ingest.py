"""What an ingest costs: its rate over the bare encoder's, parsing by format, memory over many documents."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePath

from eval.bench.baselines import torch_rate
from eval.bench.corpora import demo_files, pages, short_records, small_pages
from eval.bench.figures import Figure, Goal, resident_mib
from eval.bench.serving import served, upload_and_wait
from ingestion.parse.sandbox import ParserPool
from ingestion.types import RawFile
from ingestion.worker import worker_for
from service.__main__ import LOCAL_SCOPE
from service.local_engine import LocalEngine
from service.records import Upload
from service.settings import ParseSettings, Settings
from service.wiring import open_resources

FILES_AN_UPLOAD = 32
RATE = Goal("at least", 0.85)
PARTS = 8
"""Memory is sampled after each of so many parts of the documents."""
FLAT = Goal("at most", 1.25)
PARSED_S = 2.0
"""How long each format is parsed, at least once through."""


# --- the rate of an ingest -------------------------------------------------------------------


def rates(data: Path | None, documents: int) -> Iterator[Figure]:
    """End to end over the bare encoder on the same chunks, for short records and for long pages.

    Args:
        data: the data folder, None for generated documents.
        documents: how many short records; a page counts for four.
    """
    for name, files in (
        ("short records", short_records(data, documents)),
        ("markdown pages", pages(data, max(2, documents // 4))),
    ):
        yield from _rates_of(name, files)


def _rates_of(name: str, files: Sequence[RawFile]) -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder,
        open_resources(Settings(data_dir=Path(folder))) as engine,
    ):
        engine.pipeline.embedder.embed_passages(["loads the model for bulk work"])
        seconds = _ingest(engine, files)
        texts = _texts(engine)
        started = time.perf_counter()
        engine.pipeline.embedder.embed_passages(texts)
        bare = len(texts) / (time.perf_counter() - started)
    whole = len(texts) / seconds
    yield Figure(
        "ingest",
        f"{name}: chunks/s end to end",
        whole,
        "/s",
        note=f"{len(files)} documents, {len(texts)} chunks",
    )
    yield Figure("ingest", f"{name}: bare encoder, the same chunks", bare, "/s", baseline=torch_rate(texts))
    yield Figure("ingest", f"{name}: end to end over bare encoder", whole / bare, goal=RATE)
    yield Figure("ingest", f"{name}: documents/s end to end", len(files) / seconds, "/s")


def _ingest(engine: LocalEngine, files: Sequence[RawFile]) -> float:
    """Seconds from the first upload until the queue is empty, the worker reading from the start."""
    started = time.perf_counter()
    asyncio.run(_upload(engine, files))
    worker_for(engine).run_until_idle()
    return time.perf_counter() - started


async def _upload(engine: LocalEngine, files: Sequence[RawFile]) -> None:
    for start in range(0, len(files), FILES_AN_UPLOAD):
        uploads = [
            Upload(file.source, file.filename, BytesIO(file.content))
            for file in files[start : start + FILES_AN_UPLOAD]
        ]
        await engine.upload(LOCAL_SCOPE, uploads, metadata={}, groups=(), idempotency_key=None)


def _texts(engine: LocalEngine) -> list[str]:
    """What was embedded, of every document."""
    texts: list[str] = []
    for scope, document in engine.versions.everything():
        chunks = engine.versions.live_chunks(scope, document.document_id)
        texts.extend(chunk.indexed_text for chunk in chunks)
    return texts


# --- parsing ---------------------------------------------------------------------------------


def parsing(seconds: float = PARSED_S) -> Iterator[Figure]:
    """Files a second for each format of the sample corpus, through the sandbox, again and again."""
    by_format: dict[str, list[RawFile]] = defaultdict(list)
    for file in demo_files():
        scan = "scan" in file.filename
        by_format[PurePath(file.filename).suffix.removeprefix(".") + (" (scan)" if scan else "")].append(file)
    with ParserPool(ParseSettings()) as pool:
        for name, files in sorted(by_format.items()):
            pool.parse(files[0])  # what a format's parser imports is imported once
            yield _parsed(pool, name, files, seconds)


def _parsed(pool: ParserPool, name: str, files: Sequence[RawFile], seconds: float) -> Figure:
    started, count, size = time.perf_counter(), 0, 0
    while count == 0 or time.perf_counter() - started < seconds:
        for file in files:
            pool.parse(file)
            count, size = count + 1, size + len(file.content)
    spent = time.perf_counter() - started
    note = f"{len(files)} different files, {size / 1024 / spent:,.0f} KiB/s"
    return Figure("parse", name, count / spent, "files/s", note=note)


# --- memory ----------------------------------------------------------------------------------


def memory(documents: int) -> Iterator[Figure]:
    """Resident memory of the server and its parser, sampled over an ingest of many small documents."""
    samples: list[float] = []
    files = small_pages(documents)
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder, served(Path(folder)) as server:
        idle = resident_mib(server.pid)
        started = time.perf_counter()
        while batch := list(islice(files, max(1, documents // PARTS))):
            upload_and_wait(server.url, batch)
            samples.append(resident_mib(server.pid))
        seconds = time.perf_counter() - started
    early, last = samples[len(samples) // 4 - 1], samples[-1]
    curve = "MiB after each part: " + ", ".join(f"{sample:.0f}" for sample in samples)
    yield Figure("memory", "server, empty", idle, "MiB")
    yield Figure("memory", f"server after {documents:,} small documents", last, "MiB", note=curve)
    yield Figure("memory", "the same over that after a quarter of them", last / early, goal=FLAT)
    yield Figure("ingest", "small documents over HTTP", documents / seconds, "documents/s")
