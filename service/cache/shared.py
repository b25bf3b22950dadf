"""The answer cache that all processes share, in Redis."""

from __future__ import annotations

import threading
import time
from typing import Any

from typing_extensions import override

from service.cache import AnswerCache, Key
from service.cache.entry import read, written
from service.errors import RedisUnavailable
from service.redis import Lease, RedisServer, name_of
from service.settings import CacheSettings
from service.types import Answer, Scope


class SharedAnswers(AnswerCache):
    """Answers under a key each, and for each tenant the names of its keys, by the time at which they end."""

    is_here = False

    def __init__(self, server: RedisServer, settings: CacheSettings) -> None:
        self._server = server
        self._settings = settings
        self._leases: dict[Key, Lease] = {}
        self._owed: set[str] = set()
        self._lock = threading.Lock()

    @override
    def get(self, key: Key) -> Answer | None:
        try:
            self._pay()
            entry: bytes | None = self._server.run(lambda client: client.get(self._name(key)))
        except RedisUnavailable:
            return None
        return None if entry is None else read(entry)

    @override
    def put(self, key: Key, answer: Answer) -> None:
        entry, name, names = written(answer), self._name(key), self._names(key.tenant)
        now, ttl_s = time.time(), self._settings.ttl_s

        def keep(client: Any) -> None:
            with client.pipeline(transaction=True) as steps:
                steps.set(name, entry, ex=ttl_s)
                steps.zadd(names, {name: now + ttl_s})
                steps.zremrangebyscore(names, "-inf", now)
                steps.expire(names, ttl_s + 60)
                steps.execute()

        try:
            self._pay()
            self._server.run(keep)
        except RedisUnavailable:
            return

    @override
    def begin(self, key: Key) -> bool:
        try:
            lease = self._server.lease(self._server.key("working", key.digest), self._settings.lease_s)
        except RedisUnavailable:
            return True
        if lease is not None:
            self._leases[key] = lease
        return lease is not None

    @override
    def end(self, key: Key) -> None:
        if (lease := self._leases.pop(key, None)) is None:
            return
        try:
            lease.release()
        except RedisUnavailable:
            return  # it ends by itself

    @override
    def drop(self, scope: Scope) -> int | None:
        try:
            return self._dropped(scope.tenant)
        except RedisUnavailable:
            with self._lock:
                self._owed.add(scope.tenant)
            return None

    @override
    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        name, names = document_id.encode(), self._names(scope.tenant)

        def count(client: Any) -> int:
            found = client.zrange(names, 0, -1)
            return sum(name in entry for entry in client.mget(found) if entry) if found else 0

        try:
            return self._server.run(count)
        except RedisUnavailable:
            return None

    def _dropped(self, tenant: str) -> int:
        names = self._names(tenant)

        def drop(client: Any) -> int:
            found = client.zrange(names, 0, -1)
            if not found:
                return 0
            with client.pipeline(transaction=True) as steps:
                steps.unlink(*found)
                steps.zrem(names, *found)  # what is put meanwhile stays listed
                removed, _ = steps.execute()
            return int(removed)

        return self._server.run(drop)

    def _pay(self) -> None:
        """Drops what could not be dropped while Redis was away, before anything else is done."""
        while self._owed:
            with self._lock:
                tenant = next(iter(self._owed), None)
            if tenant is None:
                return
            self._dropped(tenant)
            with self._lock:
                self._owed.discard(tenant)

    def _name(self, key: Key) -> str:
        return self._server.key("answer", name_of(key.tenant), key.digest)

    def _names(self, tenant: str) -> str:
        return self._server.key("answers", name_of(tenant))
