"""What reading files costs: parsing by format, and memory over many documents."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath

from eval.bench.corpora import demo_files, small_pages
from eval.bench.figures import Figure, Goal, resident_mib
from eval.bench.serving import served, upload_and_wait
from ingestion.sandbox import ParserPool
from ingestion.types import RawFile
from service.settings import ParseSettings

PARTS = 8
"""Memory is sampled after each of so many parts of the documents."""
FLAT = Goal("at most", 1.25)
PARSED_S = 2.0
"""How long each format is parsed, at least once through."""


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
