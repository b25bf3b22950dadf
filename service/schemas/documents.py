"""Documents, their parts, and the jobs that read them, as they go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from service.records import DocumentRecord, Job, JobState, Page
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
    def of(cls, jobs: Sequence[Job]) -> Self:
        """From our own type."""
        return cls(
            jobs=[JobRef(job_id=job.id, document_id=job.document_id, source=job.source) for job in jobs]
        )


class FailureOut(Response):
    """Why something failed."""

    code: str
    message: str
    stage: str = ""
    retryable: bool = False
    hint: str = ""


class RecordFailureOut(FailureOut):
    """Why one record of a `.jsonl` file failed."""

    source: str


class ReportOut(BaseModel):
    """What an ingest did: the same fields for a new version, an unchanged file and a file of records."""

    model_config = ConfigDict(extra="allow")

    document_id: str | None = None
    version: int | None = None
    unchanged: bool = False
    chunks: int = 0
    embedded: int = Field(0, description="Chunks that were new.")
    kept: int = Field(0, description="Chunks that were there already.")
    deleted: int = Field(0, description="Chunks that are no more.")
    receipt: dict[str, Any] | None = Field(None, description="What was read from the file, and what was not.")
    timings_ms: dict[str, float] = Field(default_factory=dict)
    records: int = Field(0, description="Jobs that were queued, one for each record of a `.jsonl` file.")
    failed: list[RecordFailureOut] = Field(default_factory=list, description="Records that were not.")


class JobOut(BaseModel):
    """How far one file's ingest is. `progress` runs from 0 to 1; `report` comes with `done`."""

    job_id: str
    document_id: str
    source: str
    state: JobState
    progress: float
    error: FailureOut | None
    report: ReportOut | None
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
            report=ReportOut.model_validate(job.report) if job.report is not None else None,
            created_at=job.created_at,
            updated_at=job.updated_at,
        )


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


class DeletionOut(Response):
    """What a delete removed, and the counts taken afterwards; all of `remaining` is zero."""

    document_id: str
    source: str
    deleted_at: datetime
    removed: dict[str, int]
    remaining: dict[str, int]
