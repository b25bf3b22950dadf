"""Documents, their texts and chunks, and jobs, as the management routes show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping, Select, func, null, select

from service.catalogue.cursors import decoded, encoded, number_of
from service.catalogue.database import Database
from service.catalogue.job_rows import job_of
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, ReceiptRow, VersionRow
from service.catalogue.reading import may_read, readable_jobs
from service.catalogue.rows import CHUNK_COLUMNS, chunk_of
from service.errors import NotFound
from service.records import DocumentRecord, DocumentText, Job, JobState, Page
from service.types import Chunk, Scope

READ_AT_ONCE = 100
"""Documents looked at together for those that the scope may read."""


class Listing:
    """Live documents that the scope may read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def documents(
        self, scope: Scope, cursor: str | None, limit: int, source: str = "", source_prefix: str = ""
    ) -> Page[DocumentRecord]:
        """A page of documents, in the order of their ids; those of a source, or of sources that begin so.

        Raises:
            InvalidInput: the cursor was not given out by this method.
        """
        after = "" if cursor is None else decoded(cursor)
        query = _records(scope).order_by(DocumentRow.id).limit(max(limit, READ_AT_ONCE) + 1)
        if source:
            query = query.where(DocumentRow.source == source)
        if source_prefix:  # compared as text: LIKE knows wildcards, and in SQLite no upper case
            query = query.where(func.substr(DocumentRow.source, 1, len(source_prefix)) == source_prefix)
        found: list[RowMapping] = []
        with self._database.reading() as connection:
            while len(found) <= limit:
                rows = connection.execute(query.where(DocumentRow.id > after)).mappings().all()
                found.extend(row for row in rows if may_read(scope, row["groups"]))
                if len(rows) <= max(limit, READ_AT_ONCE):
                    break
                after = rows[-1]["id"]
        more = len(found) > limit
        items = tuple(_record(row) for row in found[:limit])
        return Page(items, encoded(items[-1].id) if more else None)

    def jobs(self, scope: Scope, states: Sequence[JobState], cursor: str | None, limit: int) -> Page[Job]:
        """A page of the jobs that the scope may know of, in these states (none named: in all), oldest first.

        Raises:
            InvalidInput: the cursor was not given out by this method.
        """
        after = 0 if cursor is None else number_of(cursor)
        query = select(*JobRow.__table__.columns).where(JobRow.tenant == scope.tenant)
        if states:
            query = query.where(JobRow.state.in_(states))
        query = query.order_by(JobRow.sequence).limit(limit + 1)
        found: list[RowMapping] = []
        with self._database.reading() as connection:
            while len(found) <= limit:
                rows = connection.execute(query.where(JobRow.sequence > after)).mappings().all()
                found.extend(readable_jobs(connection, scope, rows))
                if len(rows) <= limit:
                    break
                after = rows[-1]["sequence"]
        items = tuple(job_of(row) for row in found[:limit])
        return Page(items, encoded(str(found[limit - 1]["sequence"])) if len(found) > limit else None)

    def receipts(self, scope: Scope, cursor: str | None, limit: int) -> Page[Mapping[str, object]]:
        """A page of the tenant's receipts, oldest first.

        Raises:
            InvalidInput: the cursor was not given out by this method.
        """
        after = 0 if cursor is None else number_of(cursor)
        query = (
            select(ReceiptRow.sequence, ReceiptRow.body)
            .where(ReceiptRow.tenant == scope.tenant, ReceiptRow.sequence > after)
            .order_by(ReceiptRow.sequence)
            .limit(limit + 1)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        more = encoded(str(rows[limit - 1].sequence)) if len(rows) > limit else None
        return Page(tuple(row.body for row in rows[:limit]), more)

    def document(self, scope: Scope, document_id: str) -> DocumentRecord:
        """One document.

        Raises:
            NotFound: there is none of that id that the scope may read.
        """
        with self._database.reading() as connection:
            row = connection.execute(_records(scope).where(DocumentRow.id == document_id)).mappings().first()
        if row is None or not may_read(scope, row["groups"]):
            raise NotFound(f"there is no document {document_id!r}")
        return _record(row)

    def source(self, scope: Scope, document_id: str) -> str:
        """Where a document came from; one that is not live yet is known by its newest upload.

        Raises:
            NotFound: there is neither a document nor an upload of that id that the scope may read.
        """
        uploads = (
            select(JobRow.source, JobRow.groups)
            .where(JobRow.document_id == document_id, JobRow.tenant == scope.tenant)
            .order_by(JobRow.groups.is_(null()), JobRow.sequence.desc())  # one without groups keeps them
        )
        with self._database.reading() as connection:
            row = connection.execute(_records(scope).where(DocumentRow.id == document_id)).mappings().first()
            row = row or connection.execute(uploads).mappings().first()
        if row is None or not may_read(scope, row["groups"] or ()):
            raise NotFound(f"there is no document {document_id!r}")
        return str(row["source"])

    def text(self, scope: Scope, document_id: str, version: int | None) -> DocumentText:
        """The text of one version; the live one for None.

        Raises:
            NotFound: there is no such document or version.
        """
        number = self.document(scope, document_id).version if version is None else version
        self.document(scope, document_id)
        query = select(VersionRow.text).where(
            VersionRow.document_id == document_id, VersionRow.number == number
        )
        with self._database.reading() as connection:
            text = connection.scalar(query)
        if text is None:
            raise NotFound(f"the document {document_id!r} has no version {number}")
        return DocumentText(document_id, number, text)

    def chunks(self, scope: Scope, document_id: str, cursor: str | None, limit: int) -> Page[Chunk]:
        """A page of the live version's chunks, in reading order.

        Raises:
            NotFound: there is no such document.
            InvalidInput: the cursor was not given out by this method.
        """
        version = self.document(scope, document_id).version
        after = -1 if cursor is None else number_of(cursor)
        query = (
            select(*CHUNK_COLUMNS)
            .where(ChunkRow.document_id == document_id, ChunkRow.version == version, ChunkRow.ordinal > after)
            .order_by(ChunkRow.ordinal)
            .limit(limit + 1)
        )
        with self._database.reading() as connection:
            found = [chunk_of(row) for row in connection.execute(query).mappings()]
        items = tuple(found[:limit])
        return Page(items, encoded(str(items[-1].ordinal)) if len(found) > limit else None)


def _records(scope: Scope) -> Select[tuple[object, ...]]:
    return (
        select(*DocumentRow.__table__.columns, VersionRow.chunks, VersionRow.receipt)
        .join(
            VersionRow,
            (VersionRow.document_id == DocumentRow.id) & (VersionRow.number == DocumentRow.live_version),
        )
        .where(DocumentRow.tenant == scope.tenant)
    )


def _record(row: RowMapping) -> DocumentRecord:
    return DocumentRecord(
        id=row["id"],
        source=row["source"],
        title=row["title"],
        version=row["live_version"],
        filename=row["filename"],
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        chunks=row["chunks"],
        language=row["language"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        external_id=row["external_id"],
        metadata=row["attributes"],
        groups=tuple(row["groups"]),
        receipt=row["receipt"],
    )
