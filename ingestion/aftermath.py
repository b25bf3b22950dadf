"""What becomes of jobs that were taken and could not be done.

A kill from outside, a full disk or another file's crash is no document's fault. So a job fails for good only
if it was alone each time something went wrong, and that `MAX_STRIKES` times; until then it is queued again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from ingestion.watching import IngestWatch
from service.catalogue import ClaimedJob, Jobs, Lease
from service.errors import (
    BlobsUnavailable,
    CatalogueUnavailable,
    FootnoteError,
    IndexChanging,
    IndexMismatch,
    ParseCrashed,
    StorageFull,
    StoreDamaged,
    StoreUnreachable,
    Unavailable,
)
from service.health.stall import Stall

log = logging.getLogger(__name__)

MAX_STRIKES = 3
NOBODYS_FAULT = (
    BlobsUnavailable,
    CatalogueUnavailable,
    IndexChanging,
    IndexMismatch,
    StorageFull,
    StoreDamaged,
    StoreUnreachable,
)
"""No job could go on: they are put back as they were, and the queue stalls."""


class Aftermath:
    """Puts jobs back or fails them; safe to use from several threads.

    Args:
        jobs: the queue.
        stall: where it is told why the queue does not move.
        fail: fails a job for good, undoing what it has left in the store.
        watch: what notes the jobs.
    """

    def __init__(
        self,
        jobs: Jobs,
        stall: Stall,
        fail: Callable[[ClaimedJob, FootnoteError], None],
        watch: IngestWatch,
    ) -> None:
        self._jobs = jobs
        self._stall = stall
        self._fail = fail
        self._watch = watch
        self._owed: dict[Lease, bool] = {}
        """Jobs that could not be put back, because the queue itself could not be written."""
        self._lock = threading.Lock()
        self.stalls = 0
        """How often in a row no job could go on."""

    def went_wrong(self, jobs: Sequence[ClaimedJob], error: Exception) -> None:
        """Something went wrong while these jobs were under way together."""
        log.error("%d jobs could not go on", len(jobs), exc_info=error)
        if isinstance(error, NOBODYS_FAULT):
            self.stalled(error)
            self.put_back(jobs, suspected=False)
        elif len(jobs) == 1 and jobs[0].alone and jobs[0].strikes + 1 >= MAX_STRIKES:
            self._give_up(jobs[0], error)
        else:
            self.put_back(jobs, suspected=True)

    def put_back(self, jobs: Sequence[ClaimedJob], *, suspected: bool) -> None:
        """Queues jobs again, now or as soon as the queue can be written."""
        self._watch.put_back([job.id for job in jobs])
        with self._lock:
            self._owed.update((job.lease, suspected) for job in jobs)
        try:
            self.settle()
        except Exception as error:  # the jobs stay owed
            self.stalled(error)

    def settle(self) -> None:
        """Puts back what is owed."""
        with self._lock:
            for suspected in (True, False):
                leases = [lease for lease, one in self._owed.items() if one is suspected]
                if leases:
                    self._jobs.release(leases, suspected=suspected)
                for lease in leases:
                    del self._owed[lease]

    @property
    def owes(self) -> bool:
        """Whether jobs still have to be put back."""
        return bool(self._owed)

    def stalled(self, error: Exception) -> None:
        """No job can go on now."""
        log.error("the queue stalls", exc_info=error)
        self.stalls += 1
        self._stall.error = (
            error
            if isinstance(error, FootnoteError)
            else Unavailable(f"the queue cannot go on ({type(error).__name__})", hint="the log has the cause")
        )

    @property
    def reason(self) -> FootnoteError:
        """Why the queue stalled last."""
        return self._stall.error or Unavailable("the queue stalled")

    def moved(self) -> None:
        """Jobs went on."""
        self.stalls, self._stall.error = 0, None

    def _give_up(self, job: ClaimedJob, error: Exception) -> None:
        ours = error if isinstance(error, FootnoteError) else _unforeseen(error)
        try:
            self._fail(job, ours)
        except Exception as worse:
            self.stalled(worse)
            self.put_back([job], suspected=False)


def _unforeseen(error: Exception) -> FootnoteError:
    return ParseCrashed(f"reading it in failed {MAX_STRIKES} times ({type(error).__name__})")
