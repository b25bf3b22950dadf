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
from functools import cached_property
from typing import Any

from service.errors import Misconfigured, RateLimited, RedisUnavailable
from service.redis import RedisServer, name_of
from service.settings import LimitsSettings
from service.types import Caller

WINDOW_S = 60


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
    is_granted: bool = False
    """Whether it is the tenant's own quota rather than a setting."""

    def refusal(self, reset_s: int) -> RateLimited:
        setting = f"limits.{self.policy}_per_minute"
        where = "the quota that it was granted" if self.is_granted else f"setting {setting}"
        raised = (
            "let `footnote tenants quota` raise it"
            if self.is_granted
            else f"raise FOOTNOTE_{setting.replace('.', '__').upper()}"
        )
        who = "This API key" if self.policy == "key" else "This tenant"
        return RateLimited(
            f"{who} may ask {self.quota} times a minute, and has ({where}).",
            hint=f"Ask again in {reset_s} s, or {raised}.",
            retry_after_s=reset_s,
        )


class RateLimits:
    """Counts what is asked; safe to use from any thread.

    Raises:
        Misconfigured: there are limits, and the package for them is not installed.
    """

    def __init__(self, settings: LimitsSettings, redis: RedisServer | None) -> None:
        self._settings = settings
        self._redis = redis
        self._shared: Any = None
        if settings.key_per_minute or settings.tenant_per_minute:
            _ = self._own

    @cached_property
    def _own(self) -> Any:
        return _window(lambda vendor: vendor.storage.MemoryStorage())

    def concern(self, caller: Caller) -> bool:
        """Whether there is a limit for this caller."""
        return bool(self._limits(caller))

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
        granted = caller.questions_per_minute
        of_tenant = self._settings.tenant_per_minute if granted is None else granted
        limits = [
            _Limit("key", (name_of(tenant), name_of(caller.key_id)), self._settings.key_per_minute),
            _Limit("tenant", (name_of(tenant),), of_tenant, granted is not None),
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
