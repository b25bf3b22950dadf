"""The engine behind the routes: the pipeline for questions, the catalogue and the store for documents."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from service.catalogue import Answers, Database, Documents, Files, Jobs, Listing, NewJob, document_id
from service.catalogue.database import now
from service.disk import ensure_room
from service.errors import StoreUnavailable
from service.gate import Gate
from service.pipeline import Pipeline
from service.records import (
    DeletionReceipt,
    DocumentRecord,
    DocumentText,
    Feedback,
    Job,
    Page,
    Readiness,
    Upload,
)
from service.settings import Settings
from service.stall import Stall
from service.stopwatch import Stopwatch
from service.store import Store
from service.store.payload import checked_name
from service.types import Answer, Chunk, Event, Finished, Query, Scalar, Scope, SearchResult


@dataclass(frozen=True)
class LocalEngine:
    """The `Engine` of this process; `wiring.open_resources` puts it together."""

    settings: Settings
    pipeline: Pipeline
    database: Database
    versions: Documents
    listing: Listing
    jobs: Jobs
    answers: Answers
    files: Files
    store: Store
    gate: Gate
    wake: threading.Event = field(default_factory=threading.Event)
    """Set when jobs were added."""
    stall: Stall = field(default_factory=Stall)
    """Why the queue does not move, if it does not."""
    deleting: threading.Lock = field(default_factory=threading.Lock)
    """Held by a delete, and by an ingest while it stages or publishes."""

    # --- asking ------------------------------------------------------------------------------

    async def answer(self, scope: Scope, query: Query) -> Answer:
        """See `Asking`."""
        with self.gate.question():
            answer = await self.pipeline.answer(scope, query)
        await asyncio.to_thread(self.answers.keep, scope, query.text, answer)
        return answer

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """See `Asking`."""
        with self.gate.question():
            async with aclosing(self.pipeline.stream(scope, query)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        await asyncio.to_thread(self.answers.keep, scope, query.text, event.answer)
                    yield event

    async def search(self, scope: Scope, query: Query) -> SearchResult:
        """See `Asking`."""
        watch = Stopwatch()
        with self.gate.question():
            found = await asyncio.to_thread(self.pipeline.find, scope, query, watch)
        return SearchResult(found.best, watch.timings_ms())

    async def feedback(self, scope: Scope, feedback: Feedback) -> str:
        """See `Asking`."""
        return await asyncio.to_thread(self.answers.judge, scope, feedback)

    # --- managing ----------------------------------------------------------------------------

    async def upload(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        *,
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        idempotency_key: str | None,
    ) -> list[Job]:
        """See `Managing`."""
        for name in metadata or ():
            checked_name(name)
        return await asyncio.to_thread(self._keep, scope, uploads, metadata, groups, idempotency_key)

    def _keep(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        key: str | None,
    ) -> list[Job]:
        most = self.settings.load.max_file_bytes
        new = []
        ensure_room(self.settings.data_dir, self.settings.store.min_free_bytes)
        self.stall.error = None  # there is room; if the queue still cannot go on, the worker will say so
        with self.files.changing:
            for upload in uploads:
                sha256, size = self.files.keep(scope, upload.content, most, upload.filename)
                named = document_id(scope, upload.source)
                new.append(NewJob(named, upload.source, upload.filename, sha256, size, metadata, groups))
            request = hashlib.sha256(repr(new).encode()).hexdigest()
            jobs = self.jobs.add(scope, new, key, request)
        self.wake.set()
        return jobs

    async def job(self, scope: Scope, job_id: str) -> Job:
        """See `Managing`."""
        job = await asyncio.to_thread(self.jobs.get, scope, job_id)
        if job.finished or self.stall.error is None:
            return job
        return replace(job, error=self.stall.error.failure())

    async def documents(self, scope: Scope, cursor: str | None, limit: int) -> Page[DocumentRecord]:
        """See `Managing`."""
        return await asyncio.to_thread(self.listing.documents, scope, cursor, limit)

    async def document(self, scope: Scope, document_id: str) -> DocumentRecord:
        """See `Managing`."""
        return await asyncio.to_thread(self.listing.document, scope, document_id)

    async def document_text(self, scope: Scope, document_id: str, version: int | None) -> DocumentText:
        """See `Managing`."""
        return await asyncio.to_thread(self.listing.text, scope, document_id, version)

    async def chunks(self, scope: Scope, document_id: str, cursor: str | None, limit: int) -> Page[Chunk]:
        """See `Managing`."""
        return await asyncio.to_thread(self.listing.chunks, scope, document_id, cursor, limit)

    async def delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        """See `Managing`."""
        return await asyncio.to_thread(self._delete, scope, document_id)

    def _delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        source = self.listing.source(scope, document_id)
        with self.deleting, self.files.changing:
            hashes = self.versions.file_hashes(scope, document_id)
            vectors = self.store.count(scope, document_id)
            removed = self.versions.delete(scope, document_id)  # from here on nobody sees it
            self.store.delete_document(scope, document_id)
            gone = self.versions.unreferenced(scope, sorted(hashes))
            files = [sha256 for sha256 in gone if self.files.exists(scope, sha256)]
            for sha256 in files:
                self.files.remove(scope, sha256)
            remaining = {
                **self.versions.count(scope, document_id),
                "vectors": self.store.count(scope, document_id),
                "files": sum(self.files.exists(scope, sha256) for sha256 in gone),
            }
            if any(remaining.values()):
                raise StoreUnavailable(f"the delete of {document_id} is not complete: {remaining} remain")
            self.versions.purged(document_id)
        counts = {**removed, "vectors": vectors, "files": len(files)}
        return DeletionReceipt(document_id, source, now(), counts, remaining)

    def repair(self) -> None:
        """Completes what a process that died has left: deletes, uploads, taken jobs."""
        for scope, deleted in self.versions.pending_purges():
            self.store.delete_document(scope, deleted)
            self.versions.purged(deleted)
        self.files.sweep(self.versions.needed_files())
        self.jobs.requeue_interrupted()
        self.answers.forget_old()

    # --- observing ---------------------------------------------------------------------------

    async def readiness(self) -> list[Readiness]:
        """See `Observing`."""
        pipeline = self.pipeline
        told = {warning.stage: warning.message for warning in pipeline.warnings}
        return [
            Readiness("catalogue", True, f"{self.jobs.depth()} jobs wait or run"),
            Readiness("store", True, f"{self.store.size()} vectors"),
            Readiness("embed", True, pipeline.embedder.name),
            Readiness("rerank", True, told.get("rerank", pipeline.reranker.name)),
            Readiness("decide", True, pipeline.decider.detail),
            Readiness("generate", True, pipeline.generator.model),
            Readiness("cite", True, told.get("cite", "words and meaning")),
        ]

    async def queue_depth(self) -> int:
        """See `Observing`."""
        return await asyncio.to_thread(self.jobs.depth)

    def model_names(self) -> list[str]:
        """See `Observing`."""
        return ["footnote"]

    async def aclose(self) -> None:
        """Lets go of what belongs to the running loop; `open_resources` closes the rest."""
        await self.pipeline.generator.aclose()
