"""What processes share, chosen from the settings: in Redis where there is one, else in each process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.answering import Answering
from service.cache import AnswerCache
from service.cache.memory import MemoryAnswers
from service.cache.shared import SharedAnswers
from service.cache.vectors import RememberingEmbedder
from service.embed import Embedder
from service.pipeline import Pipeline
from service.redis import RedisServer
from service.settings import CacheSettings, RedisSettings
from service.types import Scope
from service.waking import SharedWaker, Waker


@contextmanager
def open_redis(settings: RedisSettings) -> Iterator[RedisServer | None]:
    """The Redis of the settings until the block ends, or None."""
    if not settings.url.get_secret_value():
        yield None
        return
    server = RedisServer(settings)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def open_answering(
    settings: CacheSettings,
    pipeline: Pipeline,
    epoch: Callable[[Scope], int],
    redis: RedisServer | None,
    installation: str,
) -> Iterator[Answering | None]:
    """The cache before the pipeline until the block ends, or None where it is switched off."""
    if not settings.enabled:
        yield None
        return
    cache: AnswerCache = MemoryAnswers(settings) if redis is None else SharedAnswers(redis, settings)
    asked = Answering(pipeline, cache, epoch, settings.lease_s, installation)
    try:
        yield asked
    finally:
        asked.close()


@contextmanager
def open_waker(redis: RedisServer | None) -> Iterator[Waker]:
    """What wakes the workers, until the block ends."""
    if redis is None:
        yield threading.Event()
        return
    waker = SharedWaker(redis)
    with waker.listening():
        yield waker


def remembering(embedder: Embedder, settings: CacheSettings) -> Embedder:
    """The embedder, remembering the last questions where the settings say so."""
    return RememberingEmbedder(embedder, settings.question_vectors) if settings.question_vectors else embedder
