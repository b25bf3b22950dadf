"""An engine that keeps everything in memory and answers at once, for the HTTP and command line tests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

import numpy as np

from service.catalogue.reading import may_read
from service.drift import Drift, Tally, compared
from service.errors import Conflict, FootnoteError, InvalidInput, NotFound
from service.explaining.explanation import (
    Corpus,
    DocumentSeen,
    Expected,
    Explanation,
    Place,
    Rank,
    Ranks,
    Reached,
    Run,
    Seen,
    Way,
)
from service.explaining.verdict import judged
from service.records import (
    DeletionReceipt,
    DocumentRecord,
    DocumentText,
    Feedback,
    IngestReport,
    Item,
    Job,
    JobState,
    Page,
    Queue,
    QueuedJob,
    Readiness,
    State,
    Upload,
)
from service.settings import Settings
from service.store.payload import checked_name
from service.text.answers import joined
from service.types import (
    ABSTENTION,
    Answer,
    Chunk,
    Citation,
    Context,
    Decision,
    DocumentRef,
    Event,
    Finished,
    Found,
    Fused,
    Hit,
    Query,
    QueryVectors,
    Question,
    Rejected,
    Retrieved,
    Scalar,
    Scope,
    SearchResult,
    Sentence,
    SentenceReady,
    SparseVector,
    Usage,
)
from service.upkeep.receipts import Signer

NAMESPACE = UUID("6f1d8a52-3f0e-4f7b-9c8e-0d7f6a5b4c3d")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DROPPED = (
    Rejected("It lasts for ever.", "unsupported", 0.1, ("ever",), (1,)),
    Rejected("Surely.", "no_marker"),
)
A_SHIFT = compared("p_answerable", Tally({"1": 900}, 100.0, 20.0), Tally({"9": 9000}, 8550.0, 8150.0))
NO_VECTORS = QueryVectors(np.zeros(1, np.float32), SparseVector((), ()))
TIMINGS = {"embed": 2.5, "search": 1.0, "fuse": 0.1, "total": 4.0}


@dataclass
class Kept:
    """One document as the fake keeps it."""

    tenant: str
    record: DocumentRecord
    text: str

    def is_read_by(self, scope: Scope) -> bool:
        return self.tenant == scope.tenant and may_read(scope, self.record.groups)

    @property
    def chunk(self) -> Chunk:
        return Chunk(
            id=f"{self.record.id}-0",
            document_id=self.record.id,
            ordinal=0,
            text=self.text,
            start=0,
            end=len(self.text),
            section=(0, len(self.text)),
            heading_path=("Manual", "Care"),
            page=3,
            kinds=("paragraph",),
        )

    @property
    def reference(self) -> DocumentRef:
        record = self.record
        return DocumentRef(
            record.id, record.source, record.title, record.version, record.external_id, record.metadata
        )


@dataclass
class FakeEngine:
    """Finds documents that share a word with the question, and quotes the first of them."""

    kept: dict[str, Kept] = field(default_factory=dict)
    jobs: dict[str, tuple[str, Job]] = field(default_factory=dict)
    feedbacks: list[Feedback] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    idempotent: dict[tuple[str, str], tuple[str, list[QueuedJob]]] = field(default_factory=dict)
    given: set[tuple[str, str]] = field(default_factory=set)
    """The answers that can be judged: tenant and id."""
    failure: Exception | None = None
    """Raised by every question, after the retrieval event where the answer is streamed."""
    gate: asyncio.Event | None = None
    """Questions wait for it, where it is given, after they began."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a question was cancelled or its stream closed before its end."""
    unready: str = ""
    signer: Signer = field(default_factory=lambda: Signer(b"k" * 32, "installation"))
    signed: list[dict[str, object]] = field(default_factory=list)
    redis: bool | None = None
    cached: bool = False
    """Whether answers come from a cache."""
    respelled: dict[str, str] = field(default_factory=dict)
    """Words of every question, and as what they are read."""

    # --- asking

    async def answer(self, scope: Scope, query: Query) -> Answer:
        answer: Answer | None = None
        async for event in self.stream(scope, query):
            if isinstance(event, Finished):
                answer = event.answer
        assert answer is not None
        return answer

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        finished = False
        try:
            answer = self._answer(scope, query)
            yield Retrieved(answer.hits)
            self.begun.set()
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            for sentence in answer.sentences:
                yield SentenceReady(sentence, answer.citations)
            finished = True
            self.given.add((scope.tenant, answer.id))
            yield Finished(answer)
        finally:
            if not finished:
                self.abandoned.set()

    async def search(self, scope: Scope, query: Query) -> SearchResult:
        if self.failure is not None:
            raise self.failure
        return SearchResult(self._hits(scope, query), TIMINGS, self.respelled)

    async def explain(self, scope: Scope, query: Query, expected: Expected) -> Explanation:
        if self.failure is not None:
            raise self.failure
        kept = self.kept.get(expected.document_id)
        if kept is None or not kept.is_read_by(scope):
            corpus = Corpus((DocumentSeen(expected.document_id, expected.source, "absent"),))
            return judged(Seen(expected, corpus), Settings())
        seen = DocumentSeen(kept.record.id, kept.record.source, "live", kept.record.version)
        chunk = kept.chunk
        place = Place(kept.record.id, chunk.id, 0, chunk.start, chunk.end, True)
        answer = self._answer(scope, query)
        context = Context((), 0)
        run = Run(Found(Question(query, NO_VECTORS), answer.hits), answer.decision, context, answer)
        rank = Rank(1 if answer.hits else None, 1, query.top_k)
        ranks = Ranks(rank, rank, rank, rank)
        return judged(Seen(expected, Corpus((seen,), (place,)), Way(ranks, Reached(()), run)), Settings())

    async def feedback(self, scope: Scope, feedback: Feedback) -> str:
        if (scope.tenant, feedback.query_id) not in self.given:
            raise NotFound("There is no such answer.")
        self.feedbacks.append(feedback)
        return f"feedback-{len(self.feedbacks)}"

    def _hits(self, scope: Scope, query: Query) -> tuple[Hit, ...]:
        self.scopes.append(scope)
        self.queries.append(query)
        words = set(query.text.lower().rstrip("?").split())
        found = [kept for kept in self._of(scope) if words & set(kept.text.lower().split())]
        return tuple(
            Hit(kept.chunk, kept.reference, Fused(kept.chunk.id, 1 / (60 + rank), rank, None, 0.8), 0.9)
            for rank, kept in enumerate(found[: query.top_k], start=1)
        )

    def _answer(self, scope: Scope, query: Query) -> Answer:
        hits = self._hits(scope, query)
        decision = Decision(bool(hits), 0.9 if hits else 0.1, 0.5, False, None if hits else "no_evidence")
        sentences, citations = _quoted(hits[0]) if hits else ((), ())
        return Answer(
            id=query.answer_id or uuid5(NAMESPACE, query.text).hex,
            status="answered" if hits else "abstained",
            text=joined((one.text, one.citations) for one in sentences) or ABSTENTION,
            sentences=sentences,
            citations=citations,
            decision=decision,
            model="extractive",
            llm_generated=False,
            usage=Usage(12, 5),
            timings_ms=TIMINGS,
            trace_id="0" * 32,
            dropped_sentences=2,
            rejected=DROPPED,
            cached=self.cached,
            respelled=self.respelled,
            hits=hits,
        )

    # --- managing

    async def upload(
        self,
        scope: Scope,
        uploads: Sequence[Upload],
        *,
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
        idempotency_key: str | None,
    ) -> list[QueuedJob]:
        for name in metadata or ():
            checked_name(name)
        contents = [upload.content.read() for upload in uploads]
        digest = hashlib.sha256(b"\0".join(contents)).hexdigest()
        key = (scope.tenant, idempotency_key or "")
        if key in self.idempotent:
            before, jobs = self.idempotent[key]
            if before != digest:
                raise Conflict("This key came with another upload before.")
            return jobs
        jobs = [
            self._ingest(scope, upload, content, metadata, groups)
            for upload, content in zip(uploads, contents, strict=True)
        ]
        if idempotency_key is not None:
            self.idempotent[key] = (digest, jobs)
        return jobs

    def _ingest(
        self,
        scope: Scope,
        upload: Upload,
        content: bytes,
        metadata: Mapping[str, Scalar] | None,
        groups: tuple[str, ...] | None,
    ) -> QueuedJob:
        document_id = str(uuid5(NAMESPACE, f"{scope.tenant}/{upload.source}"))
        before = self.kept.get(document_id)
        record = DocumentRecord(
            id=document_id,
            source=upload.source,
            title=upload.filename,
            version=before.record.version + 1 if before else 1,
            filename=upload.filename,
            media_type="text/plain",
            size_bytes=len(content),
            chunks=1,
            language="en",
            created_at=NOW,
            updated_at=NOW,
            metadata=metadata if metadata is not None else before.record.metadata if before else {},
            groups=groups if groups is not None else before.record.groups if before else (),
            receipt={"parser": "fake"},
        )
        self.kept[document_id] = Kept(scope.tenant, record, content.decode())
        job = Job(f"job-{len(self.jobs) + 1}", document_id, upload.source, "queued", 0.0, NOW, NOW)
        report = IngestReport(document_id, chunks=1)
        self.jobs[job.id] = (scope.tenant, replace(job, state="done", progress=1.0, report=report))
        return QueuedJob(job.id, document_id, upload.source)

    async def job(self, scope: Scope, job_id: str) -> Job:
        tenant, job = self.jobs.get(job_id, ("", None))
        if job is None or tenant != scope.tenant:
            raise NotFound("There is no such job.")
        return job

    async def find_jobs(
        self, scope: Scope, states: Sequence[JobState], cursor: str | None, limit: int
    ) -> Page[Job]:
        jobs = [job for tenant, job in self.jobs.values() if tenant == scope.tenant]
        return _page([job for job in jobs if not states or job.state in states], cursor, limit)

    async def cancel_job(self, scope: Scope, job_id: str) -> None:
        if (await self.job(scope, job_id)).state != "queued":
            raise Conflict("This job has ended.")
        del self.jobs[job_id]

    async def retry_job(self, scope: Scope, job_id: str) -> Job:
        job = await self.job(scope, job_id)
        if job.state != "failed":
            raise Conflict("This job has not failed.")
        self.jobs[job_id] = (scope.tenant, replace(job, state="queued", error=None))
        return self.jobs[job_id][1]

    async def receipts(self, scope: Scope, cursor: str | None, limit: int) -> Page[Mapping[str, object]]:
        return _page([one for one in self.signed if one["tenant"] == scope.tenant], cursor, limit)

    def receipts_key(self) -> str:
        return self.signer.public_key

    async def documents(
        self, scope: Scope, cursor: str | None, limit: int, *, source: str = "", source_prefix: str = ""
    ) -> Page[DocumentRecord]:
        records = [kept.record for kept in self._of(scope)]
        found = [one for one in records if one.source.startswith(source_prefix)]
        return _page([one for one in found if source in ("", one.source)], cursor, limit)

    async def document(self, scope: Scope, document_id: str) -> DocumentRecord:
        return self._one(scope, document_id).record

    async def document_text(self, scope: Scope, document_id: str, version: int | None) -> DocumentText:
        kept = self._one(scope, document_id)
        if version not in (None, kept.record.version):
            raise NotFound("There is no such version.")
        return DocumentText(document_id, kept.record.version, kept.text)

    async def chunks(self, scope: Scope, document_id: str, cursor: str | None, limit: int) -> Page[Chunk]:
        return Page((self._one(scope, document_id).chunk,))

    async def delete(self, scope: Scope, document_id: str) -> DeletionReceipt:
        kept = self._one(scope, document_id)
        del self.kept[document_id]
        self.jobs = {id: job for id, job in self.jobs.items() if job[1].document_id != document_id}
        removed = {"versions": kept.record.version, "chunks": 1}
        remaining = dict.fromkeys(removed, 0)
        self.signed.append(self.signer.receipt(scope, document_id, NOW, removed, remaining))
        return DeletionReceipt(document_id, kept.record.source, NOW, removed, remaining, self.signed[-1])

    def _of(self, scope: Scope) -> list[Kept]:
        return [kept for kept in self.kept.values() if kept.is_read_by(scope)]

    def _one(self, scope: Scope, document_id: str) -> Kept:
        kept = self.kept.get(document_id)
        if kept is None or not kept.is_read_by(scope):
            raise NotFound("There is no such document.")
        return kept

    # --- observing

    async def readiness(self) -> list[Readiness]:
        names = ("catalogue", "store", "embedder")
        return [Readiness(name, name != self.unready, "loading" * (name == self.unready)) for name in names]

    async def state(self) -> State:
        return State(
            Queue(7, 30.0, 1),
            findings={"lost_jobs": 2},
            redis_is_up=self.redis,
            drift={"p_answerable": (A_SHIFT.psi, 1)},
        )

    async def drift(self, scope: Scope) -> Drift:
        return Drift(NOW, (A_SHIFT,))

    def model_names(self) -> list[str]:
        return ["footnote"]


def _page(items: Sequence[Item], cursor: str | None, limit: int) -> Page[Item]:
    if cursor is not None and not cursor.isdecimal():
        raise InvalidInput("This cursor was not given out here.")
    start = int(cursor or 0)
    return Page(
        tuple(items[start : start + limit]), str(start + limit) if start + limit < len(items) else None
    )


def _quoted(hit: Hit) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    chunk = hit.chunk
    citation = Citation(
        n=1,
        document=hit.document,
        chunk_id=chunk.id,
        heading_path=chunk.heading_path,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        quote=chunk.text,
        score=0.9,
    )
    return (Sentence(chunk.text, (1,), 1.0),), (citation,)


class Broken(FootnoteError):
    """A failure of no particular kind."""
