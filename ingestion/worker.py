"""The worker: takes jobs from the queue, and reads one batch while it embeds another and publishes a third.

`run_until_idle` and `run_forever` are two exits of one loop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from ingestion.ingest import Ingestor, Interrupted, Planned
from ingestion.reading import FileReader, IngestParts, Parsers, ReadJob
from ingestion.sandbox import ParserPool
from service.catalogue import ClaimedJob
from service.local_engine import LocalEngine
from service.settings import ParseSettings

log = logging.getLogger(__name__)

JOBS_A_BATCH = 64
BYTES_A_BATCH = 8 * 1024 * 1024
WAIT_S = 5.0
"""How long to sleep without a sign of new work; only a lost signal ever makes it matter."""


OpenParsers = Callable[[ParseSettings], Parsers]
"""Opens what files are parsed with; a worker opens its own when it runs and closes it when it ends."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Jobs that were taken, and those of them whose files were read."""

    jobs: list[ClaimedJob]
    reads: list[ReadJob]


@dataclass(frozen=True, slots=True)
class _Embedded:
    """The same, embedded and staged."""

    jobs: list[ClaimedJob]
    planned: list[Planned]


class Worker:
    """One worker of this process.

    Args:
        parts: what an ingest works with.
        wake: set whenever jobs were added.
        open_parsers: opens what files are parsed with.
    """

    def __init__(self, parts: IngestParts, wake: threading.Event, open_parsers: OpenParsers) -> None:
        self._parts = parts
        self._wake = wake
        self._open_parsers = open_parsers
        self._stopping = threading.Event()
        self._parsers: Parsers | None = None

    def run_forever(self) -> None:
        """Works until `stop`; what is under way then is finished by the next start."""
        self._run(until_idle=False)

    def run_until_idle(self) -> None:
        """Works until the queue is empty, or `stop`."""
        self._run(until_idle=True)

    def stop(self) -> None:
        """Ends the loop after the slice at hand; safe to call from any thread."""
        self._stopping.set()
        self._wake.set()
        if self._parsers is not None:
            self._parsers.close()  # ends a parse that is under way; its job is queued again

    def _run(self, *, until_idle: bool) -> None:
        with (
            closing(self._open_parsers(self._parts.settings.parse)) as parsers,
            ThreadPoolExecutor(1) as reader,
            ThreadPoolExecutor(1) as publisher,
        ):
            self._parsers = parsers
            files = FileReader(self._parts, parsers, self._stopping)
            ingestor = Ingestor(self._parts, self._stopping)
            coming = reader.submit(self._read_next, files)
            going = publisher.submit(self._publish, ingestor, _Embedded([], []))
            while not self._stopping.is_set():
                batch = coming.result()
                if batch is None:
                    going.result()
                if batch is None and until_idle and not self._parts.jobs.waiting():
                    return  # asked again, because the last write may have put its jobs back
                if batch is None and not until_idle:
                    self._wake.wait(WAIT_S)
                    self._wake.clear()
                coming = reader.submit(self._read_next, files)
                if batch is not None:
                    embedded = self._embed(ingestor, batch)
                    going.result()  # one batch waits at most, so that memory is bounded
                    going = publisher.submit(self._publish, ingestor, embedded)
            if (batch := coming.result()) is not None:
                self._put_back(batch.jobs, counted=False)

    def _read_next(self, files: FileReader) -> _Batch | None:
        """The next batch of files, read; None when nothing can be taken now."""
        try:
            jobs = self._parts.jobs.claim(JOBS_A_BATCH, BYTES_A_BATCH)
        except Exception:  # a catalogue that is away for a moment must not end the worker
            log.exception("no jobs can be taken from the queue")
            return None
        if not jobs:
            return None
        reads = [self._read(files, job) for job in jobs if not self._stopping.is_set()]
        return _Batch(jobs, [read for read in reads if read is not None])

    def _read(self, files: FileReader, job: ClaimedJob) -> ReadJob | None:
        try:
            return files.read(job)
        except Exception:  # even its failure could not be noted
            log.exception("reading a document failed, its job is queued again", extra={"job": job.id})
            self._put_back([job], counted=True)
            return None

    def _embed(self, ingestor: Ingestor, batch: _Batch) -> _Embedded:
        """Embeds what was read; whatever goes wrong, the jobs go back and the worker goes on."""
        try:
            return _Embedded(batch.jobs, ingestor.embed(batch.reads) if batch.reads else [])
        except Interrupted:
            self._put_back(batch.jobs, counted=False)
        except Exception:
            log.exception("embedding a batch of documents failed, its jobs are queued again")
            self._put_back(batch.jobs, counted=True)
        return _Embedded([], [])

    def _publish(self, ingestor: Ingestor, batch: _Embedded) -> None:
        try:
            if batch.planned:
                ingestor.publish(batch.planned)
            self._wake.set()  # newer uploads of these documents have waited for this
        except Exception:
            log.exception("publishing a batch of documents failed, its jobs are queued again")
            self._put_back(batch.jobs, counted=True)

    def _put_back(self, jobs: Sequence[ClaimedJob], *, counted: bool) -> None:
        try:
            self._parts.jobs.release([job.id for job in jobs], counted=counted)
        except Exception:
            log.exception("jobs could not be put back, the next start will do it")


def worker_for(engine: LocalEngine, open_parsers: OpenParsers = ParserPool) -> Worker:
    """The worker of this process over the engine's parts; files are parsed in child processes."""
    parts = IngestParts(
        settings=engine.settings,
        documents=engine.versions,
        jobs=engine.jobs,
        files=engine.files,
        store=engine.store,
        embedder=engine.pipeline.embedder,
        deleting=engine.deleting,
        give_way=engine.gate.give_way,
    )
    return Worker(parts, engine.wake, open_parsers)
