"""A delete and its proof: what was removed from each place, what a count found there afterwards, signed.

First one transaction makes the document invisible and notes that the rest must go. Then vectors, token
vectors and originals go, everything is counted again, and the receipt is kept in the transaction that strikes
the note out. Cut off anywhere in between, the delete is completed by `maintenance.py`, with the receipt that
it owes.
"""

from __future__ import annotations

from typing import Protocol

from service.catalogue import Documents, Jobs
from service.catalogue.database import now
from service.catalogue.documents import Purge
from service.errors import StoreUnavailable
from service.locks import DocumentLocks
from service.records import DeletionReceipt
from service.store.index import ChunkIndex
from service.types import Scope
from service.upkeep.originals import Originals
from service.upkeep.receipts import Signer


class CachedAnswers(Protocol):
    """The answers that may be given again."""

    def drop_answers(self, scope: Scope) -> int | None:
        """Removes all of the scope's tenant; how many there were, None if that has to wait."""
        ...

    def count_quoting(self, scope: Scope, document_id: str) -> int | None:
        """How many of the scope's tenant name the document, None if nobody can tell now."""
        ...


class Deletion:
    """Removes documents everywhere; safe to use from any thread."""

    def __init__(
        self,
        documents: Documents,
        jobs: Jobs,
        index: ChunkIndex,
        originals: Originals,
        locks: DocumentLocks,
        signer: Signer,
        cached: CachedAnswers,
    ) -> None:
        self._documents = documents
        self._jobs = jobs
        self._index = index
        self._originals = originals
        self._locks = locks
        self.signer = signer
        self._cached = cached

    def delete(self, scope: Scope, document_id: str, source: str) -> DeletionReceipt:
        """Removes the document, its uploads and the answers that quoted it; the receipt is kept and returned.

        Raises:
            StoreUnavailable: something is left, or may be; it is completed later.
        """
        with self._locks.holding(scope, [document_id]):
            there = self._index.count(scope, document_id)
            purge, epoch = self._documents.delete(scope, document_id, there)  # from here on nobody sees it
            self._index.delete_document(scope, document_id, epoch)
            return self._prove(purge, source)

    def complete(self, purge: Purge) -> None:
        """Completes a delete that was cut off, unless a job of the document is under way: then next time.

        The document may have been put in again since: what its live version needs stays, and as there is
        something of it again, no receipt says that there is nothing.
        """
        scope, document_id = purge.scope, purge.document_id
        with self._locks.holding(scope, [document_id]):
            epoch = self._jobs.new_epoch()
            if self._jobs.under_way(scope, document_id):
                return  # what it has staged is not the deleted document's
            if self._documents.live(scope, document_id):
                clear(self._documents, self._index, scope, document_id, epoch)
            else:
                self._index.delete_document(scope, document_id, epoch)
            if purge.removed is None or any(self._documents.count(scope, document_id).values()):
                self._originals.forget(scope, purge.files)
                self._documents.purged(document_id)
            else:
                self._prove(purge, source="")

    def _prove(self, purge: Purge, source: str) -> DeletionReceipt:
        """Removes the files and counts everything again; the receipt says that nothing was found."""
        scope, document_id = purge.scope, purge.document_id
        files = self._originals.forget(scope, purge.files)
        removed = {**(purge.removed or {}), "files": files.removed}
        remaining = {
            **self._documents.count(scope, document_id),
            **self._index.count(scope, document_id),
            "files": files.remaining,
        }
        dropped = self._cached.drop_answers(scope)
        left = self._cached.count_quoting(scope, document_id)
        if dropped is not None and left is not None:  # else nothing can be said of them
            removed["cached_answers"], remaining["cached_answers"] = dropped, left
        if any(remaining.values()):
            raise StoreUnavailable(f"the delete of {document_id} is not complete: {remaining} remain")
        moment = now()
        signed = self.signer.receipt(scope, document_id, moment, removed, remaining)
        self._documents.proved(scope, document_id, signed)
        return DeletionReceipt(document_id, source, moment, removed, remaining, signed)


def clear(documents: Documents, index: ChunkIndex, scope: Scope, document_id: str, epoch: int) -> list[str]:
    """Removes what the live version does not need; the ids of the chunks that it does.

    `epoch` was taken before, so that what a job has written since stays.
    """
    kept = [chunk.id for chunk in documents.live_chunks(scope, document_id)]
    left = sorted(index.chunk_ids(scope, document_id).found.difference(kept))
    index.discard(scope, document_id, left, epoch)
    return kept


def take_back(
    documents: Documents, index: ChunkIndex, scope: Scope, document_id: str, source: str, epoch: int
) -> None:
    """Takes back what a job that did not end has staged or promoted; the live version is found as before."""
    live = documents.live(scope, document_id)
    kept = clear(documents, index, scope, document_id, epoch)
    if live:
        attributes = live.labels.over(source, live.own_metadata)
        index.promote(scope, document_id, attributes, kept, epoch)
