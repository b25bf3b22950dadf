"""What is done again and again, whoever else works: deletes are completed, and what is past its time goes.

Each piece may be done twice, cut off anywhere, and beside uploads, ingests and deletes. One process at a time
does it: the embedded one always, of many the one that leads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from service.background import repeating
from service.catalogue import Documents, Expiry, Jobs, next_epoch
from service.catalogue.database import now
from service.errors import BlobsUnavailable
from service.locks import DocumentLocks
from service.originals import Originals
from service.store.index import ChunkIndex
from service.types import Scope

log = logging.getLogger(__name__)

DELETES_EVERY_S = 60.0
TIDY_EVERY_S = 3600.0
"""The periods after which things expire are days and hours."""

SPARED = timedelta(days=1)
"""A file this young is never swept: the upload that put it may still be writing its job."""

EVERYTHING = datetime.max.replace(tzinfo=UTC)


class Maintenance:
    """Completes and tidies."""

    def __init__(
        self,
        documents: Documents,
        jobs: Jobs,
        index: ChunkIndex,
        originals: Originals,
        expiry: Expiry,
        locks: DocumentLocks,
    ) -> None:
        self._documents = documents
        self._jobs = jobs
        self._index = index
        self._originals = originals
        self._expiry = expiry
        self._locks = locks
        self._pieces: list[tuple[Callable[[], object], float, str]] = [
            (self.complete_deletes, DELETES_EVERY_S, "completing deletes"),
            (self.tidy, TIDY_EVERY_S, "tidying up"),
        ]

    def include(self, work: Callable[[], object], every_s: float, name: str) -> None:
        """Adds a piece, before `running`."""
        self._pieces.append((work, every_s, name))

    def at_start(self) -> None:
        """All of it, while nothing else goes on: no upload is about to need a file that nothing needs now."""
        self.complete_deletes()
        self._expiry.remove_expired(now())
        try:
            self._originals.sweep(EVERYTHING)
        except BlobsUnavailable as error:  # questions are answered without the originals
            log.warning("originals that nothing needs are removed later: %s", error)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Each piece in its time, in threads of its own, until the block ends."""
        with ExitStack() as threads:
            for piece in self._pieces:
                threads.enter_context(repeating(*piece))
            yield

    def complete_deletes(self) -> None:
        """Removes the vectors of deletes that were cut off after their transaction."""
        for scope, document_id in self._documents.pending_purges():
            with self._locks.holding(scope, [document_id]):
                # What a job under way has staged is not the deleted document's; it is for the next turn.
                if not self._jobs.under_way(scope, document_id):
                    self._purge(scope, document_id)

    def _purge(self, scope: Scope, document_id: str) -> None:
        """The document may have been put in again since: what its live version needs stays."""
        if live := self._documents.live(scope, document_id):
            needed = [chunk.id for chunk in self._documents.live_chunks(scope, document_id)]
            dead = self._index.chunk_ids(scope, document_id).found.difference(needed)
            self._index.discard(scope, document_id, sorted(dead), next_epoch(live))
        else:
            self._index.delete_document(scope, document_id)
        self._documents.purged(document_id)

    def tidy(self) -> None:
        """Removes what is past its time, and originals that nothing needs."""
        self._expiry.remove_expired(now())
        self._originals.sweep(now() - SPARED)
