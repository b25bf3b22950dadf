"""The tables of the catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        """Every moment that leaves the database knows its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
    }


class TenantRow(Base):
    """A tenant; `epoch` moves with every ingest and delete, so that caches can tell a stale answer.

    `state` is `active`, `deleting` or `deleted`. The row of a deleted one stays, with its name and its epoch
    alone: who comes late finds it closed, and one of the same name goes on with an epoch that no cache knows.
    Quotas of NULL are without limit.
    """

    __tablename__ = "tenants"

    name: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default="active")
    state_since: Mapped[datetime | None]
    max_documents: Mapped[int | None] = mapped_column(BigInteger)
    max_bytes: Mapped[int | None] = mapped_column(BigInteger)
    questions_per_minute: Mapped[int | None]
    audits_questions: Mapped[bool] = mapped_column(default=False)
    isolation: Mapped[str] = mapped_column(default="shared", server_default="shared")
    """Where the tenant's vectors are to lie; the three that follow say where they do (`placements.py`)."""
    home: Mapped[str] = mapped_column(default="shared", server_default="shared")
    step: Mapped[str] = mapped_column(default="", server_default="")
    moves: Mapped[int] = mapped_column(default=0, server_default="0")


class DocumentRow(Base):
    """A document; without a `live_version` nobody sees it yet."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("tenant", "source"),
        Index("documents_by_language", "tenant", "language"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    source: Mapped[str]
    title: Mapped[str]
    filename: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    language: Mapped[str]
    external_id: Mapped[str | None]
    attributes: Mapped[dict[str, Any]]
    """What its file says of itself, and over it what was given with the upload."""
    own_metadata: Mapped[dict[str, Any]]
    given_metadata: Mapped[dict[str, Any]]
    groups: Mapped[list[Any]]
    live_version: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class VersionRow(Base):
    """One version's text and receipt. `made_by` identifies all that made it from the file."""

    __tablename__ = "versions"

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    made_by: Mapped[str]
    text: Mapped[str]
    receipt: Mapped[dict[str, Any]]
    chunks: Mapped[int]
    created_at: Mapped[datetime]


class ChunkRow(Base):
    """A chunk of a live version."""

    __tablename__ = "chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "version"], ["versions.document_id", "versions.number"], ondelete="CASCADE"
        ),
        Index("chunks_by_id", "chunk_id"),
    )

    document_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    chunk_id: Mapped[str]
    text: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    section_start: Mapped[int]
    section_end: Mapped[int]
    heading_path: Mapped[list[Any]]
    header: Mapped[str]
    page: Mapped[int | None]
    kinds: Mapped[list[Any]]
    language: Mapped[str]
    poor: Mapped[bool]


WHILE_QUEUED: dict[str, Any] = {
    "sqlite_where": text("state = 'queued'"),
    "postgresql_where": text("state = 'queued'"),
}


class JobRow(Base):
    """An ingest of one file: its state is the queue. Metadata or groups of NULL were not given.

    `attempts` counts how often it was taken, before any work is done. `alone`: something went wrong while
    it was under way with others, and nobody knows through which; it is taken alone from now on. `strikes`
    counts how often something went wrong then.

    A job is under way while it has an `owner`, who keeps it until `lease_until` and longer if he says so in
    time. `epoch` is that of the lease: each has a higher one than all before it, so that who comes late with
    what he did under an earlier one is told from who has the job now, here and in the store.

    `turn` says who is next: `claiming.next_turn` gives them out.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_by_document", "document_id"),
        Index("jobs_in_turn", "strikes", "turn", "sequence", **WHILE_QUEUED),
        Index("jobs_of_tenant_in_turn", "tenant", "turn", **WHILE_QUEUED),
        Index("jobs_of_document_in_order", "document_id", "sequence", **WHILE_QUEUED),
        Index(
            "jobs_that_failed",
            "sequence",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
        Index(
            "one_job_of_a_document_under_way",
            "document_id",
            unique=True,
            sqlite_where=text("owner IS NOT NULL"),
            postgresql_where=text("owner IS NOT NULL"),
        ),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    tenant: Mapped[str]
    document_id: Mapped[str]
    source: Mapped[str]
    filename: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    attributes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    groups: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str]
    progress: Mapped[float]
    attempts: Mapped[int]
    alone: Mapped[bool]
    strikes: Mapped[int]
    turn: Mapped[int]
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    epoch: Mapped[int]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CounterRow(Base):
    """A number that only grows."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class IdempotencyRow(Base):
    """The answer to an upload that carried an Idempotency-Key."""

    __tablename__ = "idempotency"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    job_ids: Mapped[list[Any]]
    created_at: Mapped[datetime]


class PurgeRow(Base):
    """A document whose rows are gone and whose vectors must go: kept until that is verified."""

    __tablename__ = "purges"

    document_id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    removed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The counts of the delete, for its receipt; NULL for one of an earlier version, which promised none."""
    files: Mapped[list[Any]]
    """The SHA-256 of the originals that may be left."""
    created_at: Mapped[datetime]


class ReceiptRow(Base):
    """A signed receipt of a delete; `body` is the whole of it, `upkeep/receipts.py` says what it holds."""

    __tablename__ = "receipts"
    __table_args__ = (Index("receipts_of_tenant", "tenant", "sequence"),)

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    tenant: Mapped[str]
    document_id: Mapped[str]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class AnswerRow(Base):
    """An answer that was given, so that feedback can refer to it."""

    __tablename__ = "answers"
    __table_args__ = (Index("answers_by_age", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    question: Mapped[str]
    status: Mapped[str]
    cited: Mapped[list[Any]]
    variant: Mapped[str] = mapped_column(default="", server_default="")
    """Which one gave it; empty of the pipeline in force."""
    created_at: Mapped[datetime]
    trace_id: Mapped[str] = mapped_column(server_default="")


class CitationRow(Base):
    """A document that an answer quoted; the answer goes with it."""

    __tablename__ = "citations"
    __table_args__ = (Index("citations_of_document", "document_id"),)

    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(primary_key=True)


class FeedbackRow(Base):
    """What a reader said of an answer."""

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    answer_id: Mapped[str] = mapped_column(index=True)
    rating: Mapped[str]
    comment: Mapped[str]
    correction: Mapped[str]
    created_at: Mapped[datetime]


class TallyRow(Base):
    """How many answers of an hour fell into one bin of one quantity (`service/drift`), with their sums."""

    __tablename__ = "tallies"
    __table_args__ = (Index("tallies_by_age", "hour"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    quantity: Mapped[str] = mapped_column(primary_key=True)
    bin: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    total: Mapped[float]
    squares: Mapped[float]


class IndexPropertyRow(Base):
    """A property of the index as a whole, such as the fingerprint of the model that made it."""

    __tablename__ = "index_properties"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class TokenVectorsRow(Base):
    """The vectors of a chunk's tokens in one index, as one run of bytes; of server mode.

    What is most selective comes first in each key, so that a planner without statistics goes wrong nowhere.
    """

    __tablename__ = "token_vectors"
    __table_args__ = (Index("token_vectors_by_document", "document"),)

    chunk: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    index: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]
    epoch: Mapped[int]
    vectors: Mapped[bytes]
