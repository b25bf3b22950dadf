"""The story of an ingest: read, plan, embed, store, publish.

    read      load the kept file, parse and chunk it in a child process
    plan      which chunks are new, which stay, which go
    embed     only the new ones, many documents' together
    store     staged where no search sees them, then promoted
    publish   one SQL transaction makes the new versions visible; then the old chunks go

A crash anywhere leaves the job unfinished; the next start queues it again, and every step may be done twice.
What was published already is not published again: `reading.py` sees that the live version is the file's.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from ingestion.plan import plan
from ingestion.reading import IngestParts, ReadJob
from ingestion.types import Plan
from service.catalogue import ClaimedJob, NewVersion
from service.locks import holding_all
from service.records import IngestReport
from service.stopwatch import Stopwatch
from service.storable import storable_part
from service.store.bm25 import sparse_document
from service.store.index import StoredChunks
from service.types import DocumentAttributes, Point, Scalar

CHUNKS_A_SLICE = 64
"""Chunks embedded at a time: small enough to give way to questions between slices."""

CHUNKS_A_STAGE = 512
"""Chunks held before they are staged. They are embedded by length, so a slice has some of every document, and
staging each slice would write every document's few chunks again and again."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Planned:
    """A document on its way into the store: what was read of it, and what must change."""

    read: ReadJob
    plan: Plan
    attributes: DocumentAttributes
    own_metadata: Mapping[str, Scalar]


class Interrupted(Exception):
    """The worker was told to stop between two slices."""


class Ingestor:
    """Carries files that were read (`reading.py`) to the reader's eyes."""

    def __init__(self, parts: IngestParts, stopping: threading.Event) -> None:
        self._parts = parts
        self._stopping = stopping

    def embed(self, reads: Sequence[ReadJob]) -> list[Planned]:
        """Embeds what is new in the files that were read, and stages it where no search sees it.

        Raises:
            Interrupted: the worker is stopping; nothing became visible.
        """
        watch = Stopwatch()
        with watch.stage("plan"):
            planned = [self._plan(read) for read in reads]
        self._parts.jobs.move([read.job.lease for read in reads], "embedding", 0.3)
        self._embed_and_stage(planned, watch)
        return planned

    def publish(self, planned: Sequence[Planned]) -> None:
        """Makes what was staged visible; it may run beside the next `embed`, in a thread of its own."""
        self._parts.jobs.move([one.read.job.lease for one in planned], "storing", 0.9)
        with Stopwatch().stage("store"):
            reports = self._publish(planned)
        self._parts.watch.done(reports)

    def _plan(self, read: ReadJob) -> Planned:
        job, stored = read.job, self._stored(read.job)
        live = self._parts.documents.live_chunks(job.scope, job.document_id) if stored.whole else ()
        planned = plan(stored, live, read.chunks)
        own, warnings = searchable(read.document.metadata)
        attributes = read.labels.over(job.source, own)
        return Planned(_warned(read, warnings), planned, attributes, own)

    def _stored(self, job: ClaimedJob) -> StoredChunks:
        if job.attempts == 1 and self._parts.documents.live(job.scope, job.document_id) is None:
            return StoredChunks()
        return self._parts.index.chunk_ids(job.scope, job.document_id)

    def _embed_and_stage(self, planned: Sequence[Planned], watch: Stopwatch) -> None:
        waiting = [(one, chunk) for one in planned for chunk in one.plan.upsert]
        waiting.sort(key=lambda pair: len(pair[1].indexed_text))
        points: dict[str, list[Point]] = {}
        done = held = 0
        for piece in _slices(waiting, CHUNKS_A_SLICE):
            if self._stopping.is_set():
                raise Interrupted
            self._parts.give_way()
            with watch.stage("embed"):
                encoded = self._parts.embedder.embed_passages([chunk.indexed_text for _, chunk in piece])
            for (one, chunk), found in zip(piece, encoded, strict=True):
                sparse = sparse_document(chunk.indexed_text, chunk.language)
                points.setdefault(one.read.job.id, []).append(
                    Point(chunk.id, found.dense, sparse, found.tokens)
                )
            done, held = done + len(piece), held + len(piece)
            if held >= CHUNKS_A_STAGE:
                self._stage(planned, points)
                self._parts.jobs.move(
                    [one.read.job.lease for one in planned], "embedding", 0.3 + 0.6 * done / len(waiting)
                )
                points, held = {}, 0
        self._stage(planned, points)

    def _stage(self, planned: Sequence[Planned], points: Mapping[str, Sequence[Point]]) -> None:
        """Adds points, by job, to the store.

        A process that was stopped in the middle may have lost a job meanwhile, and the lock of its document
        with it. So it looks again afterwards, and takes back what it has added to a document that is gone.
        """
        with Stopwatch().stage("store"), self._alone(planned):
            jobs = [one.read.job for one in planned if one.read.job.id in points]
            attributes = {one.read.job.id: one.attributes for one in planned}
            there = self._held(jobs)
            for job in there:
                self._parts.index.stage(
                    job.scope, job.document_id, attributes[job.id], points[job.id], job.epoch
                )
            still = self._held(there)
            for job in there:
                if job not in still:
                    added = [point.chunk_id for point in points[job.id]]
                    self._parts.index.discard(job.scope, job.document_id, added, job.epoch)

    def _held(self, jobs: Sequence[ClaimedJob]) -> list[ClaimedJob]:
        held = self._parts.jobs.held([job.lease for job in jobs])
        return [job for job in jobs if job.id in held]

    def _publish(self, planned: Sequence[Planned]) -> dict[str, IngestReport]:
        parts = self._parts
        with self._alone(planned):
            there = parts.jobs.held([one.read.job.lease for one in planned])
            alive = [one for one in planned if one.read.job.id in there]
            for one in alive:
                read, ids = one.read, [chunk.id for chunk in one.read.chunks]
                parts.index.promote(read.job.scope, read.job.document_id, one.attributes, ids, read.job.epoch)
            parts.index.vectors.flush()
            versions = parts.documents.publish(
                [(one.read.job.lease, one.read.job.scope, _version(one)) for one in alive]
            )
            published = [one for one in alive if one.read.job.id in versions]
            for one in published:
                read = one.read
                parts.index.discard(read.job.scope, read.job.document_id, one.plan.delete, read.job.epoch)
            reports = {
                one.read.job.id: dataclasses.replace(_report(one), version=versions[one.read.job.id])
                for one in published
            }
            parts.jobs.finish({one.read.job.lease: reports[one.read.job.id] for one in published})
        for one in published:
            if versions[one.read.job.id] > 1:
                self._forget_older_files(one.read.job)
        return reports

    def _forget_older_files(self, job: ClaimedJob) -> None:
        """A file is kept while a live version or a waiting job needs it."""
        superseded = self._parts.documents.superseded_files(job.scope, job.document_id)
        self._parts.originals.forget(job.scope, superseded)

    def _alone(self, planned: Sequence[Planned]) -> AbstractContextManager[None]:
        """Nobody else changes these documents while the block runs."""
        jobs = [one.read.job for one in planned]
        return holding_all(self._parts.locks, [(job.scope, job.document_id) for job in jobs])


