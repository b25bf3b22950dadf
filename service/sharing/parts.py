"""What processes share, chosen from the settings: in Redis where there is one, else in each process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from service.answering import Answering
from service.cache import AnswerCache
from service.cache.memory import MemoryAnswers
from service.cache.shared import SharedAnswers
from service.cache.vectors import RememberingEmbedder
from service.embed import Embedder
from service.pipeline import Pipeline
from service.redis import RedisServer
from service.settings import CacheSettings, Settings
from service.sharing.limiting import RateLimits
from service.sharing.waking import SharedWaker, Waker
from service.types import Scope


@dataclass(frozen=True, slots=True)
class Sharing:
    """What this process shares with others, or would."""

    asked: Answering | Pipeline
    """What answers: through the cache, or where `cache.enabled` is off without one."""
    limits: RateLimits
    waker: Waker
    redis: RedisServer | None

    @property
    def redis_is_up(self) -> bool | None:
        """Whether Redis answered when it was last asked; None where none is set."""
        return None if self.redis is None else self.redis.is_up

    def checks(self) -> Mapping[str, Callable[[], str]]:
        """What `/readyz` is told; a Redis that is away keeps nobody from answering."""
        return {} if self.redis is None else {"redis": self.redis.check}

    def drop_answers(self, scope: Scope) -> int | None:
        """Removes all cached answers of the scope's tenant; how many there were, None if that has to wait."""
        return self.asked.cache.drop(scope) if isinstance(self.asked, Answering) else 0

    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        """How many cached answers of the scope's tenant name the document, None if nobody can tell now."""
        return self.asked.cache.count_quoting(scope, document_id) if isinstance(self.asked, Answering) else 0


@contextmanager
def open_sharing(
    settings: Settings, pipeline: Pipeline, epoch: Callable[[Scope], int], installation: str
) -> Iterator[Sharing]:
    """Opens all of it until the block ends.

    Args:
        settings: say whether there is a Redis.
        pipeline: what answers where nothing is cached.
        epoch: how often the corpus of a scope's tenant has changed.
        installation: names it where several share a Redis.
    """
    with ExitStack() as stack:
        redis = None
        if settings.redis.url.get_secret_value():
            redis = stack.enter_context(closing(RedisServer(settings.redis)))
        waker: Waker = threading.Event()
        if redis is not None:
            waker = SharedWaker(redis)
            stack.enter_context(waker.listening())
        asked: Answering | Pipeline = pipeline
        if settings.cache.enabled:
            cache = _answer_cache(settings.cache, redis)
            lease_s = settings.cache.lease_s
            asked = stack.enter_context(closing(Answering(pipeline, cache, epoch, lease_s, installation)))
        yield Sharing(asked, RateLimits(settings.limits, redis), waker, redis)


def _answer_cache(settings: CacheSettings, redis: RedisServer | None) -> AnswerCache:
    return MemoryAnswers(settings) if redis is None else SharedAnswers(redis, settings)


def remembering(embedder: Embedder, settings: CacheSettings) -> Embedder:
    """The embedder, remembering the last questions where the settings say so."""
    return RememberingEmbedder(embedder, settings.question_vectors) if settings.question_vectors else embedder
