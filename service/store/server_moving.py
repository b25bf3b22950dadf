"""A collection of a Qdrant server from which vectors are moved, or to which: as they are, with no model."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from qdrant_client import models

from service.store.restrictions import AllOf, of_document, of_tenant
from service.store.server import POINTS_A_WRITE, ServerStore
from service.types import Scope

MARKED = ("document", "epoch", "live")


class MovableStore(ServerStore):
    """The store on one collection, with what a move needs beside."""

    def exists(self) -> bool:
        """Whether the collection is there."""
        return self._ask(lambda: self._client.collection_exists(self._collection))

    def marks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Of every chunk of the tenant its document, and a mark that is the same where its id and state are.

        Labels follow the epoch, so where that is the same they are.
        """
        return self._marks(of_tenant(scope))

    def marks_of(self, scope: Scope, document_id: str) -> frozenset[str]:
        """The marks of a document's chunks."""
        return frozenset(mark for _, mark in self._marks(of_document(scope, document_id)))

    def _marks(self, which: AllOf) -> Iterator[tuple[str, str]]:
        for record in self._records(which, list(MARKED)):
            payload = record.payload or {}
            said = f"{record.id} {payload.get('epoch')} {payload.get('live')}"
            mark = hashlib.blake2b(said.encode(), digest_size=16).digest()
            yield str(payload["document"]), str(UUID(bytes=mark))

    def take_over(self, scope: Scope, document_id: str, source: MovableStore) -> None:
        """Takes every point of the document as it is there, unless this has one of a higher epoch."""
        by_epoch: defaultdict[int, list[models.PointStruct]] = defaultdict(list)
        for record in source._whole(of_document(scope, document_id)):
            payload = record.payload or {}
            # A server gives vectors as they are put, but for the types that say so.
            point = models.PointStruct(id=record.id, payload=payload, vector=record.vector or {})
            epoch = int(payload.get("epoch") or 0)
            by_epoch[epoch].append(point)
            if len(by_epoch[epoch]) == POINTS_A_WRITE:
                self._upsert(by_epoch.pop(epoch), epoch)
        for epoch, points in by_epoch.items():
            self._upsert(points, epoch)

    def _whole(self, which: AllOf) -> Iterator[models.Record]:
        return self._records(which, fields=True, vectors=True)

    def remove_tenant(self, scope: Scope) -> int:
        """Removes whatever there is of the tenant; how many chunks are left, by another count."""
        self._ask(lambda: self._delete(of_tenant(scope)))
        return self.count(scope)
