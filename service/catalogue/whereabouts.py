"""Where a document is that somebody expected in an answer: in what is searched, on its way in, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Select, and_, select

from service.catalogue.database import Database
from service.catalogue.job_rows import job_of
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, ReceiptRow, VersionRow
from service.catalogue.reading import may_read, readable_jobs
from service.catalogue.rows import CHUNK_COLUMNS, chunk_of
from service.records import Job
from service.types import Chunk, Scope

_WORDS_LOOKED_FOR = 3
"""The longest of a text are looked for in SQL; the whole of it only in what holds them."""


class Whereabouts:
    """What the scope may know of documents. What it may not read is told as what is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last_upload(self, scope: Scope, document_id: str) -> Job | None:
        """The newest upload of the document that is still remembered."""
        query = (
            select(*JobRow.__table__.columns)
            .where(JobRow.tenant == scope.tenant, JobRow.document_id == document_id)
            .order_by(JobRow.sequence.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
            return next((job_of(row) for row in readable_jobs(connection, scope, rows)), None)

    def deleted_at(self, scope: Scope, document_id: str) -> datetime | None:
        """When it was deleted, for who reads everything: a receipt does not say who might read it."""
        if not scope.reads_everything:
            return None
        query = (
            select(ReceiptRow.created_at)
            .where(ReceiptRow.tenant == scope.tenant, ReceiptRow.document_id == document_id)
            .order_by(ReceiptRow.sequence.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalar(query)

    def holding(self, scope: Scope, text: str) -> Iterator[str]:
        """The ids of live documents that hold the longest words of `text`, one at a time."""
        query = _live(scope, DocumentRow.id, DocumentRow.groups)
        for word in sorted(set(text.split()), key=len, reverse=True)[:_WORDS_LOOKED_FOR]:
            query = query.where(VersionRow.text.icontains(word, autoescape=True))
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(DocumentRow.id)):
                if may_read(scope, row.groups):
                    yield row.id

    def read(self, scope: Scope, document_id: str) -> tuple[str, tuple[Chunk, ...]] | None:
        """The text of the live version and all of its chunks; None where there is none."""
        query = _live(scope, DocumentRow.groups, VersionRow.text).where(DocumentRow.id == document_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
            if row is None or not may_read(scope, row.groups):
                return None
            return row.text, _chunks(connection, scope, document_id)


def _chunks(connection: Connection, scope: Scope, document_id: str) -> tuple[Chunk, ...]:
    is_live = and_(DocumentRow.id == ChunkRow.document_id, DocumentRow.live_version == ChunkRow.version)
    query = (
        select(*CHUNK_COLUMNS)
        .join(DocumentRow, is_live)
        .where(DocumentRow.tenant == scope.tenant, DocumentRow.id == document_id)
        .order_by(ChunkRow.ordinal)
    )
    return tuple(chunk_of(row) for row in connection.execute(query).mappings())


def _live(scope: Scope, *columns: object) -> Select[tuple[object, ...]]:
    is_live = and_(VersionRow.document_id == DocumentRow.id, VersionRow.number == DocumentRow.live_version)
    found: Select[tuple[object, ...]] = select(*columns)  # type: ignore[call-overload] # any columns
    return found.join(VersionRow, is_live).where(DocumentRow.tenant == scope.tenant)
