"""What is done again and again, whoever else works: deletes are completed, and what is past its time goes.

Each piece may be done twice, cut off anywhere, and beside uploads, ingests and deletes. One process at a time
does it: the embedded one always, of many the one that leads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from service.background import repeating
from service.catalogue import Documents, Expiry, Jobs
from service.catalogue.database import now
from service.errors import BlobsUnavailable
from service.upkeep.deletion import Deletion
from service.upkeep.fsck import Fsck
from service.upkeep.originals import Originals

log = logging.getLogger(__name__)

DELETES_EVERY_S = 60.0
EXPIRED_EVERY_S = 60.0
"""Workers queue each other's lost jobs again when they ask for work; this is for when none is there."""
TIDY_EVERY_S = 3600.0
"""The periods after which things expire are days and hours."""
CHECK_EVERY_S = 3600.0

SPARED = timedelta(days=1)
"""A file this young is never swept: the upload that put it may still be writing its job."""

EVERYTHING = datetime.max.replace(tzinfo=UTC)


class Maintenance:
    """Completes and tidies.

    Args:
        leads: whether this process is the one that does so now; asked before each turn.
    """

    def __init__(
        self,
        documents: Documents,
        jobs: Jobs,
        deletion: Deletion,
        originals: Originals,
        expiry: Expiry,
        fsck: Fsck,
        leads: Callable[[], bool],
    ) -> None:
        self._documents = documents
        self._jobs = jobs
        self._deletion = deletion
        self._originals = originals
        self._expiry = expiry
        self._fsck = fsck
        self._leads = leads
        self._pieces: list[tuple[Callable[[], object], float, str]] = [
            (self.complete_deletes, DELETES_EVERY_S, "completing deletes"),
            (jobs.requeue_expired, EXPIRED_EVERY_S, "queueing again what was lost"),
            (self.tidy, TIDY_EVERY_S, "tidying up"),
            (fsck.run, CHECK_EVERY_S, "checking"),
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
            for work, every_s, name in self._pieces:
                threads.enter_context(repeating(partial(self.if_leading, work), every_s, name))
            yield

    def if_leading(self, work: Callable[[], object]) -> None:
        """Does it if this process is the one that does such work now."""
        if self._leads():
            work()

    def complete_deletes(self) -> None:
        """Completes deletes that were cut off after their transaction."""
        for purge in self._documents.pending_purges():
            self._deletion.complete(purge)

    def tidy(self) -> None:
        """Removes what is past its time, and originals that nothing needs."""
        self._expiry.remove_expired(now())
        self._originals.sweep(now() - SPARED)
