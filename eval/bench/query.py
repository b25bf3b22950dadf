"""Answers over HTTP: the time of each stage and what is added to it, during an ingest, and cold starts."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import httpx

from eval.bench.corpora import demo_files, pages
from eval.bench.figures import Figure, Goal, Spread
from eval.bench.serving import served, upload_and_wait
from eval.labelled.golden import load
from service.cli.client import LocalFile
from service.cli.http_client import HttpClient
from service.cli.ingesting import FILES_AN_UPLOAD
from service.errors import Conflict

STAGES = ("embed", "search", "fuse", "rerank", "decide", "generate", "cite")
OVERHEAD = Goal("at most", 10.0)
SLOWER = Goal("at most", 2.0)
START = Goal("at most", 3.0)
UNCACHED = {"FOOTNOTE_CACHE__ENABLED": "false", "FOOTNOTE_CACHE__QUESTION_VECTORS": "0"}
"""The questions are asked in turn, and each answer is to be worked out."""
STARTS = 3
WARM_UP = 10
PAUSE_S = 0.2
"""Between two questions when an ingest runs beside them: readers pause too, and back to back they would hold
the ingest up for good."""
ANSWER_S = 60.0
LONG_INGEST = 300
"""Pages: more than are read while the questions run."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """One answer: milliseconds as the caller saw them, and as the response tells them."""

    wall_ms: float
    timings_ms: dict[str, float]

    @property
    def overhead_ms(self) -> float:
        """What no stage accounts for: HTTP, validation, checks, bookkeeping."""
        return self.wall_ms - sum(self.timings_ms.get(stage, 0.0) for stage in STAGES)


def answers(data: Path | None, questions: int) -> Iterator[Figure]:
    """Latency on the sample corpus and, with a data folder, some of the handbook; then cold starts.

    Args:
        data: the data folder or None.
        questions: how many are asked in a row.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder:
        data_dir = Path(folder)
        with served(data_dir, UNCACHED) as server:
            upload_and_wait(server.url, [*demo_files(), *(pages(data, 100) if data else ())])
            yield from _by_stage(server.url, questions)
            yield from _during_ingest(server.url, max(10, questions // 4))
        yield _starts(data_dir)


def _by_stage(url: str, count: int) -> Iterator[Figure]:
    with httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False) as client:
        asked = _ask(client, count)
    for stage in STAGES:
        times = [one.timings_ms[stage] for one in asked if stage in one.timings_ms]
        if times:
            yield _spread(f"/query {stage}", times, note=f"{len(times)} of {count} questions")
    yield _spread("/query as the caller sees it", [one.wall_ms for one in asked])
    overhead = Spread.of(one.overhead_ms for one in asked)
    yield Figure(
        "query",
        "/query above the sum of its stages, p50",
        overhead.p50,
        "ms",
        goal=OVERHEAD,
        note=f"p95 {overhead.p95:.1f} ms",
    )


def _spread(name: str, times: Sequence[float], note: str = "") -> Figure:
    spread = Spread.of(times)
    parts = [part for part in (f"p95 {spread.p95:.1f} ms", note) if part]
    return Figure("query", f"{name}, p50", spread.p50, "ms", note=", ".join(parts))


def _ask(client: httpx.Client, count: int, pause_s: float = 0.0) -> list[TimedAnswer]:
    """The golden questions in turn, after a few that warm up."""
    texts = [question.question for question in load()]
    asked = [_one(client, text, pause_s) for text in islice(cycle(texts), WARM_UP + count)]
    return asked[WARM_UP:]


def _one(client: httpx.Client, text: str, pause_s: float) -> TimedAnswer:
    time.sleep(pause_s)
    started = time.perf_counter()
    response = client.post("/query", json={"query": text})
    wall_ms = (time.perf_counter() - started) * 1000
    response.raise_for_status()
    timings: dict[str, float] = response.json()["timings_ms"]
    return TimedAnswer(wall_ms, timings)


# --- beside an ingest ------------------------------------------------------------------------


def _during_ingest(url: str, count: int) -> Iterator[Figure]:
    with httpx.Client(base_url=url, timeout=ANSWER_S, trust_env=False) as client:
        idle = Spread.of(one.wall_ms for one in _ask(client, count, PAUSE_S))
        with HttpClient(url) as uploader:
            files = [LocalFile(file.source, file.filename, file.content) for file in pages(None, LONG_INGEST)]
            for start in range(0, len(files), FILES_AN_UPLOAD):
                last = uploader.upload(files[start : start + FILES_AN_UPLOAD], {})[-1]["job_id"]
            busy = Spread.of(one.wall_ms for one in _ask(client, count, PAUSE_S))
            if uploader.job(last)["state"] in ("done", "failed"):
                raise Conflict("the ingest ended before the questions that were to run beside it")
    yield Figure("query", "/query, one every 0.2 s, p50", idle.p50, "ms", note=f"p95 {idle.p95:.1f} ms")
    yield Figure("query", "the same during an ingest, p50", busy.p50, "ms", note=f"p95 {busy.p95:.1f} ms")
    yield Figure("query", "during an ingest over idle, p50", busy.p50 / idle.p50, goal=SLOWER)


# --- starting --------------------------------------------------------------------------------


def _starts(data_dir: Path) -> Figure:
    """From the start of `footnote serve` until `/readyz` says 200, on a folder with documents."""
    times = []
    for _ in range(STARTS):
        with served(data_dir) as server:
            times.append(server.ready_s)
    note = ", ".join(f"{one:.2f}" for one in times)
    return Figure(
        "start", "cold start to ready, median of three", statistics.median(times), "s", START, note=note
    )
