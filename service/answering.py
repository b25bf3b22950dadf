"""answering: a question that was answered before is answered from the cache, and no question twice at once.

A cached answer is one made under the state of the corpus that is read at the start of the question
(`service/cache/key.py`). It gets an id of its own, so that it can be judged like any other.
"""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from importlib.metadata import version
from typing import Any, TypeVar

from service.background import QuestionThreads, ended
from service.cache import AnswerCache, Key
from service.cache.flights import Flights
from service.cache.key import digest_of, key_of
from service.pipeline import Pipeline
from service.stopwatch import Stopwatch
from service.types import Answer, Event, Finished, Query, Retrieved, Scope, SentenceReady, Usage

Result = TypeVar("Result")

POLL_S = 0.05
"""How often a process looks for the answer that another one is working on."""
LOOKUP_THREADS = 4
"""Apart from those of the questions: what is known already waits behind nothing that has to be worked out."""

SHAPING: dict[str, Any] = {
    **dict.fromkeys(("chunk", "embed", "search", "fuse", "rerank", "decide", "context", "cite"), True),
    "generate": {"base_url", "model", "temperature", "max_tokens", "max_sentences"},
}
"""The settings that an answer depends on."""


class Answering:
    """The pipeline behind the cache.

    Args:
        pipeline: what answers.
        cache: what keeps answers.
        epoch: how often the corpus of a scope's tenant has changed.
        lease_s: how long to wait for the same answer from another process.
        installation: names it where several share a cache.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        cache: AnswerCache,
        epoch: Callable[[Scope], int],
        lease_s: float,
        installation: str,
    ) -> None:
        self.cache = cache
        self._pipeline = pipeline
        self._epoch = epoch
        self._installation = installation
        self._lease_s = lease_s
        self._fingerprint = _fingerprint(pipeline, installation)
        self._standing = pipeline.warnings
        self._flights: Flights[Event] = Flights()
        self._threads = QuestionThreads(LOOKUP_THREADS)

    def beside(self, pipeline: Pipeline) -> Answering:
        """Another pipeline behind the same cache, which tells the answers of the two apart."""
        return Answering(pipeline, self.cache, self._epoch, self._lease_s, self._installation)

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """The events of `Pipeline.stream`, worked out now, by somebody who asks the same now, or before."""
        watch = Stopwatch()
        key, known = await self._threads.run(self._look, scope, query)
        if known is not None:
            for event in _replayed(_given_again(known, watch)):
                yield event
            return
        async with (
            self._flights.joined(key, lambda: self._work(scope, query, key)) as (flight, is_first),
            aclosing(flight.events()) as events,
        ):
            async for event in events:
                if isinstance(event, Finished) and not is_first:
                    yield Finished(_given_again(event.answer, watch))
                else:
                    yield event

    async def _work(self, scope: Scope, query: Query, key: Key) -> AsyncGenerator[Event, None]:
        if (known := await self._found_or_begun(key)) is not None:
            for event in _replayed(_given_again(known, Stopwatch())):
                yield event
            return
        try:
            async with aclosing(self._pipeline.stream(scope, query)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        # Before the last event: whoever has seen it may ask again at once.
                        await self._threads.run(self._keep, scope, query, key, event.answer)
                    yield event
        finally:
            # Also when nobody watches any more: other processes wait for it.
            await ended(asyncio.ensure_future(self._ask(self.cache.end, key)))

    async def _found_or_begun(self, key: Key) -> Answer | None:
        """The answer of another process that works on it; None where the caller has to work itself."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._lease_s
        while True:
            known, is_ours = await self._ask(self._claim, key)
            if known is not None or is_ours or loop.time() > deadline:
                return known
            await asyncio.sleep(POLL_S)

    async def _ask(self, work: Callable[[Key], Result], key: Key) -> Result:
        return work(key) if self.cache.is_here else await self._threads.run(work, key)

    def _look(self, scope: Scope, query: Query) -> tuple[Key, Answer | None]:
        key = self._key(scope, query)
        return key, self.cache.get(key)

    def _claim(self, key: Key) -> tuple[Answer | None, bool]:
        """Looked up once more after the beginning: it may have been put just before."""
        is_ours = self.cache.begin(key)
        known = self.cache.get(key)
        if known is not None and is_ours:
            self.cache.end(key)
        return known, is_ours

    def _keep(self, scope: Scope, query: Query, key: Key, answer: Answer) -> None:
        """Keeps it unless a stage fell back, or the corpus has changed meanwhile.

        That is looked at after it was put: a delete either finds it there and drops it, or is seen here.
        """
        if answer.warnings == self._standing:
            self.cache.put(key, answer)
            if self._key(scope, query) != key:
                self.cache.drop(scope)

    def _key(self, scope: Scope, query: Query) -> Key:
        return key_of(scope, query, self._epoch(scope), self._fingerprint)

    def close(self) -> None:
        """Waits for its threads to end."""
        self._threads.close()


def _given_again(answer: Answer, watch: Stopwatch) -> Answer:
    """The same answer for another reader; no language model was asked for it."""
    identifier = str(uuid.uuid4())
    return dataclasses.replace(
        answer,
        id=identifier,
        trace_id=identifier.replace("-", ""),
        usage=Usage(),
        timings_ms=watch.timings_ms(),
        cached=True,
    )


def _replayed(answer: Answer) -> Iterator[Event]:
    yield Retrieved(answer.hits)
    told: set[int] = set()
    for sentence in answer.sentences:
        new = [one for one in answer.citations if one.n in sentence.citations and one.n not in told]
        told.update(one.n for one in new)
        yield SentenceReady(sentence, tuple(new))
    yield Finished(answer)


def _fingerprint(pipeline: Pipeline, installation: str) -> str:
    """Of all but the question that shapes an answer."""
    return digest_of(
        {
            "version": version("footnote"),
            "installation": installation,
            "embedder": pipeline.embedder.fingerprint,
            "tokens": pipeline.embedder.tokens_fingerprint,
            "reranker": pipeline.reranker.fingerprint,
            "decider": pipeline.decider.fingerprint,
            "generator": pipeline.generator.model,
            "warnings": [dataclasses.astuple(warning) for warning in pipeline.warnings],
            "settings": pipeline.settings.model_dump(mode="json", include=SHAPING),
        }
    )
