"""The story of an ingest: read, plan, embed, store, publish.

    read      load the kept file, parse and chunk it in a child process
    plan      which chunks are new, which stay, which go
    embed     only the new ones, many documents' together
    store     staged where no search sees them, then promoted
    publish   one SQL transaction makes the new versions visible; then the old chunks go

A crash anywhere leaves the job unfinished; the next start queues it again, and every step may be done twice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingestion.load import load_bytes
from ingestion.parse.sandbox import ChunkJob, ParserPool
from ingestion.plan import plan
from ingestion.types import Document, IngestReport, Plan, RawFile
from service.catalogue import ClaimedJob, Documents, Files, Jobs, NewVersion
from service.embed import Embedder
from service.errors import FootnoteError, ParseCrashed
from service.settings import Settings
from service.sparse import sparse_document
from service.store import Store
from service.types import Chunk, DocumentFacts, Failure, Point, Scalar

log = logging.getLogger(__name__)

FORM = "1"
"""Moves when parsing or chunking changes in a way that must reach documents that did not change."""

CHUNKS_A_SLICE = 32
"""Chunks embedded and staged at a time: small enough to give way to questions between slices."""

MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class IngestParts:
    """What an ingest works with. A delete holds `deleting`, so that nothing is staged behind its back."""

    settings: Settings
    documents: Documents
    jobs: Jobs
    files: Files
    store: Store
    embedder: Embedder
    deleting: threading.Lock
    give_way: Callable[[], None]


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A job whose file was read."""

    job: ClaimedJob
    raw: RawFile
    document: Document
    chunks: tuple[Chunk, ...]
    made_by: str


@dataclass(frozen=True, slots=True)
class _Planned:
    read: ReadJob
    plan: Plan
    facts: DocumentFacts


class Interrupted(Exception):
    """The worker was told to stop between two slices."""


