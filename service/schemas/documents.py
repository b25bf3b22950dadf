"""Documents, their parts, and the jobs that read them, as they go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from service.records import DocumentRecord, Job, JobState, Page, QueuedJob
from service.schemas.answers import Response
from service.types import Chunk


class JobRef(BaseModel):
    """A job that was queued."""

    job_id: str
    document_id: str
    source: str


class JobsOut(BaseModel):
    """One job for each file, in the order in which they were sent."""

    jobs: list[JobRef]

    @classmethod
    def of(cls, jobs: Sequence[QueuedJob]) -> Self:
        """From our own type."""
        return cls(
            jobs=[JobRef(job_id=job.id, document_id=job.document_id, source=job.source) for job in jobs]
        )


class FailureOut(Response):
    """Why something failed."""

    code: str
    message: str
    stage: str
    retryable: bool
    hint: str


class RefusedRecordOut(Response):
    """A record of a file of records that became no document, and why."""

    source: str
    code: str
    message: str


class IngestReportOut(Response):
    """What one ingest did; all counts but `records` are of chunks."""

    document_id: str
    version: int | None = Field(description="The live version; null for a file of records.")
    unchanged: bool = Field(description="Everything was as it is already.")
    chunks: int
    embedded: int
    kept: int
    deleted: int
    records: int = Field(description="How many jobs a file of records became, one for each.")
    refused: list[RefusedRecordOut]
    receipt: dict[str, Any] | None = Field(description="What was read from the file, and what was not.")


class JobOut(BaseModel):
    """How far one file's ingest is. `progress` runs from 0 to 1; `report` comes with `done`."""

    job_id: str
    document_id: str
    source: str
    state: JobState
    progress: float
    error: FailureOut | None
    report: IngestReportOut | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        """From our own type."""
        return cls(
            job_id=job.id,
            document_id=job.document_id,
            source=job.source,
            state=job.state,
            progress=job.progress,
            error=FailureOut.model_validate(job.error) if job.error else None,
            report=IngestReportOut.model_validate(job.report) if job.report else None,
            created_at=job.created_at,
            updated_at=job.updated_at,
        )


class JobListOut(BaseModel):
    """A part of the jobs, oldest first; ask on with `next_cursor` until it is null."""

    jobs: list[JobOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Job]) -> Self:
        """From our own type."""
        return cls(jobs=[JobOut.of(job) for job in page.items], next_cursor=page.next_cursor)


class DocumentSummary(BaseModel):
    """A document at its live version."""

    document_id: str
    source: str
    title: str
    version: int
    filename: str
    media_type: str
    size_bytes: int
    chunks: int
    language: str
    external_id: str | None
    metadata: dict[str, str | int | float | bool]
    groups: list[str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: DocumentRecord, **extra: Any) -> Self:
        """From our own type."""
        return cls(
            document_id=record.id,
            source=record.source,
            title=record.title,
            version=record.version,
            filename=record.filename,
            media_type=record.media_type,
            size_bytes=record.size_bytes,
            chunks=record.chunks,
            language=record.language,
            external_id=record.external_id,
            metadata=dict(record.metadata),
            groups=list(record.groups),
            created_at=record.created_at,
            updated_at=record.updated_at,
            **extra,
        )


class DocumentOut(DocumentSummary):
    """A document with its extraction receipt: what was read from the file, and what was not."""

    receipt: dict[str, Any] | None

    @classmethod
    def of(cls, record: DocumentRecord, **extra: Any) -> Self:
        """From our own type."""
        receipt = dict(record.receipt) if record.receipt is not None else None
        return super().of(record, receipt=receipt, **extra)


class DocumentsOut(BaseModel):
    """A part of the list; ask on with `next_cursor` until it is null."""

    documents: list[DocumentSummary]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[DocumentRecord]) -> Self:
        """From our own type."""
        return cls(
            documents=[DocumentSummary.of(record) for record in page.items], next_cursor=page.next_cursor
        )


class DocumentTextOut(Response):
    """The normalised text of one version: what every offset points into."""

    document_id: str
    version: int
    text: str


class ChunkOut(BaseModel):
    """A piece of a document as it is searched. `text` is exactly `text[start:end]` of the live version."""

    chunk_id: str
    ordinal: int
    text: str
    start: int
    end: int
    heading_path: list[str]
    header: str = Field(description="A table's header line, on a piece that does not hold it itself.")
    page: int | None
    kinds: list[str]
    language: str
    poor: bool

    @classmethod
    def of(cls, chunk: Chunk) -> Self:
        """From our own type."""
        return cls(
            chunk_id=chunk.id,
            ordinal=chunk.ordinal,
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            heading_path=list(chunk.heading_path),
            header=chunk.header,
            page=chunk.page,
            kinds=list(chunk.kinds),
            language=chunk.language,
            poor=chunk.poor,
        )


class ChunksOut(BaseModel):
    """A part of a document's chunks, in reading order."""

    chunks: list[ChunkOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Chunk]) -> Self:
        """From our own type."""
        return cls(chunks=[ChunkOut.of(chunk) for chunk in page.items], next_cursor=page.next_cursor)


class ReceiptOut(Response):
    """A signed receipt of a delete. `signature` is Ed25519 over the rest in canonical JSON (RFC 8785)."""

    format: Literal["footnote-receipt-1"]
    id: str
    installation: str = Field(description="The instance that signed it.")
    tenant: str
    document_id: str
    deleted_at: str = Field(description="RFC 3339, in UTC; a text, because it is signed as it stands.")
    removed: dict[str, int]
    remaining: dict[str, int] = Field(description="The counts taken afterwards: zero.")
    key_id: str
    signature: str


class ReceiptsOut(BaseModel):
    """A part of the receipts, oldest first; ask on with `next_cursor` until it is null."""

    receipts: list[ReceiptOut]
    public_key: str = Field(description="What receipts of this instance are verified with now, in base64.")
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Mapping[str, object]], public_key: str) -> Self:
        """From our own type."""
        receipts = [ReceiptOut.model_validate(one) for one in page.items]
        return cls(receipts=receipts, public_key=public_key, next_cursor=page.next_cursor)


class DeletionOut(Response):
    """What a delete removed, and the counts taken afterwards; all of `remaining` is zero."""

    document_id: str
    source: str
    deleted_at: datetime
    removed: dict[str, int]
    remaining: dict[str, int]
    receipt: ReceiptOut = Field(description="The same, signed; it is kept, see `GET /receipts`.")
