"""The answer cache of one process."""

from __future__ import annotations

import threading

from cachetools import TTLCache
from typing_extensions import override

from service.cache import AnswerCache, Key
from service.cache.entry import read, written
from service.settings import CacheSettings
from service.types import Answer, Scope


class MemoryAnswers(AnswerCache):
    """Keeps the answers that were used last, as JSON: of a known size, and nobody can change them."""

    is_here = True

    def __init__(self, settings: CacheSettings) -> None:
        # An entry counts for its share of the bytes at least, so that one bound keeps both.
        share = max(1, settings.max_bytes // settings.max_entries)
        self._entries: TTLCache[Key, bytes] = TTLCache(
            settings.max_bytes, settings.ttl_s, getsizeof=lambda entry: max(share, len(entry))
        )
        self._lock = threading.Lock()

    @override
    def get(self, key: Key) -> Answer | None:
        with self._lock:
            entry = self._entries.get(key)
        return None if entry is None else read(entry)

    @override
    def put(self, key: Key, answer: Answer) -> None:
        entry = written(answer)
        with self._lock:
            if self._entries.getsizeof(entry) <= self._entries.maxsize:
                self._entries[key] = entry

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
        name = document_id.encode()
        with self._lock:
            return sum(key.tenant == scope.tenant and name in entry for key, entry in self._entries.items())
