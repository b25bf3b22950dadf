"""Many readers at once, and the same question again: what queueing and the answer cache are worth.

The crowds ask the golden questions of one way (`ways.py`): with the stub those that a language model answers,
without it those that are answered by quoting. What an answer costs on each way is told before.
"""

from __future__ import annotations

import tempfile
import time
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
from eval.bench.stub_model import BABBLING, stub_model
from eval.bench.ways import Way, ways
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
    """What a crowd saw, and what it cost: processor seconds, beside the load of the whole machine.

    `processor_s` are the server's, `beside_s` those of the crowd itself and of the language model's stand-in.
    """

    crowd: Crowd
    processor_s: float
    beside_s: float
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
        beside_ms = self.beside_s * 1000 / max(1, len(self.crowd.milliseconds))
        spent = f"processor {self.processor_ms:.1f} ms an answer (readers and stand-in {beside_ms:.1f} more)"
        return f"{times}, {spent}, load {self.load:.1f}"


def crowds(seconds: float) -> Iterator[Figure]:
    """Answers a second and times by number of clients, with a language model that costs nothing and without.

    Args:
        seconds: for how long the largest crowd asks; smaller ones a sixth of it.
    """
    golden = [question.question for question in load()]
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder, stub_model() as model:
        data_dir = Path(folder)
        with served(data_dir, {**UNCACHED, **model.settings()}) as server:
            upload_and_wait(server.url, demo_files())
            found = ways(server.url, golden)
            yield from _costs(server, found, seconds / 6)
            seen = _seen(server, found["written"], CROWDS, seconds, [model.pid])
            yield from _by_clients("a stub language model's words", seen)
            yield from _goals(seen)
        with served(data_dir, {**UNCACHED, **model.settings(BABBLING)}) as server:
            in_vain = ways(server.url, found["written"])
            yield _cost(
                server, "quoted, as no passage supports the model's words", in_vain["quoted"], seconds / 6
            )
        with served(data_dir, UNCACHED) as server:
            found = ways(server.url, golden)
            yield from _costs(server, found, seconds / 6)
            yield from _by_clients("quoted", _seen(server, found["quoted"], (1, LARGEST), seconds))
        with served(data_dir, model.settings()) as server:
            yield from _again(server.url, golden)


def _costs(server: Served, found: Mapping[Way, Sequence[str]], seconds: float) -> Iterator[Figure]:
    """The processor time of an answer on each way."""
    for way, questions in found.items():
        if questions:
            yield _cost(server, way, questions, seconds)


def _cost(server: Served, way: str, questions: Sequence[str], seconds: float) -> Figure:
    ask = partial(crowd, [server.url], questions, 1, seconds, at_least=2 * len(questions))
    seen = measured([server.pid], ask)
    note = f"{len(questions)} questions, {seen.note}"
    return Figure("load", f"processor time of an answer, {way}", seen.processor_ms, "ms", note=note)


def _seen(
    server: Served,
    questions: Sequence[str],
    clients: Sequence[int],
    seconds: float,
    beside: Sequence[int] = (),
) -> Mapping[int, Measured]:
    crowd([server.url], questions, LARGEST, WARM_UP_S)
    return {
        count: measured(
            [server.pid],
            partial(crowd, [server.url], questions, count, seconds if count == LARGEST else seconds / 6),
            beside,
        )
        for count in clients
    }


def measured(pids: Sequence[int], ask: Callable[[], Crowd], beside: Sequence[int] = ()) -> Measured:
    """What a crowd saw, with the processor time of these processes meanwhile, and of those beside them."""
    before, beside_before = processor_s(pids), processor_s(beside) + time.process_time()
    seen = ask()
    beside_s = processor_s(beside) + time.process_time() - beside_before
    return Measured(seen, processor_s(pids) - before, beside_s, psutil.getloadavg()[0])


def _by_clients(how: str, seen: Mapping[int, Measured]) -> Iterator[Figure]:
    for count, one in seen.items():
        yield Figure("load", f"{count} readers, {how}", one.crowd.rate, "answers/s", note=one.note)


def _goals(seen: Mapping[int, Measured]) -> Iterator[Figure]:
    largest = seen[LARGEST].crowd
    errors = sum(sum(one.crowd.refused.values()) for one in seen.values())
    spent = seen[LARGEST].processor_ms
    yield Figure("load", f"{LARGEST} readers: processor time of the server, an answer", spent, "ms")
    yield Figure("load", f"{LARGEST} readers: answers a second", largest.rate, "answers/s", goal=RATE)
    yield Figure("load", f"{LARGEST} readers: p95", largest.spread.p95, "ms", goal=SLOWEST)
    yield Figure(
        "load", f"{LARGEST} readers over 4: answers a second", largest.rate / seen[4].crowd.rate, goal=NO_LOSS
    )
    yield Figure("load", "all crowds: what was no answer", errors, goal=NO_ERRORS)


def _again(url: str, questions: Sequence[str]) -> Iterator[Figure]:
    """Every question once, then all of them once more; the readiness check has warmed the models up."""
    first, again = (crowd([url], questions, 1, 0.0, at_least=len(questions)).spread for _ in range(2))
    note = f"p95 {again.p95:.1f} ms; not cached {first.p50:.1f} and {first.p95:.1f} ms"
    yield Figure("load", "a cached answer, p50", again.p50, "ms", goal=CACHED, note=note)
    yield Figure("load", "not cached over cached, p50", first.p50 / again.p50, goal=AS_FAST)
