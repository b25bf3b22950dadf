"""What is done again and again, whoever else works: deletes are completed, and what is past its time goes.

Each piece may be done twice, cut off anywhere, and beside uploads, ingests and deletes. One process at a time
does it: the embedded one always, of many the one that leads.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from service.background import repeating
from service.catalogue import Documents, Expiry
from service.catalogue.database import now
from service.deletion import Deletion
from service.errors import BlobsUnavailable
from service.fsck import Fsck
from service.originals import Originals

log = logging.getLogger(__name__)

DELETES_EVERY_S = 60.0
TIDY_EVERY_S = 3600.0
"""The periods after which things expire are days and hours."""
CHECK_EVERY_S = 3600.0

SPARED = timedelta(days=1)
"""A file this young is never swept: the upload that put it may still be writing its job."""

EVERYTHING = datetime.max.replace(tzinfo=UTC)


class Maintenance:
    """Completes and tidies."""

    def __init__(
        self, documents: Documents, deletion: Deletion, originals: Originals, expiry: Expiry, fsck: Fsck
    ) -> None:
        self._documents = documents
        self._deletion = deletion
        self._originals = originals
        self._expiry = expiry
        self._fsck = fsck

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
            threads.enter_context(repeating(self.complete_deletes, DELETES_EVERY_S, "completing deletes"))
            threads.enter_context(repeating(self.tidy, TIDY_EVERY_S, "tidying up"))
            threads.enter_context(repeating(self._fsck.run, CHECK_EVERY_S, "checking"))
            yield

    def complete_deletes(self) -> None:
        """Completes deletes that were cut off after their transaction."""
        for purge in self._documents.pending_purges():
            self._deletion.complete(purge)

    def tidy(self) -> None:
        """Removes what is past its time, and originals that nothing needs."""
        self._expiry.remove_expired(now())
        self._originals.sweep(now() - SPARED)
