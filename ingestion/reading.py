"""The first half of an ingest: a job's kept file is loaded, then parsed and chunked in a child process.

A job may also end here: unchanged, failed, or divided into one job for each record of its file.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Protocol

from ingestion.aftermath import MAX_STRIKES
from ingestion.load import RECORDS, LoadFailure, iter_records, load_bytes
from ingestion.sandbox import ChunkJob
from ingestion.types import Document, RawFile
from ingestion.watching import IngestWatch
from service.catalogue import (
    ClaimedJob,
    Documents,
    Jobs,
    Labels,
    Live,
    NewJob,
    check_quotas,
    document_id,
)
from service.disk import no_room
from service.embed import Embedder
from service.errors import CorruptFile, FootnoteError, LeaseLost, ParseCrashed, Unavailable
from service.health.stall import Stall
from service.locks import DocumentLocks
from service.records import Failure, IngestReport, RefusedRecord
from service.settings import Settings
from service.stopwatch import Stopwatch
from service.store.index import ChunkIndex
from service.types import Chunk
from service.upkeep.deletion import clear, take_back
from service.upkeep.originals import Incoming, Originals

log = logging.getLogger(__name__)

FORMAT_VERSION = "5"
"""Moves when parsing or chunking changes in a way that must reach documents that did not change."""

RECORDS_A_BATCH = 256


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What an ingest works with. Who stages, publishes or deletes holds the lock of the document."""

    settings: Settings
    documents: Documents
    jobs: Jobs
    originals: Originals
    index: ChunkIndex
    embedder: Embedder
    locks: DocumentLocks
    give_way: Callable[[], None]
    stall: Stall
    watch: IngestWatch


class Parsers(Protocol):
    """What turns a file into a document and its chunks; safe to call from several threads.

    The real ones (`sandbox.ParserPool`) work in child processes.
    """

    def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
        """The document and its chunks; raises one typed `ParseError` for whatever goes wrong."""
        ...

    def close(self) -> None:
        """Ends what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A job whose file was read, and what is said of its document, now or when it was put in before."""

    job: ClaimedJob
    labels: Labels
    raw: RawFile
    document: Document
    chunks: tuple[Chunk, ...]
    made_by: str


