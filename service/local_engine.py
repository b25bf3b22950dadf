"""The engine behind the routes: the pipeline for questions, the catalogue and the store for documents."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from typing_extensions import override

from service.answering import named
from service.catalogue import (
    AnswerKeeper,
    Answers,
    Database,
    Documents,
    GivenAnswer,
    Jobs,
    Listing,
    NewJob,
    Tallies,
    admit,
    document_id,
)
from service.disk import ensure_room, free_bytes
from service.drift import Drift
from service.engine import Engine
from service.errors import InvalidInput
from service.explaining import Expected, Explainer, Explanation
from service.gate import Gate
from service.health.readiness import Readinesses
from service.health.stall import Stall
from service.locks import DocumentLocks
from service.pipeline import Pipeline
from service.records import (
    DeletionReceipt,
    DocumentRecord,
    DocumentText,
    Failure,
    Feedback,
    Job,
    JobState,
    Page,
    QueuedJob,
    Readiness,
    State,
    Upload,
)
from service.settings import Settings
from service.sharing.parts import Sharing
from service.sharing.waking import Waker
from service.stopwatch import Stopwatch
from service.storable import why_unstorable
from service.store.index import ChunkIndex
from service.store.payload import checked_name
from service.tracing.tracing import Tracing
from service.types import Answer, Chunk, Event, Finished, Query, Scalar, Scope, SearchResult
from service.upkeep.deletion import Deletion, take_back
from service.upkeep.fsck import Fsck
from service.upkeep.maintenance import Maintenance
from service.upkeep.originals import Incoming, Originals
from service.variants.opening import Tried


@dataclass(frozen=True)
class LocalEngine(Engine):
    """The `Engine` of this process; `wiring.open_resources` puts it together."""

    settings: Settings
    pipeline: Pipeline
    database: Database
    versions: Documents
    listing: Listing
    jobs: Jobs
    answers: Answers
    keeper: AnswerKeeper
    tallies: Tallies
    explainer: Explainer
    originals: Originals
    locks: DocumentLocks
    deletion: Deletion
    fsck: Fsck
    maintenance: Maintenance
    index: ChunkIndex
    parts: Readinesses
    sharing: Sharing
    variants: Tried
    gate: Gate = field(default_factory=Gate)
    stall: Stall = field(default_factory=Stall)
    """Why the queue does not move, if it does not."""
    tracing: Tracing = field(default_factory=Tracing)

    @property
    def wake(self) -> Waker:
        """Set when jobs were added."""
        return self.sharing.waker

    # --- asking ------------------------------------------------------------------------------

    @override
    async def answer(self, scope: Scope, query: Query) -> Answer:
        async with aclosing(self.stream(scope, query)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
        raise AssertionError("a stream ends with Finished")

    @override
    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        with self.gate.question():
            stream = named(query, self.variants.asked.stream(scope, query))
            answering = self.tracing.asked(scope, query, stream)
            async with aclosing(answering) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        self.keeper.keep(GivenAnswer.of(scope, query.text, event.answer))
                    yield event

    @override
    async def search(self, scope: Scope, query: Query) -> SearchResult:
        with self.gate.question(), self.tracing.searched(scope, query) as told:
            watch = Stopwatch()
            found = await self.pipeline.threads.run(self.pipeline.find, scope, query, watch)
            told(found.best)
        return SearchResult(found.best, watch.timings_ms(), found.respelled)

    @override
    async def explain(self, scope: Scope, query: Query, expected: Expected) -> Explanation:
        with self.gate.question():
            return await self.explainer.explain(scope, query, expected)

    @override
    async def feedback(self, scope: Scope, feedback: Feedback) -> str:
        judged = await self.keeper.judged(scope, feedback, waits=self.settings.mode == "server")
        await asyncio.to_thread(self.variants.judged, scope, feedback)
        self.tracing.judged(feedback, judged.id, judged.trace_id)
        return judged.id

    # --- managing ----------------------------------------------------------------------------

    @override
    async def upload(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        *,
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        idempotency_key: str | None,
    ) -> list[QueuedJob]:
        for name, value in (metadata or {}).items():
            checked_name(name)
            if reason := why_unstorable(value):
                raise InvalidInput(f"metadata.{name}: {reason}")
        return await asyncio.to_thread(self._keep, scope, uploads, metadata, groups, idempotency_key)

    def _keep(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        key: str | None,
    ) -> list[QueuedJob]:
        max_bytes = self.settings.load.max_file_bytes
        files = [Incoming(upload.filename, upload.content) for upload in uploads]
        ensure_room(self.settings.data_dir, self.settings.store.min_free_bytes)
        self.stall.error = None  # there is room; if the queue still cannot go on, the worker will say so
        with self.originals.keeping(scope, files, max_bytes) as kept:
            new = [
                NewJob(
                    document_id(scope, one.source), one.source, one.filename, sha256, size, metadata, groups
                )
                for one, (sha256, size) in zip(uploads, kept, strict=True)
            ]
            request = hashlib.sha256(repr(new).encode()).hexdigest()
            jobs = self.jobs.add(scope, new, key, request, admit=admit)
        self.wake.set()
        return jobs

    @override
    async def job(self, scope: Scope, job_id: str) -> Job:
        job = await asyncio.to_thread(self.jobs.get, scope, job_id)
        if job.finished or self.stall.error is None:
            return job
        return replace(job, error=Failure.of(self.stall.error))

    @override
    async def find_jobs(
        self, scope: Scope, states: Sequence[JobState], cursor: str | None, limit: int
    ) -> Page[Job]:
        return await asyncio.to_thread(self.listing.jobs, scope, states, cursor, limit)

    @override
    async def cancel_job(self, scope: Scope, job_id: str) -> None:
        await asyncio.to_thread(self._cancel, scope, job_id)

    def _cancel(self, scope: Scope, job_id: str) -> None:
        with self.locks.holding(scope, [self.jobs.get(scope, job_id).document_id]):
            job = self.jobs.cancel(scope, job_id)
            epoch = self.jobs.new_epoch()
            # What a job of the same document that runs now has staged must stay.
            if not self.jobs.under_way(scope, job.document_id):
                take_back(self.versions, self.index, scope, job.document_id, job.source, epoch)
            self.originals.forget(scope, [job.sha256])

    @override
    async def retry_job(self, scope: Scope, job_id: str) -> Job:
        return await asyncio.to_thread(self._retry, scope, job_id)

    def _retry(self, scope: Scope, job_id: str) -> Job:
        self.jobs.get(scope, job_id)  # a job that the caller may not see is not there
        self.jobs.retry(scope, job_id, lambda sha256: self.originals.blobs.exists(scope, sha256))
        self.stall.error = None
        self.wake.set()
        return self.jobs.get(scope, job_id)

    @override
    async def documents(
        self, scope: Scope, cursor: str | None, limit: int, *, source: str = "", source_prefix: str = ""
    ) -> Page[DocumentRecord]:
        return await asyncio.to_thread(self.listing.documents, scope, cursor, limit, source, source_prefix)

    @override
    async def document(self, scope: Scope, document_id: str) -> DocumentRecord:
        return await asyncio.to_thread(self.listing.document, scope, document_id)

    @override
    async def document_text(self, scope: Scope, document_id: str, version: int | None) -> DocumentText:
        return await asyncio.to_thread(self.listing.text, scope, document_id, version)

    @override
    async def chunks(self, scope: Scope, document_id: str, cursor: str | None, limit: int) -> Page[Chunk]:
        return await asyncio.to_thread(self.listing.chunks, scope, document_id, cursor, limit)

    @override
    async def delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        return await asyncio.to_thread(self._delete, scope, document_id)

    def _delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        source = self.listing.source(scope, document_id)
        self.keeper.flush()  # answers that quote it go with it
        return self.deletion.delete(scope, document_id, source)

    @override
    async def receipts(self, scope: Scope, cursor: str | None, limit: int) -> Page[Mapping[str, object]]:
        return await asyncio.to_thread(self.listing.receipts, scope, cursor, limit)

    @override
    def receipts_key(self) -> str:
        return self.deletion.signer.public_key

    # --- observing ---------------------------------------------------------------------------

    @override
    async def readiness(self) -> list[Readiness]:
        return await self.parts.report()

    @override
    async def state(self) -> State:
        return await asyncio.to_thread(self.state_now)

    def state_now(self) -> State:
        """How it is doing; asks the catalogue."""
        spans = self.tracing.counts
        return State(
            queue=self.jobs.in_numbers(),
            stalled=self.stall.error is not None,
            findings=self.findings(),
            redis_is_up=self.sharing.redis_is_up,
            drift={name: (seen.worst.psi, seen.alarms) for name, seen in self.tallies.seen.items()},
            disk_free_bytes=free_bytes(self.settings.data_dir),
            spans_sent=spans.sent,
            spans_dropped=spans.dropped,
            tried=self.variants.state(),
        )

    def findings(self) -> Mapping[str, int]:
        """What the last check found amiss, by kind."""
        return dict(self.fsck.counts)

    @override
    def model_names(self) -> list[str]:
        return ["footnote"]

    @override
    async def drift(self, scope: Scope) -> Drift:
        return await asyncio.to_thread(self._drift, scope)

    def _drift(self, scope: Scope) -> Drift:
        self.keeper.flush()  # what was answered a moment ago counts
        return self.tallies.drift(scope)

    async def aclose(self) -> None:
        """Lets go of what belongs to the running loop; `open_resources` closes the rest."""
        await self.variants.aclose()