class Ingestor:
    """Carries claimed jobs through an ingest. `read` may run beside `write`, each in its own thread."""

    def __init__(self, parts: IngestParts, parsers: ParserPool, stopping: threading.Event) -> None:
        self._parts = parts
        self._parsers = parsers
        self._stopping = stopping

    def read(self, job: ClaimedJob) -> ReadJob | None:
        """Loads, parses and chunks; None when the job ended here, unchanged or failed."""
        try:
            if job.attempts > MOST_ATTEMPTS:
                raise ParseCrashed(f"given up after {MOST_ATTEMPTS} attempts that did not end")
            made_by = self._made_by(job)
            if job.attempts == 1 and self._is_unchanged(job, made_by):
                return None
            return self._parse(job, made_by)
        except FootnoteError as error:
            if not self._stopping.is_set():  # stopping kills the parser: that says nothing of the file
                self._fail(job, error)
        except Exception as error:  # one broken file never stops the others
            log.exception("the ingest of a document failed", extra={"job": job.id, "source": job.source})
            self._fail(job, ParseCrashed(f"reading failed unexpectedly ({type(error).__name__})"))
        return None

    def write(self, reads: Sequence[ReadJob]) -> None:
        """Embeds, stores and publishes what was read.

        Raises:
            Interrupted: the worker is stopping; nothing became visible.
        """
        planned = [self._plan(read) for read in reads]
        ids = [read.job.id for read in reads]
        self._parts.jobs.move(ids, "embedding", 0.3)
        self._embed_and_stage(planned)
        self._parts.jobs.move(ids, "storing", 0.9)
        self._publish(planned)

    def _made_by(self, job: ClaimedJob) -> str:
        """Identifies all that decides what becomes of a file's bytes."""
        settings = self._parts.settings
        identity = [
            FORM,
            self._parts.embedder.fingerprint,
            settings.chunk.model_dump(),
            [settings.parse.ocr, settings.parse.ocr_languages, settings.parse.ocr_dpi],
            job.filename,
            dict(job.metadata),
            list(job.groups),
        ]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]

    def _is_unchanged(self, job: ClaimedJob, made_by: str) -> bool:
        live = self._parts.documents.live(job.scope, job.document_id)
        if live is None or (live.sha256, live.made_by) != (job.sha256, made_by):
            return False
        report = {"document_id": job.document_id, "version": live.version, "unchanged": True}
        self._parts.jobs.finish({job.id: report})
        return True

    def _parse(self, job: ClaimedJob, made_by: str) -> ReadJob:
        parts = self._parts
        content = parts.files.read(job.scope, job.sha256)
        raw = load_bytes(job.source, job.filename, content, parts.settings.load)
        chunking = ChunkJob(
            job.scope.tenant, job.document_id, str(parts.embedder.tokenizer_file), parts.settings.chunk
        )
        document, chunks = self._parsers.run(raw, chunking)
        return ReadJob(job, raw, document, chunks, made_by)

    def _plan(self, read: ReadJob) -> _Planned:
        job, stored = read.job, self._stored_ids(read.job)
        live = self._parts.documents.live_chunks(job.scope, job.document_id) if stored else ()
        planned = plan([chunk for chunk in live if chunk.id in stored], read.chunks)
        wanted = {chunk.id for chunk in read.chunks}
        going = tuple(sorted(stored - wanted))
        metadata = {**searchable(read.document.metadata), **job.metadata}
        facts = DocumentFacts(job.source, job.groups, metadata)
        return _Planned(read, dataclasses.replace(planned, delete=going), facts)

    def _stored_ids(self, job: ClaimedJob) -> frozenset[str]:
        if job.attempts == 1 and self._parts.documents.live(job.scope, job.document_id) is None:
            return frozenset()
        return self._parts.store.chunk_ids(job.scope, job.document_id)

    def _embed_and_stage(self, planned: Sequence[_Planned]) -> None:
        waiting = [(one, chunk) for one in planned for chunk in one.plan.upsert]
        waiting.sort(key=lambda pair: len(pair[1].indexed_text))
        for number, piece in enumerate(_slices(waiting, CHUNKS_A_SLICE), start=1):
            if self._stopping.is_set():
                raise Interrupted
            self._parts.give_way()
            vectors = self._parts.embedder.embed_passages([chunk.indexed_text for _, chunk in piece])
            points: dict[str, list[Point]] = {}
            for (one, chunk), dense in zip(piece, vectors, strict=True):
                sparse = sparse_document(chunk.indexed_text, chunk.language)
                points.setdefault(one.read.job.id, []).append(Point(chunk.id, dense, sparse))
            self._stage([(one, points[one.read.job.id]) for one in planned if one.read.job.id in points])
            if number % 8 == 0:
                done = number * CHUNKS_A_SLICE / len(waiting)
                self._parts.jobs.move([one.read.job.id for one in planned], "embedding", 0.3 + 0.6 * done)

    def _stage(self, batch: Sequence[tuple[_Planned, Sequence[Point]]]) -> None:
        with self._parts.deleting:
            there = self._parts.jobs.existing([one.read.job.id for one, _ in batch])
            for one, points in batch:
                job = one.read.job
                if job.id in there:
                    self._parts.store.stage(job.scope, job.document_id, one.facts, points)

    def _publish(self, planned: Sequence[_Planned]) -> None:
        parts = self._parts
        with parts.deleting:
            there = parts.jobs.existing([one.read.job.id for one in planned])
            alive = [one for one in planned if one.read.job.id in there]
            for one in alive:
                parts.store.promote(one.read.job.scope, one.read.job.document_id, one.facts)
            parts.store.flush()
            versions = parts.documents.publish(
                [(one.read.job.id, one.read.job.scope, _version(one)) for one in alive]
            )
            for one in alive:
                parts.store.discard(one.read.job.scope, one.read.job.document_id, one.plan.delete)
            parts.jobs.finish({one.read.job.id: _report(one, versions[one.read.job.id]) for one in alive})
        for one in planned:
            self._forget_older_files(one.read.job)

    def _forget_older_files(self, job: ClaimedJob) -> None:
        """A file is kept while a live version or a waiting job needs it."""
        for sha256 in self._parts.documents.superseded_files(job.scope, job.document_id):
            self._parts.files.remove(job.scope, sha256)

    def _fail(self, job: ClaimedJob, error: FootnoteError) -> None:
        parts = self._parts
        failure = Failure(error.code, str(error), error.stage, error.retryable, error.hint)
        with parts.deleting:
            if job.attempts > 1:  # an earlier attempt may have staged chunks
                live = {chunk.id for chunk in parts.documents.live_chunks(job.scope, job.document_id)}
                stored = parts.store.chunk_ids(job.scope, job.document_id)
                parts.store.discard(job.scope, job.document_id, sorted(stored - live))
            parts.jobs.fail(job.id, failure)
        for sha256 in parts.documents.unreferenced(job.scope, [job.sha256]):
            parts.files.remove(job.scope, sha256)


def searchable(metadata: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """A document's own metadata under names that can be searched: other characters become `_`."""
    renamed = {
        re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:64]: value for name, value in metadata.items()
    }
    return {name: value for name, value in renamed.items() if name}


def _version(one: _Planned) -> NewVersion:
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
        receipt=dataclasses.asdict(document.receipt),
        chunks=one.read.chunks,
        external_id=document.external_id,
        metadata=one.facts.metadata,
        groups=job.groups,
    )


def _report(one: _Planned, version: int) -> dict[str, object]:
    report = IngestReport(
        document_id=one.read.job.document_id,
        version=version,
        chunks=len(one.read.chunks),
        embedded=len(one.plan.upsert),
        kept=len(one.plan.keep),
        deleted=len(one.plan.delete),
        unchanged=False,
        receipt=one.read.document.receipt,
    )
    return dataclasses.asdict(report)


def _slices(items: Sequence[tuple[_Planned, Chunk]], size: int) -> Iterator[Sequence[tuple[_Planned, Chunk]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
