"""The answer cache of one process."""

from __future__ import annotations

import threading
from typing import NamedTuple

from cachetools import TTLCache
from typing_extensions import override

from service.cache import AnswerCache, Key
from service.cache.entry import unburdened, written
from service.settings import CacheSettings
from service.types import Answer, Scope


class _Kept(NamedTuple):
    answer: Answer
    size: int
    """Bytes of its JSON; in memory it takes a fifth more."""


class MemoryAnswers(AnswerCache):
    """Keeps the answers that were used last: they are frozen, and their mappings are only read."""

    is_here = True

    def __init__(self, settings: CacheSettings) -> None:
        # An entry counts for its share of the bytes at least, so that one bound keeps both.
        share = max(1, settings.max_bytes // settings.max_entries)
        self._entries: TTLCache[Key, _Kept] = TTLCache(
            settings.max_bytes, settings.ttl_s, getsizeof=lambda kept: max(share, kept.size)
        )
        self._lock = threading.Lock()

    @override
    def get(self, key: Key) -> Answer | None:
        with self._lock:
            kept = self._entries.get(key)
        return None if kept is None else kept.answer

    @override
    def put(self, key: Key, answer: Answer) -> None:
        kept = _Kept(unburdened(answer), len(written(answer)))
        with self._lock:
            if self._entries.getsizeof(kept) <= self._entries.maxsize:
                self._entries[key] = kept

    @override
    def begin(self, key: Key) -> bool:
        return True

    @override
    def end(self, key: Key) -> None:
        """Nobody else waits: `flights.py` brings those of one process together."""

    @override
    def drop(self, scope: Scope) -> int | None:
        with self._lock:
            gone = [key for key in self._entries if key.tenant == scope.tenant]
            for key in gone:
                del self._entries[key]
        return len(gone)

    @override
    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        with self._lock:
            kept = [one.answer for key, one in self._entries.items() if key.tenant == scope.tenant]
        name = document_id.encode()
        return sum(name in written(answer) for answer in kept)