def searchable(metadata: Mapping[str, Scalar]) -> tuple[dict[str, Scalar], tuple[str, ...]]:
    """What can be held of a document's own metadata, and a warning for each value that cannot.

    Names become such as can be searched: other characters become `_`.
    """
    renamed = {
        re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:64]: value for name, value in metadata.items()
    }
    return storable_part({name: value for name, value in renamed.items() if name})


def _warned(read: ReadJob, warnings: tuple[str, ...]) -> ReadJob:
    receipt = read.document.receipt
    receipt = dataclasses.replace(receipt, warnings=(*receipt.warnings, *warnings))
    return dataclasses.replace(read, document=dataclasses.replace(read.document, receipt=receipt))


def _version(one: Planned) -> NewVersion:
    job, document = one.read.job, one.read.document
    return NewVersion(
        document_id=job.document_id,
        source=job.source,
        title=document.title,
        filename=job.filename,
        media_type=one.read.raw.media_type,
        size_bytes=job.size_bytes,
        language=document.language,
        sha256=job.sha256,
        made_by=one.read.made_by,
        text=document.text,
        report=_report(one),
        chunks=one.read.chunks,
        external_id=document.external_id,
        own_metadata=one.own_metadata,
        labels=one.read.labels,
    )


def _report(one: Planned) -> IngestReport:
    return IngestReport(
        document_id=one.read.job.document_id,
        chunks=len(one.read.chunks),
        embedded=len(one.plan.upsert),
        kept=len(one.plan.keep),
        deleted=len(one.plan.delete),
        receipt=dataclasses.asdict(one.read.document.receipt),
    )


def _slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
