"""Who did what is noted behind the reader's back, or before the answer where that must not be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from asgi_correlation_id import correlation_id

from service.catalogue import AuditKeeper
from service.catalogue.audit import entry_of
from service.tenancy import Actor
from service.types import Caller, Scalar

Detail = Mapping[str, Scalar | tuple[str, ...]]


class Auditor:
    """Notes what callers do."""

    def __init__(self, keeper: AuditKeeper) -> None:
        self._keeper = keeper

    async def note(
        self, caller: Caller, action: str, object: str, outcome: str, detail: Detail, *, at_once: bool
    ) -> None:
        """Notes an action. `at_once`: it is written when this returns.

        Raises:
            CatalogueUnavailable: it is to be written at once, and cannot be; it is written later.
        """
        entry = entry_of(caller.scope.tenant, actor_of(caller), action, object, outcome, detail)
        self._keeper.keep(entry)
        if at_once:
            await asyncio.to_thread(self._keeper.flush)


def actor_of(caller: Caller) -> Actor:
    """The caller as the audit log names him."""
    return Actor(caller.key_id, correlation_id.get() or "")
