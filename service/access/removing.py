"""Tenants on their way out: each document is deleted as any other is, then the rest goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from service.catalogue import Tenants
from service.catalogue.tenants import everything_of
from service.errors import NotFound
from service.types import Scope

log = logging.getLogger(__name__)

REMOVE_EVERY_S = 30.0
ALONE = "removing tenants"


def undisturbed() -> AbstractContextManager[bool]:
    """Alone, as where there is one process."""
    return nullcontext(True)


class TenantRemoval:
    """Takes tenants away, cut off anywhere and taken up again: what is to be done stands in the catalogue.

    Args:
        tenants: those that there are.
        delete: deletes a document, and verifies that it is gone.
        key_cache_s: how long a process knows a key; before, requests of the tenant may still come in.
        alone: keeps other processes that believe they lead from doing the same. One that comes late would
            delete from the next tenant of that name what it saw in the one that is gone.
    """

    def __init__(
        self,
        tenants: Tenants,
        delete: Callable[[Scope, str], Awaitable[object]],
        key_cache_s: float,
        alone: Callable[[], AbstractContextManager[bool]] = undisturbed,
    ) -> None:
        self._tenants = tenants
        self._delete = delete
        self._key_cache_s = key_cache_s
        self._alone = alone

    def remove_all(self) -> None:
        """Takes away whatever is on its way out, as far as that goes now."""
        if not self._tenants.leaving(self._key_cache_s):
            return
        with self._alone() as alone:
            for name in self._tenants.leaving(self._key_cache_s) if alone else ():
                asyncio.run(self._remove(name))

    async def _remove(self, name: str) -> None:
        scope = everything_of(name)
        for document_id in await asyncio.to_thread(self._tenants.documents_of, name):
            try:
                await self._delete(scope, document_id)
            except NotFound:
                continue  # another process was first
        if await asyncio.to_thread(self._tenants.finish_delete, name):
            log.info("a tenant was deleted", extra={"tenant": name})
