"""Locks by name: who changes a document waits for whoever else changes it, and for nobody else."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from typing_extensions import override

from service.types import Scope


class DocumentLocks(Protocol):
    """A lock for each document; safe to use from any thread, not to be taken twice by one."""

    def holding(self, scope: Scope, document_ids: Collection[str]) -> AbstractContextManager[None]:
        """Holds the locks of these documents while the block runs.

        They are taken in sorted order, so that two who want several never wait for each other in a circle.
        """
        ...


@contextmanager
def holding_all(locks: DocumentLocks, documents: Iterable[tuple[Scope, str]]) -> Iterator[None]:
    """Holds the locks of documents of several tenants, tenants in sorted order as well."""
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for scope, document_id in documents:
        ids[scope.tenant].add(document_id)
    with ExitStack() as held:
        for tenant in sorted(ids):
            held.enter_context(locks.holding(Scope(tenant), ids[tenant]))
        yield


@dataclass(slots=True)
class _Shared:
    """One lock, and how many hold it or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class ProcessLocks(DocumentLocks):
    """The locks of one process; a lock that nobody uses takes no room."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._shared: defaultdict[tuple[str, str], _Shared] = defaultdict(_Shared)

    @override
    @contextmanager
    def holding(self, scope: Scope, document_ids: Collection[str]) -> Iterator[None]:
        with ExitStack() as held:
            for document_id in sorted(set(document_ids)):
                held.enter_context(self._one((scope.tenant, document_id)))
            yield

    @contextmanager
    def _one(self, key: tuple[str, str]) -> Iterator[None]:
        with self._changing:
            shared = self._shared[key]
            shared.users += 1
        try:
            with shared.lock:
                yield
        finally:
            with self._changing:
                shared.users -= 1
                if not shared.users:
                    del self._shared[key]
