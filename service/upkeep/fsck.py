"""Do the catalogue, the index and the originals agree? What does not is found, and repaired on request.

vectors_without_chunk         in the index and in no live version: no search shows them, they take room
token_vectors_without_chunk   the same in the store of token vectors
chunks_without_vectors        in a live version and not in the index: searches miss them
chunks_without_token_vectors  searches find them, but they are ranked without
torn_versions                 the catalogue has fewer or more chunks of a version than it should
missing_originals             a document or a job needs a file that is gone
unneeded_originals            files that nothing needs, older than a day
lost_jobs                     worked at by nobody, or held by somebody though nobody works at them
unfinished_deletes            documents of which something may be left

It runs beside everything else. A first look compares each tenant's documents by count and checksum, in the
order in which the stores give them; what differs is looked at again under the document's lock, and passed
over while a job of it waits or runs.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from service.blobs import blob_key
from service.catalogue import Documents, Jobs
from service.catalogue.auditing import Auditing
from service.catalogue.database import now
from service.locks import DocumentLocks
from service.records import Finding
from service.store.index import ChunkIndex
from service.types import Scope
from service.upkeep.deletion import Deletion, clear
from service.upkeep.originals import Originals

log = logging.getLogger(__name__)

KINDS = (
    "vectors_without_chunk",
    "token_vectors_without_chunk",
    "chunks_without_vectors",
    "chunks_without_token_vectors",
    "torn_versions",
    "missing_originals",
    "unneeded_originals",
    "lost_jobs",
    "unfinished_deletes",
)
READING = frozenset({"chunks_without_vectors", "chunks_without_token_vectors", "torn_versions"})
"""What is repaired by reading the document in again."""
READ_AGAIN = "reads the document in again"
PUT_IN_AGAIN = "nothing: its original is gone too, put the document in again"
SPARED = timedelta(days=1)
"""The upload that put a file this young may still be writing its job."""

Summary = dict[str, tuple[int, int]]
"""How many chunks each document has, and the exclusive or of their ids."""


@dataclass(frozen=True, slots=True)
class Fsck:
    """The check, over the parts of an engine."""

    auditing: Auditing
    documents: Documents
    jobs: Jobs
    index: ChunkIndex
    originals: Originals
    locks: DocumentLocks
    deletion: Deletion
    counts: dict[str, int]
    """The findings of the last run by kind; empty before the first."""

    def run(self, *, repair: bool = False) -> tuple[Finding, ...]:
        """What is amiss; with `repair` what can be repaired is.

        Raises:
            StoreUnavailable, BlobsUnavailable, CatalogueUnavailable: something cannot be looked at.
        """
        found = [*self._of_jobs(repair), *self._of_deletes(repair)]
        for scope in self.auditing.tenants():
            for document_id in self._differing(scope):
                found += self._of_document(scope, document_id, repair)
        found += [*self._of_originals(repair)]
        self.counts.update(dict.fromkeys(KINDS, 0) | Counter(one.kind for one in found))
        if found:
            log.warning("fsck has findings", extra={"findings": len(found), "repair": repair})
        return tuple(found)

    def _of_jobs(self, repair: bool) -> Iterator[Finding]:
        lost = self.auditing.lost_jobs()
        if lost and repair:
            self.auditing.free_lost_jobs()
        for job in lost:
            mends = "takes it from its owner" if job.owned else "queues it again"
            yield Finding("lost_jobs", job.tenant, f"job {job.id} ({job.state})", mends, repair)

    def _of_deletes(self, repair: bool) -> Iterator[Finding]:
        for purge in self.documents.pending_purges():
            if repair:
                self.deletion.complete(purge)
            what = f"document {purge.document_id}"
            yield Finding("unfinished_deletes", purge.scope.tenant, what, "completes the delete", repair)

    def _differing(self, scope: Scope) -> list[str]:
        """Documents that the catalogue and the index may not have alike."""
        live = summed(self.auditing.live_chunks(scope))
        stores = [summed(self.index.vectors.chunks(scope)), summed(self.index.tokens.chunks(scope))]
        expected = [live, live if self.index.keeps_tokens else {}]
        documents = {*self.auditing.torn(scope)}
        for stored, wanted in zip(stores, expected, strict=True):
            documents |= {one for one in stored.keys() | wanted.keys() if stored.get(one) != wanted.get(one)}
        return sorted(documents)

    def _of_document(self, scope: Scope, document_id: str, repair: bool) -> list[Finding]:
        """What is amiss with one document, seen while nobody changes it."""
        with self.locks.holding(scope, [document_id]):
            epoch = self.jobs.new_epoch() if repair else 0
            if self.auditing.is_coming(scope, document_id):
                return []
            amiss = self._compared(scope, document_id)
            mends = dict.fromkeys(amiss, "removes them")
            if any(kind in READING for kind in amiss):
                again = self._readable(scope, document_id)
                mends |= dict.fromkeys(READING & amiss.keys(), READ_AGAIN if again else PUT_IN_AGAIN)
            if repair:
                self._repair(scope, document_id, epoch, {*mends.values()})
        return [
            Finding(kind, scope.tenant, f"document {document_id}: {count} chunks", mends[kind],
                    repair and mends[kind] != PUT_IN_AGAIN)
            for kind, count in amiss.items()
        ]  # fmt: skip

    def _compared(self, scope: Scope, document_id: str) -> Mapping[str, int]:
        """How many chunks of the document are amiss, by kind."""
        live = {chunk.id for chunk in self.documents.live_chunks(scope, document_id)}
        vectors = self.index.vectors.chunk_ids(scope, document_id)
        tokens = self.index.tokens.chunk_ids(scope, document_id)
        expected = self.documents.live(scope, document_id)
        counts = {
            "vectors_without_chunk": len(vectors - live),
            "token_vectors_without_chunk": len(tokens - live),
            "chunks_without_vectors": len(live - vectors),
            "chunks_without_token_vectors": len(live - tokens) if self.index.keeps_tokens else 0,
            "torn_versions": abs((expected.chunks if expected else 0) - len(live)),
        }
        return {kind: count for kind, count in counts.items() if count}

    def _readable(self, scope: Scope, document_id: str) -> bool:
        job = self.documents.as_job(scope, document_id)
        return job is not None and self.originals.blobs.exists(scope, job.sha256)

    def _repair(self, scope: Scope, document_id: str, epoch: int, mends: set[str]) -> None:
        clear(self.documents, self.index, scope, document_id, epoch)
        job = self.documents.as_job(scope, document_id)
        if READ_AGAIN in mends and job is not None:
            self.jobs.add(scope, [job])

    def _of_originals(self, repair: bool) -> Iterator[Finding]:
        there = {*self.originals.blobs.older_than(now())}
        for scope, sha256 in sorted(
            set(self.documents.needed_files()), key=lambda one: (one[0].tenant, one[1])
        ):
            # Looked at once more: it may have been put, or have ceased to be needed, since the list was made.
            gone = blob_key(scope, sha256) not in there and not self.originals.blobs.exists(scope, sha256)
            if gone and not self.documents.unreferenced(scope, [sha256]):
                what = f"the file with the SHA-256 {sha256}"
                yield Finding("missing_originals", scope.tenant, what, "nothing: put the document in again")
        before = now() - SPARED
        for key in self.originals.unneeded(before):
            yield Finding("unneeded_originals", "", f"the file {key}", "removes it", repair)
        if repair:
            self.originals.sweep(before)


def summed(chunks: Iterable[tuple[str, str]]) -> Summary:
    """Documents as they can be compared without holding the ids of all their chunks."""
    summary: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for document_id, chunk_id in chunks:
        count, checksum = summary[document_id]
        summary[document_id] = count + 1, checksum ^ UUID(chunk_id).int
    return dict(summary)