class FileReader:
    """Reads jobs' files; it may run beside the other half, in a thread of its own."""

    def __init__(self, parts: IngestParts, parsers: Parsers) -> None:
        self._parts = parts
        self._parsers = parsers

    def read(self, job: ClaimedJob) -> ReadJob | None:
        """Loads, parses and chunks; None when the job ended here, unchanged or failed.

        Raises:
            Unavailable, OSError: something is missing that is not the file's fault.
        """
        try:
            if job.strikes >= MAX_STRIKES:
                raise ParseCrashed(
                    f"given up: {MAX_STRIKES} times the service died while this file alone was read in"
                )
            return self._read(job)
        except Unavailable:
            raise
        except LeaseLost as lost:
            log.warning("%s", lost, extra={"job": job.id, "source": job.source})
        except FootnoteError as error:
            self.fail(job, error)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self.fail(job, CorruptFile("the kept file is gone", hint="put the document in again"))
            else:
                raise no_room(error) or error from error
        except Exception as error:  # one broken file never stops the others
            log.exception("reading a document failed", extra={"job": job.id, "source": job.source})
            self.fail(job, ParseCrashed(f"reading failed unexpectedly ({type(error).__name__})"))
        return None

    def _read(self, job: ClaimedJob) -> ReadJob | None:
        if job.filename.lower().endswith(RECORDS):
            self._queue_records(job)
            return None
        live = self._parts.documents.live(job.scope, job.document_id)
        labels, identity = _labels(job, live), made_by(self._parts, job)
        if live and (live.sha256, live.made_by) == (job.sha256, identity) and self._is_whole(job, live):
            self._keep(job, live, labels)
            return None
        return self._parse(job, labels, identity)

    def _is_whole(self, job: ClaimedJob, live: Live) -> bool:
        """Whether the store holds all of the live version; an earlier attempt may have left more there."""
        whole = self._parts.index.chunk_ids(job.scope, job.document_id).whole
        if job.attempts == 1:
            return len(whole) >= live.chunks
        chunks = self._parts.documents.live_chunks(job.scope, job.document_id)
        return whole.issuperset(chunk.id for chunk in chunks)

    def _keep(self, job: ClaimedJob, live: Live, labels: Labels) -> None:
        """The file is the one that was read before, maybe for this very job; at most it is labelled anew."""
        parts, unchanged = self._parts, labels == live.labels
        report = job.report or IngestReport(
            job.document_id, live.version, unchanged, chunks=live.chunks, kept=live.chunks
        )
        with parts.locks.holding(job.scope, [job.document_id]):
            if (job.attempts > 1 or not unchanged) and parts.jobs.held([job.lease]):
                kept = clear(parts.documents, parts.index, job.scope, job.document_id, job.epoch)
                attributes = labels.over(job.source, live.own_metadata)
                parts.index.promote(job.scope, job.document_id, attributes, kept, job.epoch)
                parts.index.vectors.flush()
                if not unchanged:
                    parts.documents.relabel(job.lease, job.scope, job.document_id, labels, report)
            parts.jobs.finish({job.lease: report})
        parts.watch.done({job.id: report})

    def _queue_records(self, job: ClaimedJob) -> None:
        """A file of records becomes one job for each; queued again after a crash, they change nothing."""
        parts, refused, queued = self._parts, [], 0
        lines = BytesIO(parts.originals.blobs.read(job.scope, job.sha256))
        found = iter_records(lines, job.source, parts.settings.load)
        while batch := list(islice(found, RECORDS_A_BATCH)):
            refused += [_refused(record) for record in batch if isinstance(record, LoadFailure)]
            records = [record for record in batch if isinstance(record, RawFile)]
            files = [Incoming(record.source, BytesIO(record.content)) for record in records]
            with parts.originals.keeping(job.scope, files, parts.settings.load.max_file_bytes) as kept:
                pairs = zip(records, kept, strict=True)
                new = [_record_job(job, record, file) for record, file in pairs]
                parts.jobs.add(job.scope, new, admit=check_quotas)
            queued += len(records)
        report = IngestReport(job.document_id, records=queued, refused=tuple(refused))
        parts.jobs.finish({job.lease: report})
        parts.watch.done({job.id: report})
        parts.originals.forget(job.scope, [job.sha256])

    def _parse(self, job: ClaimedJob, labels: Labels, identity: str) -> ReadJob:
        parts = self._parts
        watch = Stopwatch()
        with watch.stage("load"):
            content = parts.originals.blobs.read(job.scope, job.sha256)
            raw = load_bytes(job.source, job.filename, content, parts.settings.load)
        chunking = ChunkJob(
            job.scope.tenant, job.document_id, str(parts.embedder.tokenizer_file), parts.settings.chunk
        )
        with watch.stage("parse"):
            document, chunks = self._parsers.run(raw, chunking)
        return ReadJob(job, labels, raw, document, chunks, identity)

    def fail(self, job: ClaimedJob, error: FootnoteError) -> None:
        """The job has failed for good; the live version is found as before.

        Its file stays: the job may be retried, with a newer version of Footnote for example.
        """
        parts = self._parts
        try:
            with parts.locks.holding(job.scope, [job.document_id]):
                if job.attempts > 1 and parts.jobs.held([job.lease]):
                    take_back(parts.documents, parts.index, job.scope, job.document_id, job.source, job.epoch)
                parts.jobs.fail(job.lease, Failure.of(error))
            parts.watch.failed(job, error)
        except LeaseLost as lost:  # how it ends is told by who has it now
            log.warning("%s", lost, extra={"job": job.id, "source": job.source})


def made_by(parts: IngestParts, job: ClaimedJob) -> str:
    """All that decides what becomes of a file's bytes, as a hash."""
    settings = parts.settings
    identity = [
        FORMAT_VERSION,
        parts.embedder.fingerprint,
        settings.chunk.model_dump(),
        [settings.parse.ocr, settings.parse.ocr_languages, settings.parse.ocr_dpi],
        job.filename,
    ]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]


def _record_job(job: ClaimedJob, record: RawFile, file: tuple[str, int]) -> NewJob:
    named = document_id(job.scope, record.source)
    return NewJob(named, record.source, record.filename, *file, job.metadata, job.groups)


def _labels(job: ClaimedJob, live: Live | None) -> Labels:
    """What was given with the upload; what was not stays as it is."""
    known = live.labels if live else Labels()
    return Labels(
        known.metadata if job.metadata is None else job.metadata,
        known.groups if job.groups is None else job.groups,
    )


def _refused(record: LoadFailure) -> RefusedRecord:
    return RefusedRecord(record.source, record.error.code, str(record.error))
