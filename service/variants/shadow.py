"""The candidate answers some questions again behind their reader's back: recorded, never shown.

It has one thread of low priority and its own event loop. Who asks hands a question over and goes on; where
too many wait already it is dropped, and counted.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager

from service.catalogue.samples import Sample, SampledAnswer
from service.errors import FootnoteError
from service.gate import step_back
from service.pipeline import Pipeline
from service.types import Answer, Event, Finished, Query, Scope
from service.variants.canary import Asked
from service.variants.measures import measures_of
from service.variants.trial import Trial

log = logging.getLogger(__name__)

MAX_WAITING = 20
"""Questions that may wait for the candidate; each holds its answer with the passages that it quotes."""

Look = Callable[[Scope, Query, Answer], None]
Keep = Callable[[Sample], None]


class Watched(Asked):
    """Shows each answer, once its reader has it, to those who look at it afterwards; they return at once."""

    def __init__(self, asked: Asked, looks: Sequence[Look]) -> None:
        self._asked = asked
        self._looks = looks

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """The events as they come."""
        async with aclosing(self._asked.stream(scope, query)) as events:
            async for event in events:
                try:
                    yield event
                finally:
                    if isinstance(event, Finished):
                        for look in self._looks:
                            look(scope, query, event.answer)


def sampling(share: float, keep: Keep) -> Look:
    """Keeps a share of the answers with their words; what is from the cache could be drawn before."""

    def look(scope: Scope, query: Query, answer: Answer) -> None:
        if not answer.cached and random.random() < share:
            keep(Sample.new(scope, query.text, SampledAnswer.of(answer, measures_of(answer))))

    return look


class Shadow:
    """Asks the candidate a share of the questions again.

    Args:
        pipeline: the candidate, with a generator of its own: it is used in another event loop.
        keep: keeps a pair of answers; returns at once.
        trial: ends it.
        share: of the questions that were worked out by what is in force.
    """

    def __init__(self, pipeline: Pipeline, keep: Keep, trial: Trial, share: float) -> None:
        self._pipeline = pipeline
        self._keep = keep
        self._trial = trial
        self._share = share
        self._changing = threading.Lock()
        self._waiting = 0
        self._counts = {"kept": 0, "dropped": 0, "failed": 0}
        self._loop = asyncio.new_event_loop()
        self._queue: asyncio.Queue[tuple[Scope, Query, Sample]] = asyncio.Queue()

    def counts(self) -> dict[str, int]:
        """How many questions it was handed, by what became of them."""
        with self._changing:
            return dict(self._counts)

    def offer(self, scope: Scope, query: Query, answer: Answer) -> None:
        """Hands a question over, with the answer that its reader has; returns at once."""
        if answer.cached or answer.variant or not self._trial.runs or random.random() >= self._share:
            return
        with self._changing:
            if self._waiting >= MAX_WAITING:
                self._counts["dropped"] += 1
                return
            self._waiting += 1
        served = Sample.new(scope, query.text, SampledAnswer.of(answer, measures_of(answer)))
        self._loop.call_soon_threadsafe(self._queue.put_nowait, (scope, query, served))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answers until the block ends; what is under way then is cut off, and what waits is dropped."""
        working = self._loop.create_task(self._work())
        thread = threading.Thread(target=self._run, args=(working,), name="shadow")
        thread.start()
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(working.cancel)
            thread.join()
            self._loop.close()

    def _run(self, working: asyncio.Task[None]) -> None:
        step_back()
        self._loop.run_until_complete(asyncio.wait({working}))
        self._loop.run_until_complete(self._pipeline.generator.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    async def _work(self) -> None:
        while True:
            scope, query, served = await self._queue.get()
            try:
                await self._answer(scope, query, served)
                self._count("kept")
            except FootnoteError as error:
                log.warning("the shadow did not answer: %s", error, extra={"variant": self._trial.name})
                self._count("failed")
            except Exception:  # a fault of the candidate is counted, and must not end the thread
                log.exception("the shadow failed", extra={"variant": self._trial.name})
                self._count("failed")

    async def _answer(self, scope: Scope, query: Query, served: Sample) -> None:
        answer = await self._pipeline.answer(scope, query)
        candidate = SampledAnswer.of(answer, measures_of(answer))
        self._keep(
            dataclasses.replace(
                served, variant=self._trial.name, fingerprint=self._trial.fingerprint, candidate=candidate
            )
        )

    def _count(self, outcome: str) -> None:
        with self._changing:
            self._waiting -= 1
            self._counts[outcome] += 1
