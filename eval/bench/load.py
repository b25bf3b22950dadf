"""Many readers at once, and the same question again: what queueing and the answer cache are worth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from eval.bench.corpora import demo_files
from eval.bench.crowd import Crowd, crowd
from eval.bench.figures import Figure, Goal, processor_s
from eval.bench.query import UNCACHED
from eval.bench.serving import Served, served, upload_and_wait
from eval.bench.stub_model import stub_model
from eval.labelled.golden import load

CROWDS = (1, 4, 16, 32)
LARGEST = CROWDS[-1]
WARM_UP_S = 1.0
RATE, SLOWEST = Goal("at least", 40.0), Goal("at most", 1000.0)
NO_LOSS = Goal("at least", 0.95)
NO_ERRORS = Goal("at most", 0)
AS_FAST, CACHED = Goal("at least", 20.0), Goal("at most", 5.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a crowd saw, and what it cost: processor seconds, beside the load of the whole machine."""

    crowd: Crowd
    processor_s: float
    load: float

    @property
    def processor_ms(self) -> float:
        """Of one answer."""
        return self.processor_s * 1000 / max(1, len(self.crowd.milliseconds))

    @property
    def note(self) -> str:
        """What a rate leaves open."""
        spread = self.crowd.spread
        times = f"p50 {spread.p50:.0f} ms, p95 {spread.p95:.0f} ms"
        return f"{times}, processor {self.processor_ms:.1f} ms an answer, load {self.load:.1f}"


def crowds(seconds: float) -> Iterator[Figure]:
    """Answers a second and times by number of clients, with a language model that costs nothing and without.

    Args:
        seconds: for how long the largest crowd asks; smaller ones a sixth of it.
    """
    questions = [question.question for question in load()]
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder, stub_model() as model:
        data_dir = Path(folder)
        written = {"FOOTNOTE_GENERATE__BASE_URL": model, "FOOTNOTE_GENERATE__MODEL": "stub"}
        with served(data_dir, UNCACHED | written) as server:
            upload_and_wait(server.url, demo_files())
            seen = _seen(server, questions, CROWDS, seconds)
            yield from _by_clients("with a stub language model", seen)
            yield from _goals(seen)
        with served(data_dir, UNCACHED) as server:
            yield from _by_clients("extractive", _seen(server, questions, (1, LARGEST), seconds))
        with served(data_dir, written) as server:
            yield from _again(server.url, questions)


def _seen(
    server: Served, questions: Sequence[str], clients: Sequence[int], seconds: float
) -> Mapping[int, Measured]:
    crowd([server.url], questions, LARGEST, WARM_UP_S)
    return {
        count: measured(
            [server.pid],
            partial(crowd, [server.url], questions, count, seconds if count == LARGEST else seconds / 6),
        )
        for count in clients
    }


def measured(pids: Sequence[int], ask: Callable[[], Crowd]) -> Measured:
    """What a crowd saw, with the processor time that these processes took meanwhile."""
    before = processor_s(pids)
    seen = ask()
    return Measured(seen, processor_s(pids) - before, psutil.getloadavg()[0])


def _by_clients(how: str, seen: Mapping[int, Measured]) -> Iterator[Figure]:
    for count, one in seen.items():
        yield Figure("load", f"{count} clients, {how}", one.crowd.rate, "answers/s", note=one.note)


def _goals(seen: Mapping[int, Measured]) -> Iterator[Figure]:
    largest = seen[LARGEST].crowd
    errors = sum(sum(one.crowd.refused.values()) for one in seen.values())
    spent = seen[LARGEST].processor_ms
    yield Figure("load", f"{LARGEST} clients: processor time of the server, an answer", spent, "ms")
    yield Figure("load", f"{LARGEST} clients: answers a second", largest.rate, "answers/s", goal=RATE)
    yield Figure("load", f"{LARGEST} clients: p95", largest.spread.p95, "ms", goal=SLOWEST)
    yield Figure(
        "load", f"{LARGEST} clients over 4: answers a second", largest.rate / seen[4].crowd.rate, goal=NO_LOSS
    )
    yield Figure("load", "all crowds: what was no answer", errors, goal=NO_ERRORS)


def _again(url: str, questions: Sequence[str]) -> Iterator[Figure]:
    """Every question once, then all of them once more; the readiness check has warmed the models up."""
    first, again = (crowd([url], questions, 1, 0.0, at_least=len(questions)).spread for _ in range(2))
    note = f"p95 {again.p95:.1f} ms; not cached {first.p50:.1f} and {first.p95:.1f} ms"
    yield Figure("load", "a cached answer, p50", again.p50, "ms", goal=CACHED, note=note)
    yield Figure("load", "not cached over cached, p50", first.p50 / again.p50, goal=AS_FAST)
