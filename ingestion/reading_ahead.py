"""Jobs are taken and their files read by several threads, while what was read before is embedded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ingestion.aftermath import Aftermath
from ingestion.reading import FileReader, IngestParts, ReadJob
from service.catalogue import ClaimedJob
from service.disk import ensure_room

JOBS_A_BATCH = 64
BYTES_A_BATCH = 8 * 1024 * 1024
PATIENCE_S = 1.0
"""How long what is read waits for the rest of its batch: a slow file is left behind for a later one."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that were taken, and those of them whose files were read; the others have ended."""

    jobs: list[ClaimedJob]
    reads: list[ReadJob]

    @property
    def alone(self) -> bool:
        """Whether nothing else may be under way beside it."""
        return any(job.alone for job in self.jobs)


class ReadingAhead:
    """Gives one batch after another; what is being read at once is bounded as one batch is."""

    def __init__(
        self,
        parts: IngestParts,
        files: FileReader,
        threads: ThreadPoolExecutor,
        aftermath: Aftermath,
        stopping: threading.Event,
    ) -> None:
        self._parts = parts
        self._files = files
        self._threads = threads
        self._aftermath = aftermath
        self._stopping = stopping
        self._reading: dict[Future[ReadJob | None], ClaimedJob] = {}

    def next(self, *, alone: bool) -> Batch | None:
        """The files that were read, at least one job's; None when there is nothing to take now.

        `alone`: the caller has nothing else under way, so a job that must be alone may be taken.
        """
        try:
            self._take(alone=alone and not self._reading)
        except Exception as error:  # a queue that is away for a moment must not end the worker
            self._aftermath.stalled(error)
        if not self._reading:
            return None
        ended = wait(self._reading, PATIENCE_S).done or wait(self._reading, None, FIRST_COMPLETED).done
        jobs = {future: self._reading.pop(future) for future in ended}
        reads = [future.result() for future in jobs]
        return Batch(list(jobs.values()), [read for read in reads if read is not None])

    def left(self) -> Sequence[ClaimedJob]:
        """The jobs whose files were read and not given out; the caller has stopped."""
        return [job for future, job in self._reading.items() if future.result() is not None]

    def _take(self, *, alone: bool) -> None:
        settings = self._parts.settings
        ensure_room(settings.data_dir, settings.store.min_free_bytes)
        self._aftermath.settle()
        self._parts.documents.check_index()
        jobs = JOBS_A_BATCH - len(self._reading)
        size = BYTES_A_BATCH - sum(job.size_bytes for job in self._reading.values())
        if jobs > 0 and size > 0:
            taken = self._parts.jobs.claim(jobs, size, alone=alone)
            self._reading |= {self._threads.submit(self._read, job): job for job in taken}
        if alone and not self._reading:
            self._aftermath.moved()  # nothing waits, so nothing stalls

    def _read(self, job: ClaimedJob) -> ReadJob | None:
        try:
            if not self._stopping.is_set():
                with self._parts.watch.over([job]):
                    return self._files.read(job)
        except Exception as error:
            if not self._stopping.is_set():
                self._aftermath.went_wrong([job], error)
                return None
        # Stopping kills the parsers: that says nothing of the file.
        self._aftermath.put_back([job], suspected=False)
        return None
