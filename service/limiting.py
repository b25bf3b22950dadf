"""limiting: how often a key and a tenant may ask in any minute.

Counted in Redis for all processes together; where there is none, or while it is away, each process counts for
itself, so that a limit is then as many times as high as there are processes. Written with `limits`, whose
moving window has no moment at which a caller may ask twice as often.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from service.errors import Misconfigured, RateLimited, RedisUnavailable
from service.redis import RedisServer, name_of
from service.settings import LimitsSettings
from service.types import Caller

WINDOW_S = 60


class Quotas(Protocol):
    """What each tenant was granted."""

    def questions_per_minute(self, tenant: str) -> int | None:
        """How often all keys of the tenant together may ask; 0: without limit, None: as the settings say."""
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one limit after a question."""

    policy: str
    """`key` or `tenant`."""
    quota: int
    remaining: int
    reset_s: int
    """After so many seconds some of it is free again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a question stands: what is left of each limit, and the error where one of them is reached."""

    allowances: tuple[Allowance, ...] = ()
    refusal: RateLimited | None = None


@dataclass(frozen=True, slots=True)
class _Limit:
    policy: str
    whose: tuple[str, ...]
    quota: int

    def refusal(self, reset_s: int) -> RateLimited:
        name = f"limits.{self.policy}_per_minute"
        who = "This API key" if self.policy == "key" else "This tenant"
        return RateLimited(
            f"{who} may ask {self.quota} times a minute, and has (setting {name}).",
            hint=f"Ask again in {reset_s} s, or raise FOOTNOTE_{name.replace('.', '__').upper()}.",
            retry_after_s=reset_s,
        )


class RateLimits:
    """Counts what is asked; safe to use from any thread.

    Raises:
        Misconfigured: there are limits, and the package for them is not installed.
    """

    def __init__(
        self, settings: LimitsSettings, redis: RedisServer | None, quotas: Quotas | None = None
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._quotas = quotas
        self._own: Any = None if not self.are_set else _window(lambda vendor: vendor.storage.MemoryStorage())
        self._shared: Any = None

    @property
    def are_set(self) -> bool:
        """Whether there may be a limit for anybody."""
        settings = self._settings
        return bool(settings.key_per_minute or settings.tenant_per_minute or self._quotas)

    def take(self, caller: Caller) -> Taken:
        """Counts one question of the caller; one that is refused is not counted against what comes next."""
        allowances: list[Allowance] = []
        for limit in self._limits(caller):
            is_free, allowance = self._hit(limit)
            allowances.append(allowance)
            if not is_free:
                return Taken(tuple(allowances), limit.refusal(allowance.reset_s))
        return Taken(tuple(allowances))

    def _limits(self, caller: Caller) -> list[_Limit]:
        tenant = caller.scope.tenant
        granted = self._quotas.questions_per_minute(tenant) if self._quotas else None
        of_tenant = self._settings.tenant_per_minute if granted is None else granted
        limits = [
            _Limit("key", (name_of(tenant), name_of(caller.key_id)), self._settings.key_per_minute),
            _Limit("tenant", (name_of(tenant),), of_tenant),
        ]
        return [limit for limit in limits if limit.quota]

    def _hit(self, limit: _Limit) -> tuple[bool, Allowance]:
        if self._redis is not None:
            self._shared = self._shared or _shared_window(self._redis)
            with suppress(RedisUnavailable):  # logged once, where it was noticed
                return self._redis.run(lambda _: _hit(self._shared, limit))
        return _hit(self._own, limit)


def _hit(window: Any, limit: _Limit) -> tuple[bool, Allowance]:
    from limits import RateLimitItemPerMinute

    item = RateLimitItemPerMinute(limit.quota)
    is_free = window.hit(item, limit.policy, *limit.whose)
    reset_at, remaining = window.get_window_stats(item, limit.policy, *limit.whose)
    reset_s = min(WINDOW_S, max(1, math.ceil(reset_at - time.time())))
    return is_free, Allowance(limit.policy, limit.quota, max(0, remaining), reset_s)


def _shared_window(redis: RedisServer) -> Any:
    def storage(vendor: Any) -> Any:
        # Its errors stay those of Redis, which `RedisServer.run` knows.
        pool = redis.client.connection_pool
        return vendor.storage.RedisStorage(
            "redis://", connection_pool=pool, key_prefix=redis.key("limits"), wrap_exceptions=False
        )

    return _window(storage)


def _window(storage: Callable[[Any], Any]) -> Any:
    try:
        import limits
        import limits.storage
        import limits.strategies
    except ImportError as error:
        raise Misconfigured(
            "limits are set, but the package for them is not installed",
            hint="pip install 'footnote[server]'",
        ) from error
    return limits.strategies.MovingWindowRateLimiter(storage(limits))
