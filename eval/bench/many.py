"""Server mode: answers from one API process and from two, and documents read in by one worker and by two.

The language model costs nothing, and the vector store's stand-in remembers: it is not ours to measure. What
it took of the processor is said beside each figure.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import psutil

from eval.bench.corpora import demo_files, pages
from eval.bench.crowd import crowd
from eval.bench.figures import Baseline, Figure, Goal, processor_s
from eval.bench.load import LARGEST, RATE, SLOWEST, WARM_UP_S, Measured, measured
from eval.bench.query import UNCACHED
from eval.bench.serving import served
from eval.bench.stack import Running, Stack, stack
from eval.bench.stub_model import stub_model
from eval.bench.ways import ways
from eval.labelled.golden import load
from ingestion.types import RawFile
from service.errors import Unavailable

FILES_AN_UPLOAD = 32
WARM_UP = 8
"""Documents that start the parser and load the model, before anything is measured."""
PAUSE_S = 0.1
ENDED = ("done", "failed", "dead")
NO_ERRORS = Goal("at most", 0)


def processes(seconds: float, documents: int) -> Iterator[Figure]:
    """All figures of server mode.

    Args:
        seconds: for how long the readers ask each number of API processes.
        documents: pages that each number of workers reads in.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name, stub_model() as model:
        folder = Path(name)
        folder.chmod(0o711)
        yield from _ingests(folder, documents)
        with stack(folder) as parts:
            with parts.running("serve", "worker") as (api, _):
                _uploaded(api.said, parts.key, demo_files())
            yield from _answers(parts, seconds, {**UNCACHED, **model.settings()})


# --- documents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """Documents that were read in: seconds, and those of the processors, ours and the stand-in's."""

    documents: int
    wall_s: float
    processor_s: float
    store_s: float = 0.0

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.wall_s

    @property
    def note(self) -> str:
        """What a rate leaves open."""
        each = 1000 * self.processor_s / self.documents
        stand_in = f", the stand-in {self.store_s / self.wall_s:.0%} of a core" if self.store_s else ""
        return f"processor {each:.0f} ms a document{stand_in}, load {psutil.getloadavg()[0]:.1f}"


def _ingests(folder: Path, count: int) -> Iterator[Figure]:
    """The same pages, by the embedded process and by one and two workers.

    Each number has stores of its own: the stand-in takes the longer for a page the more there are.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as name, served(Path(name)) as embedded:
        alone = _read(embedded.url, "", [embedded.pid], "embedded", count, [])
    yield Figure("server", "pages read in, embedded", alone.rate, "documents/s", note=alone.note)
    for workers in (1, 2):
        (own := folder / f"workers-{workers}").mkdir(mode=0o711)
        with stack(own) as parts, parts.running("serve", *["worker"] * workers) as (api, *others):
            pids = [one.pid for one in (api, *others)]
            seen = _read(api.said, parts.key, pids, f"workers-{workers}", count, parts.store_pids)
        what = f"pages read in, {_named(workers, 'worker', 'workers')}"
        baseline = Baseline("embedded", alone.rate)
        yield Figure("server", what, seen.rate, "documents/s", baseline=baseline, note=seen.note)


def _read(url: str, key: str, pids: Sequence[int], below: str, count: int, store_pids: Sequence[int]) -> Read:
    files = [replace(file, source=f"{below}/{file.source}") for file in pages(None, count + WARM_UP)]
    _uploaded(url, key, files[:WARM_UP])
    before, store_before, started = processor_s(pids), processor_s(store_pids), time.perf_counter()
    _uploaded(url, key, files[WARM_UP:])
    wall_s = time.perf_counter() - started
    return Read(count, wall_s, processor_s(pids) - before, processor_s(store_pids) - store_before)


def _uploaded(url: str, key: str, files: Sequence[RawFile]) -> None:
    """Uploads files and waits until each is read in.

    Raises:
        Unavailable: one was not.
    """
    bearer = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=url, headers=bearer, timeout=60, trust_env=False) as client:
        waiting: list[str] = []
        for start in range(0, len(files), FILES_AN_UPLOAD):
            part = files[start : start + FILES_AN_UPLOAD]
            form = {"source": [file.source for file in part]}
            uploads = [("file", (file.filename, file.content)) for file in part]
            response = client.post("/documents", data=form, files=uploads).raise_for_status()
            waiting.extend(job["job_id"] for job in response.json()["jobs"])
        for job_id in waiting:
            while (job := client.get(f"/jobs/{job_id}").raise_for_status().json())["state"] not in ENDED:
                time.sleep(PAUSE_S)
            if job["state"] != "done":
                raise Unavailable(f"a document was not read in: {job}")


# --- answers ----------------------------------------------------------------------------------


def _answers(parts: Stack, seconds: float, settings: dict[str, str]) -> Iterator[Figure]:
    golden = [question.question for question in load()]
    with parts.running("serve", "serve", **settings) as apis:
        questions = ways(apis[0].said, golden, parts.key)["written"]
        for api in apis:  # from here on the stand-in remembers every search
            crowd([api.said], questions, 4, WARM_UP_S, len(questions), parts.key)
        for count in (1, 2):
            yield from _crowd(parts, apis[:count], questions, seconds)


def _crowd(
    parts: Stack, apis: Sequence[Running], questions: Sequence[str], seconds: float
) -> Iterator[Figure]:
    ask = partial(crowd, [api.said for api in apis], questions, LARGEST, seconds, key=parts.key)
    seen, store_s = _beside(parts, lambda: measured([api.pid for api in apis], ask))
    what = f"{LARGEST} clients, {_named(len(apis), 'API process', 'API processes')}"
    note = f"{seen.note}; the stand-in {_share(store_s, seen.crowd.seconds)} of a core"
    yield Figure("server", f"{what}: answers a second", seen.crowd.rate, "answers/s", RATE, note=note)
    yield Figure("server", f"{what}: p95", seen.crowd.spread.p95, "ms", SLOWEST)
    yield Figure("server", f"{what}: what was no answer", seen.crowd.refused.total(), "", NO_ERRORS)


def _beside(parts: Stack, work: Callable[[], Measured]) -> tuple[Measured, float]:
    """With the processor time that the stand-in took."""
    before = processor_s(parts.store_pids)
    seen = work()
    return seen, processor_s(parts.store_pids) - before


def _share(spent_s: float, seconds: float) -> str:
    return f"{spent_s / seconds:.0%}"


def _named(count: int, one: str, several: str) -> str:
    return f"one {one}" if count == 1 else f"{count} {several}"
