"""What an ingest and a delete write. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from service.catalogue.database import Database, move_epoch, now
from service.catalogue.jobs import NewJob
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, PurgeRow, VersionRow
from service.catalogue.rows import CHUNK_COLUMNS, chunk_of, row_of
from service.catalogue.versions import Labels, Live, NewVersion
from service.types import Chunk, Scalar, Scope

OF_LIVE_VERSIONS = select(DocumentRow.tenant, VersionRow.sha256).join(
    VersionRow, (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number)
)
OF_UNFINISHED_JOBS = select(JobRow.tenant, JobRow.sha256).where(JobRow.state.not_in(("done", "failed")))
"""Tenants and file hashes: an original is kept while one of these two names it."""

Publication = tuple[str, Scope, NewVersion]
"""The id of the job that made a version, whose it is, and the version."""


class Documents:
    """The writing side of documents.

    Args:
        database: where they are.
        keep_versions: how many versions' texts stay readable, the live one included.
    """

    def __init__(self, database: Database, keep_versions: int) -> None:
        self._database = database
        self._keep_versions = keep_versions

    def live(self, scope: Scope, document_id: str) -> Live | None:
        """The live version's identity, or None."""
        query = (
            select(
                VersionRow.number,
                VersionRow.sha256,
                VersionRow.made_by,
                VersionRow.chunks,
                DocumentRow.own_metadata,
                DocumentRow.given_metadata,
                DocumentRow.groups,
            )
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .where(
                DocumentRow.id == document_id,
                DocumentRow.tenant == scope.tenant,
                DocumentRow.live_version == VersionRow.number,
            )
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Live(row[0], row[1], row[2], row[3], row[4], Labels(row[5], tuple(row[6])))

    def live_chunks(self, scope: Scope, document_id: str) -> tuple[Chunk, ...]:
        """The chunks of the live version, in reading order."""
        query = (
            select(*CHUNK_COLUMNS)
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(
                DocumentRow.id == document_id,
                DocumentRow.tenant == scope.tenant,
                DocumentRow.live_version == ChunkRow.version,
            )
            .order_by(ChunkRow.ordinal)
        )
        with self._database.reading() as connection:
            return tuple(chunk_of(row) for row in connection.execute(query).mappings())

    def publish(self, publications: Sequence[Publication]) -> Mapping[str, int]:
        """Makes new versions live, all in one step; returns their numbers by job.

        A job that is gone, because its document was deleted meanwhile, is left out and changes nothing.
        """
        numbers: dict[str, int] = {}
        with self._database.writing() as connection:
            for job_id, scope, new in publications:
                if connection.scalar(select(JobRow.id).where(JobRow.id == job_id)) is not None:
                    numbers[job_id] = self._publish(connection, scope, new)
            for tenant in {scope.tenant for job_id, scope, _ in publications if job_id in numbers}:
                move_epoch(connection, tenant)
        return numbers

    def _publish(self, connection: Connection, scope: Scope, new: NewVersion) -> int:
        number = _next_version(connection, new.document_id)
        _write_document(connection, scope, new)
        _write_version(connection, new, number)
        connection.execute(
            update(DocumentRow).where(DocumentRow.id == new.document_id).values(live_version=number)
        )
        if number > 1:
            _forget_older(connection, new.document_id, number, self._keep_versions)
        return number

    def relabel(self, job_id: str, scope: Scope, document_id: str, labels: Labels) -> None:
        """Gives the live version other labels; nothing happens if the job is gone, with its document."""
        ours = (DocumentRow.id == document_id) & (DocumentRow.tenant == scope.tenant)
        with self._database.writing() as connection:
            if connection.scalar(select(JobRow.id).where(JobRow.id == job_id)) is None:
                return
            source, own = connection.execute(
                select(DocumentRow.source, DocumentRow.own_metadata).where(ours)
            ).one()
            labelled = _labelled(source, own, labels)
            connection.execute(update(DocumentRow).where(ours).values(**labelled, updated_at=now()))
            move_epoch(connection, scope.tenant)

    def delete(self, scope: Scope, document_id: str) -> Mapping[str, int]:
        """Removes all rows of the document and notes that its vectors must go; counts what was removed."""
        with self._database.writing() as connection:
            removed = count_rows(connection, scope, document_id)
            connection.execute(
                insert(PurgeRow)
                .values(document_id=document_id, tenant=scope.tenant, created_at=now())
                .on_conflict_do_nothing()
            )
            ours = (DocumentRow.id == document_id) & (DocumentRow.tenant == scope.tenant)
            connection.execute(delete(DocumentRow).where(ours))
            connection.execute(
                delete(JobRow).where(JobRow.document_id == document_id, JobRow.tenant == scope.tenant)
            )
            move_epoch(connection, scope.tenant)
            return removed

    def count(self, scope: Scope, document_id: str) -> Mapping[str, int]:
        """How many rows there are of the document."""
        with self._database.reading() as connection:
            return count_rows(connection, scope, document_id)

    def pending_purges(self) -> list[tuple[Scope, str]]:
        """Documents whose vectors may still be there, because a delete was cut off."""
        with self._database.reading() as connection:
            rows = connection.execute(select(PurgeRow.tenant, PurgeRow.document_id)).all()
        return [(Scope(tenant), document_id) for tenant, document_id in rows]

    def purged(self, document_id: str) -> None:
        """The document's vectors were verified to be gone."""
        with self._database.writing() as connection:
            connection.execute(delete(PurgeRow).where(PurgeRow.document_id == document_id))

    def unreferenced(self, scope: Scope, hashes: Sequence[str]) -> list[str]:
        """Those of the file hashes that no live version and no unfinished job of the tenant needs."""
        with self._database.reading() as connection:
            return _unreferenced(connection, scope, hashes)

    def needed_files(self, hashes: Sequence[str] | None = None) -> list[tuple[Scope, str]]:
        """The files (with these hashes) of every live version and every unfinished job, of all tenants."""
        queries = [(OF_LIVE_VERSIONS, VersionRow.sha256), (OF_UNFINISHED_JOBS, JobRow.sha256)]
        asked = [query if hashes is None else query.where(one.in_(hashes)) for query, one in queries]
        with self._database.reading() as connection:
            found = [row for query in asked for row in connection.execute(query)]
        return [(Scope(tenant), sha256) for tenant, sha256 in found]

    def superseded_files(self, scope: Scope, document_id: str) -> list[str]:
        """The files of a document's older versions that nothing needs any more."""
        older = (
            select(VersionRow.sha256)
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .where(
                DocumentRow.id == document_id,
                DocumentRow.tenant == scope.tenant,
                VersionRow.number != DocumentRow.live_version,
            )
        )
        with self._database.reading() as connection:
            hashes = list(connection.scalars(older))
            return _unreferenced(connection, scope, hashes) if hashes else []

    def file_hashes(self, scope: Scope, document_id: str) -> frozenset[str]:
        """The files of all versions and jobs of a document."""
        of_versions = (
            select(VersionRow.sha256)
            .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
            .where(DocumentRow.id == document_id, DocumentRow.tenant == scope.tenant)
        )
        of_jobs = select(JobRow.sha256).where(
            JobRow.document_id == document_id, JobRow.tenant == scope.tenant
        )
        with self._database.reading() as connection:
            return frozenset([*connection.scalars(of_versions), *connection.scalars(of_jobs)])

    def count_live_chunks(self) -> int:
        """How many chunks the live versions of all tenants have."""
        of_live = (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number)
        query = select(func.sum(VersionRow.chunks)).join(DocumentRow, of_live)
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def everything(self) -> list[tuple[Scope, NewJob]]:
        """Every live document of every tenant as a job that would ingest it again from its kept file."""
        query = select(*DocumentRow.__table__.columns, VersionRow.sha256).join(
            VersionRow,
            (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number),
        )
        with self._database.reading() as connection:
            return [(Scope(row["tenant"]), _as_job(row)) for row in connection.execute(query).mappings()]


def _as_job(row: RowMapping) -> NewJob:
    return NewJob(
        document_id=row["id"],
        source=row["source"],
        filename=row["filename"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        metadata=row["given_metadata"],
        groups=tuple(row["groups"]),
    )


def count_rows(connection: Connection, scope: Scope, document_id: str) -> Mapping[str, int]:
    """Rows of the document in each table."""
    is_ours = select(DocumentRow.id).where(DocumentRow.id == document_id, DocumentRow.tenant == scope.tenant)
    counts: dict[str, Any] = {
        "documents": select(func.count()).select_from(is_ours.subquery()),
        "versions": select(func.count()).select_from(VersionRow).where(VersionRow.document_id.in_(is_ours)),
        "chunks": select(func.count()).select_from(ChunkRow).where(ChunkRow.document_id.in_(is_ours)),
        "jobs": select(func.count())
        .select_from(JobRow)
        .where(JobRow.document_id == document_id, JobRow.tenant == scope.tenant),
    }
    return {table: int(connection.scalar(query) or 0) for table, query in counts.items()}


def _unreferenced(connection: Connection, scope: Scope, hashes: Sequence[str]) -> list[str]:
    live = OF_LIVE_VERSIONS.where(DocumentRow.tenant == scope.tenant, VersionRow.sha256.in_(hashes))
    waiting = OF_UNFINISHED_JOBS.where(JobRow.tenant == scope.tenant, JobRow.sha256.in_(hashes))
    needed = {sha256 for query in (live, waiting) for _, sha256 in connection.execute(query)}
    return sorted(set(hashes) - needed)


def _next_version(connection: Connection, document_id: str) -> int:
    last = connection.scalar(select(func.max(VersionRow.number)).where(VersionRow.document_id == document_id))
    return (last or 0) + 1


def _write_document(connection: Connection, scope: Scope, new: NewVersion) -> None:
    fields = {
        "title": new.title,
        "filename": new.filename,
        "media_type": new.media_type,
        "size_bytes": new.size_bytes,
        "language": new.language,
        "external_id": new.external_id,
        **_labelled(new.source, new.own_metadata, new.labels),
        "updated_at": now(),
    }
    row = insert(DocumentRow).values(
        id=new.document_id,
        tenant=scope.tenant,
        source=new.source,
        live_version=None,
        created_at=now(),
        **fields,
    )
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=fields))


def _labelled(source: str, own: Mapping[str, Scalar], labels: Labels) -> dict[str, Any]:
    return {
        "attributes": dict(labels.over(source, own).metadata),
        "own_metadata": dict(own),
        "given_metadata": dict(labels.metadata),
        "groups": list(labels.groups),
    }


def _write_version(connection: Connection, new: NewVersion, number: int) -> None:
    connection.execute(
        insert(VersionRow).values(
            document_id=new.document_id,
            number=number,
            sha256=new.sha256,
            made_by=new.made_by,
            text=new.text,
            receipt=dict(new.receipt),
            chunks=len(new.chunks),
            created_at=now(),
        )
    )
    if new.chunks:
        connection.execute(insert(ChunkRow), [row_of(chunk, number) for chunk in new.chunks])


def _forget_older(connection: Connection, document_id: str, live: int, keep: int) -> None:
    """Only the live version has chunks; old texts stay for readers of old answers, a few of them."""
    connection.execute(delete(ChunkRow).where(ChunkRow.document_id == document_id, ChunkRow.version < live))
    connection.execute(
        delete(VersionRow).where(VersionRow.document_id == document_id, VersionRow.number <= live - keep)
    )
