"""The one place where credentials become a caller."""

from __future__ import annotations

import asyncio
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from service.access.failures import Failures
from service.catalogue import Keys
from service.catalogue.database import now
from service.catalogue.secret import hash_of, is_well_formed
from service.errors import TooManyFailures, Unauthenticated
from service.settings import AccessSettings
from service.tenancy import KnownKey
from service.types import EVERY_GROUP, Caller, Scope

MAX_KNOWN = 10_000
"""Keys that a process remembers at a time."""

HOW = "send `Authorization: Bearer fn_...` with a key of `footnote keys create` or `POST /keys`"


@dataclass(frozen=True, slots=True)
class _Remembered:
    known: KnownKey
    caller: Caller
    until: float


class Authenticator:
    """Knows the callers of requests by their keys; used from the event loop.

    A key that was looked up is remembered for `access.key_cache_s`: that is how long a revoked one works on,
    and how far what its tenant decides lags behind. An address with too many failures is still served for
    keys that were good when they were last looked up.
    """

    def __init__(
        self, keys: Keys, settings: AccessSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._failures = Failures(settings.max_failures_per_minute, clock)
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._noting = threading.Lock()

    async def caller(self, authorization: str | None, address: str) -> Caller:
        """Who sends a request with this header from this address.

        Raises:
            Unauthenticated: there is no key, or one that is not valid.
            TooManyFailures: keys of this address are not looked up for a while.
        """
        if authorization is None:
            raise Unauthenticated("The request has no API key.", hint=HOW)
        sha256 = hash_of(self._secret(authorization, address))
        found = self._fresh(sha256) or await self._look_up(sha256, address)
        with self._noting:
            self._used[found.known.key.id] = now()
        return found.caller

    def _secret(self, authorization: str, address: str) -> str:
        scheme, _, secret = authorization.partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not is_well_formed(secret):
            self._failures.add(address)
            raise Unauthenticated(
                "This is no API key: its form is not that of one, or it is mistyped.", hint=HOW
            )
        return secret

    def _fresh(self, sha256: str) -> _Remembered | None:
        found = self._remembered.get(sha256)
        if found is None or found.until <= self._clock() or _has_expired(found.known):
            return None
        return found

    async def _look_up(self, sha256: str, address: str) -> _Remembered:
        was_good = sha256 in self._remembered  # so it is no guess
        if self._failures.too_many(address) and not was_good:
            raise TooManyFailures(
                f"{self._settings.max_failures_per_minute} requests of this address had no valid key within "
                "a minute (setting access.max_failures_per_minute).",
                hint="Wait a minute.",
            )
        until = (
            self._clock() + self._settings.key_cache_s
        )  # from before the look: it may be revoked meanwhile
        known = await asyncio.to_thread(self._keys.find, sha256)
        if known is None or not hmac.compare_digest(known.sha256, sha256):
            self._remembered.pop(sha256, None)
            self._failures.add(address)
            raise Unauthenticated(
                "This API key is not known: it was revoked, has expired or never was.", hint=HOW
            )
        found = _Remembered(known, _caller(known), until)
        self._remembered[sha256] = found
        self._remembered.move_to_end(sha256)
        if len(self._remembered) > MAX_KNOWN:
            self._remembered.popitem(last=False)
        return found

    def note_uses(self) -> None:
        """Writes down when keys were last used.

        Raises:
            CatalogueUnavailable: it cannot be written; what was noted is lost.
        """
        with self._noting:
            used, self._used = self._used, {}
        if used:
            self._keys.used(used)


def _has_expired(known: KnownKey) -> bool:
    return known.key.expires_at is not None and known.key.expires_at <= now()


def _caller(known: KnownKey) -> Caller:
    key = known.key
    groups = frozenset(key.groups) | ({EVERY_GROUP} if key.role == "admin" else frozenset())
    return Caller(
        Scope(key.tenant, groups, key.id),
        key.role,
        key.id,
        known.questions_per_minute,
        known.audits_questions,
    )
