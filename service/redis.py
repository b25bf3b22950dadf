"""redis: the one connection to Redis, and what happens while it is away.

Nothing needs Redis: who calls it says what is done without it. A call that fails costs one timeout; then
nobody calls for a while (`redis.retry_s`), after which one caller tries whether it is back.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from service.errors import Misconfigured, RedisUnavailable
from service.settings import RedisSettings

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class RedisServer:
    """Redis as this process sees it; safe to use from any thread.

    Opening it does not connect: a Redis that is away at the start may come later.

    Raises:
        Misconfigured: the address cannot be read, or the package is not installed.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self.vendor = _vendor()
        self.client: Any = self._connected(settings.timeout_s)
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._retry_at = 0.0

    @property
    def is_up(self) -> bool:
        """Whether it answered when it was last asked."""
        return self._away_since is None

    def key(self, *parts: str) -> str:
        """The name under which something of this installation is kept."""
        return ":".join((self._settings.prefix, *parts))

    def run(self, work: Callable[[Any], Result]) -> Result:
        """What `work` returns, given the client.

        Raises:
            RedisUnavailable: Redis is away, does not answer in time, or refuses.
        """
        self._check_not_away()
        try:
            result = work(self.client)
        except self.vendor.RedisError as error:
            self._note_away(error)
            raise RedisUnavailable(f"Redis does not answer ({type(error).__name__})") from error
        self._note_back()
        return result

    def check(self) -> str:
        """Says how it does; it never fails, because nothing needs it."""
        try:
            self.run(lambda client: client.ping())
        except RedisUnavailable as error:
            return f"away: {error}; answers are not cached, limits count in each process"
        return "answers"

    def lease(self, name: str, seconds: float) -> Lease | None:
        """A hold on a name that ends by itself after so long; None while another one has it.

        Raises:
            RedisUnavailable: see `run`.
        """
        lock = self.client.lock(name, timeout=seconds, blocking=False, thread_local=False)
        return Lease(self, lock) if self.run(lambda _: lock.acquire()) else None

    def subscription(self, channel: str) -> Any:
        """What is published on a channel from now on; a connection of its own, to be closed."""
        subscription = self.client.pubsub(ignore_subscribe_messages=True)
        subscription.subscribe(channel)
        return subscription

    def close(self) -> None:
        """Closes every connection."""
        self.client.close()

    def _connected(self, timeout_s: float) -> Any:
        vendor = self.vendor
        # One more attempt on another connection: those of the pool do not outlive a restart of the server.
        once_more = vendor.retry.Retry(vendor.backoff.NoBackoff(), 1, (vendor.ConnectionError,))
        try:
            return vendor.Redis.from_url(
                self._settings.url.get_secret_value(),
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=once_more,
            )
        except ValueError as error:
            raise Misconfigured(
                "redis.url is no address of a Redis", hint="set FOOTNOTE_REDIS__URL to redis://HOST:6379/0"
            ) from error

    def _check_not_away(self) -> None:
        with self._lock:
            if self._away_since is None:
                return
            if time.monotonic() < self._retry_at:
                raise RedisUnavailable("Redis is away")
            self._retry_at = time.monotonic() + self._settings.retry_s  # the others go on without it

    def _note_away(self, error: Exception) -> None:
        with self._lock:
            self._retry_at = time.monotonic() + self._settings.retry_s
            if self._away_since is not None:
                return
            self._away_since = time.monotonic()
        log.warning(
            "Redis is away: answers go on without their cache, limits count in each process",
            extra={"reason": type(error).__name__},
        )

    def _note_back(self) -> None:
        if self._away_since is None:
            return
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            log.info("Redis is back", extra={"away_s": round(time.monotonic() - since, 1)})


class Lease:
    """A hold on a name, which whoever has it can give back."""

    def __init__(self, server: RedisServer, lock: Any) -> None:
        self._server = server
        self._lock = lock

    def release(self) -> None:
        """Gives it back; one that has ended meanwhile is somebody else's, and stays that.

        Raises:
            RedisUnavailable: Redis is away; it ends by itself.
        """
        self._server.run(lambda _: self._released())

    def _released(self) -> bool:
        try:
            self._lock.release()
        except self._server.vendor.exceptions.LockError:
            return False
        return True


def name_of(text: str) -> str:
    """A text as a part of a key: of one length, and none of it readable."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _vendor() -> Any:
    try:
        import redis
        import redis.backoff
        import redis.retry
    except ImportError as error:
        raise Misconfigured(
            "redis.url is set, but the package for it is not installed",
            hint="pip install 'footnote[server]'",
        ) from error
    return redis
