"""The worker: takes jobs from the queue, and reads one batch while it embeds another and publishes a third.

`run_until_idle` and `run_forever` are two exits of one loop.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from ingestion.aftermath import Aftermath
from ingestion.ingest import Ingestor, Interrupted, Planned
from ingestion.reading import FileReader, IngestParts, Parsers
from ingestion.reading_ahead import Batch, ReadingAhead
from ingestion.sandbox import ParserPool
from ingestion.watching import IngestWatch
from service.background import repeating
from service.catalogue import ClaimedJob
from service.local_engine import LocalEngine
from service.metrics.ingests import IngestMetrics
from service.settings import ParseSettings
from service.sharing.waking import Waker

log = logging.getLogger(__name__)

WAIT_S = 5.0
"""How long to sleep at most without a sign of new work: a lost signal, a stall, or what a worker that died
has left. That is taken up again within two leases, so a short lease makes the sleep shorter."""
MAX_STALLS = 3
"""In a row; then `run_until_idle` ends with the reason."""

OpenParsers = Callable[[ParseSettings], Parsers]
"""Opens what files are parsed with; a worker opens its own when it runs and closes it when it ends."""


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Jobs that were taken, and those of them that are embedded and staged."""

    jobs: list[ClaimedJob]
    planned: list[Planned]


class Worker:
    """One worker of this process.

    Args:
        parts: what an ingest works with.
        wake: set whenever jobs were added.
        open_parsers: opens what files are parsed with.
    """

    def __init__(self, parts: IngestParts, wake: Waker, open_parsers: OpenParsers) -> None:
        self._parts = parts
        self._wake = wake
        self._open_parsers = open_parsers
        self._stopping = threading.Event()
        self._parsers: Parsers | None = None

    def run_forever(self) -> None:
        """Works until `stop`; what is under way then is finished by the next start."""
        self._run(until_idle=False)

    def run_until_idle(self) -> None:
        """Works until the queue is empty, or `stop`.

        Raises:
            FootnoteError: no job can go on, and that is no document's fault (`StorageFull`, ...).
        """
        self._run(until_idle=True)

    def stop(self) -> None:
        """Ends the loop after the slice at hand; safe to call from any thread."""
        self._stopping.set()
        self._wake.set()
        if self._parsers is not None:
            self._parsers.close()  # ends a parse that is under way; its job is queued again

    def _run(self, *, until_idle: bool) -> None:
        settings = self._parts.settings
        with (
            closing(self._open_parsers(settings.parse)) as parsers,
            ThreadPoolExecutor(settings.parse.processes) as readers,
            repeating(self._parts.jobs.renew, settings.catalogue.lease_s / 3, "keeping documents under way"),
        ):
            self._parsers = parsers
            log.info("the worker takes documents from the queue")
            files = FileReader(self._parts, parsers)
            aftermath = Aftermath(self._parts.jobs, self._parts.stall, files.fail, self._parts.watch)
            ahead = ReadingAhead(self._parts, files, readers, aftermath, self._stopping)
            self._loop(ahead, aftermath, until_idle=until_idle)
            aftermath.put_back(ahead.left(), suspected=False)

    def _loop(self, ahead: ReadingAhead, aftermath: Aftermath, *, until_idle: bool) -> None:
        ingestor = Ingestor(self._parts, self._stopping)
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as publisher:
            coming, idle = reader.submit(ahead.next, alone=True), True
            going = publisher.submit(self._publish, ingestor, aftermath, _Embedded([], []))
            while not self._stopping.is_set():
                batch = coming.result()
                reads_on = batch is not None and not batch.alone and not aftermath.stalls
                if reads_on:
                    coming = reader.submit(ahead.next, alone=False)
                if batch is not None:
                    embedded = self._embed(ingestor, aftermath, batch)
                    going.result()  # one batch waits at most, so that memory is bounded
                    going = publisher.submit(self._publish, ingestor, aftermath, embedded)
                if not reads_on:
                    going.result()  # now nothing is under way
                    if not self._goes_on(
                        aftermath, found=batch is not None, idle=idle, until_idle=until_idle
                    ):
                        return
                    coming = reader.submit(ahead.next, alone=True)
                idle = not reads_on
            if (batch := coming.result()) is not None:
                aftermath.put_back(batch.jobs, suspected=False)

    def _goes_on(self, aftermath: Aftermath, *, found: bool, idle: bool, until_idle: bool) -> bool:
        """Whether there is more to do, once there is; called with nothing under way.

        `found`: there was a batch; `idle`: nothing was under way when it was asked for, so that none means
        none at all.
        """
        if until_idle:
            if aftermath.stalls >= MAX_STALLS:
                raise aftermath.reason
            # Asked again, because the last write may have put jobs back.
            return found or aftermath.stalls > 0 or aftermath.owes or self._parts.jobs.waiting()
        if aftermath.stalls or (idle and not found):
            self._wake.wait(min(WAIT_S, self._parts.settings.catalogue.lease_s / 2))
            self._wake.clear()
        return True

    def _embed(self, ingestor: Ingestor, aftermath: Aftermath, batch: Batch) -> _Embedded:
        """Embeds what was read; whatever goes wrong, the worker goes on."""
        jobs = [read.job for read in batch.reads]
        try:
            with self._parts.watch.over(jobs):
                return _Embedded(jobs, ingestor.embed(batch.reads) if batch.reads else [])
        except Interrupted:
            aftermath.put_back(jobs, suspected=False)
        except Exception as error:
            aftermath.went_wrong(jobs, error)
        return _Embedded([], [])

    def _publish(self, ingestor: Ingestor, aftermath: Aftermath, batch: _Embedded) -> None:
        try:
            if batch.planned:
                with self._parts.watch.over(batch.jobs):
                    ingestor.publish(batch.planned)
                aftermath.moved()
        except Exception as error:
            aftermath.went_wrong(batch.jobs, error)


def worker_for(
    engine: LocalEngine, open_parsers: OpenParsers = ParserPool, metrics: IngestMetrics | None = None
) -> Worker:
    """The worker of this process over the engine's parts; files are parsed in child processes."""
    parts = IngestParts(
        settings=engine.settings,
        documents=engine.versions,
        jobs=engine.jobs,
        originals=engine.originals,
        index=engine.index,
        embedder=engine.pipeline.embedder,
        locks=engine.locks,
        give_way=engine.gate.give_way,
        stall=engine.stall,
        watch=IngestWatch(engine.tracing, metrics),
    )
    return Worker(parts, engine.wake, open_parsers)
