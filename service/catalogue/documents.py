"""What an ingest and a delete write. Each method is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from service.catalogue.claiming import held, next_epoch
from service.catalogue.database import Database, move_epoch, now, upsert
from service.catalogue.indexes import Indexes, check_publishable
from service.catalogue.job_rows import Lease, NewJob
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, PurgeRow, ReceiptRow, VersionRow
from service.catalogue.publishing import labelled, write_version
from service.catalogue.removing import count_rows, file_hashes, remove_rows
from service.catalogue.rows import CHUNK_COLUMNS, chunk_of
from service.catalogue.versions import Labels, Live, NewVersion
from service.errors import LeaseLost
from service.records import IngestReport
from service.types import Chunk, Scope

OF_LIVE_VERSIONS = select(DocumentRow.tenant, VersionRow.sha256).join(
    VersionRow, (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number)
)
OF_OPEN_JOBS = select(JobRow.tenant, JobRow.sha256).where(JobRow.state != "done")
"""Tenants and file hashes: an original is kept while one of these two names it.

A failed job may be retried.
"""

_LIVE = select(*DocumentRow.__table__.columns, VersionRow.sha256).join(
    VersionRow, (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number)
)
NOWHERE: Mapping[str, int] = {}

Publication = tuple[Lease, Scope, NewVersion]
"""The hold on the job that made a version, whose it is, and the version."""


@dataclass(frozen=True, slots=True)
class Purge:
    """A document whose rows are gone, and whose vectors and files must go.

    `removed` counts what there was in each place, for the receipt that is owed; None where none is.
    """

    scope: Scope
    document_id: str
    removed: Mapping[str, int] | None
    files: tuple[str, ...]


class Documents:
    """The writing side of documents.

    Args:
        database: where they are.
        keep_versions: how many versions' texts stay readable, the live one included.
        index: the one that versions are published into, where another process may put another in force.
    """

    def __init__(self, database: Database, keep_versions: int, index: str = "") -> None:
        self._database = database
        self._keep_versions = keep_versions
        self._index = index

    def check_index(self) -> None:
        """Whether versions may be published now, as far as the index is concerned.

        Raises:
            IndexMismatch, IndexChanging: they may not.
        """
        if self._index:
            Indexes(self._database).names().check(self._index)

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

        What each job will report is noted with it, for whoever takes it up if this worker dies now.
        A job that is not its worker's any more, because its document was deleted or because another worker
        has taken it over, is left out and changes nothing.

        Raises:
            IndexMismatch, IndexChanging: nothing may be published now.
        """
        numbers: dict[str, int] = {}
        with self._database.writing() as connection:
            if self._index:
                check_publishable(connection, self._index)
            there = _locked(connection, held([lease for lease, _, _ in publications]))
            mine = [one for one in publications if one[0].job_id in there]
            for lease, scope, new in sorted(mine, key=lambda one: one[2].document_id):
                number = write_version(connection, scope, new, self._keep_versions)
                _note(connection, lease, replace(new.report, version=number))
                numbers[lease.job_id] = number
            for tenant in sorted({scope.tenant for _, scope, _ in mine}):
                move_epoch(connection, tenant)
        return numbers

    def relabel(
        self, lease: Lease, scope: Scope, document_id: str, labels: Labels, report: IngestReport
    ) -> None:
        """Gives the live version other labels, and notes what the job will report.

        Raises:
            LeaseLost: the job is not its worker's any more; nothing has changed.
        """
        ours = (DocumentRow.id == document_id) & (DocumentRow.tenant == scope.tenant)
        with self._database.writing() as connection:
            if not _locked(connection, held([lease])):
                raise LeaseLost(f"the job {lease.job_id} is another worker's, or gone")
            source, own = connection.execute(
                select(DocumentRow.source, DocumentRow.own_metadata).where(ours).with_for_update()
            ).one()
            fields = labelled(source, own, labels)
            connection.execute(update(DocumentRow).where(ours).values(**fields, updated_at=now()))
            _note(connection, lease, report)
            move_epoch(connection, scope.tenant)

    def delete(
        self, scope: Scope, document_id: str, elsewhere: Mapping[str, int] = NOWHERE
    ) -> tuple[Purge, int]:
        """Removes all rows of the document, and of the answers that quoted it.

        Notes that what lies outside the catalogue must go, of which there was as much as `elsewhere` counts.

        Returns:
            What was noted, and the delete's epoch: whoever writes under a higher one began after it.
        """
        with self._database.writing() as connection:
            _locked(connection, (JobRow.document_id == document_id) & (JobRow.tenant == scope.tenant))
            files = sorted(file_hashes(connection, scope, document_id))
            removed = {**remove_rows(connection, scope, document_id), **elsewhere}
            noted = {"removed": removed, "files": files}
            purge = {"document_id": document_id, "tenant": scope.tenant, "created_at": now(), **noted}
            upsert(connection, PurgeRow, purge, noted)
            epoch = next_epoch(connection)
            move_epoch(connection, scope.tenant)
        return Purge(scope, document_id, removed, tuple(files)), epoch

    def count(self, scope: Scope, document_id: str) -> Mapping[str, int]:
        """How many rows there are of the document."""
        with self._database.reading() as connection:
            return count_rows(connection, scope, document_id)

    def pending_purges(self) -> list[Purge]:
        """Documents of which something may still be outside the catalogue, because a delete was cut off."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*PurgeRow.__table__.columns)).mappings().all()
        return [
            Purge(Scope(row["tenant"]), row["document_id"], row["removed"], tuple(row["files"]))
            for row in rows
        ]

    def purged(self, document_id: str) -> None:
        """Nothing of the deleted document is left that nobody needs."""
        with self._database.writing() as connection:
            connection.execute(delete(PurgeRow).where(PurgeRow.document_id == document_id))

    def proved(self, scope: Scope, document_id: str, receipt: Mapping[str, Any]) -> None:
        """Nothing of the deleted document is left, and this receipt says so; both are kept in one step."""
        with self._database.writing() as connection:
            connection.execute(delete(PurgeRow).where(PurgeRow.document_id == document_id))
            kept = {"id": receipt["id"], "tenant": scope.tenant, "document_id": document_id}
            connection.execute(insert(ReceiptRow).values(**kept, body=dict(receipt), created_at=now()))

    def unreferenced(self, scope: Scope, hashes: Sequence[str]) -> list[str]:
        """Those of the file hashes that no live version and no job of the tenant that is not done needs."""
        with self._database.reading() as connection:
            return _unreferenced(connection, scope, hashes)

    def needed_files(self, hashes: Sequence[str] | None = None) -> list[tuple[Scope, str]]:
        """The files (with these hashes) of live versions and of jobs that are not done, of all tenants."""
        queries = [(OF_LIVE_VERSIONS, VersionRow.sha256), (OF_OPEN_JOBS, JobRow.sha256)]
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

    def count_live_chunks(self, scope: Scope | None = None) -> int:
        """How many chunks the live versions have, of one tenant or of all."""
        of_live = (DocumentRow.id == VersionRow.document_id) & (DocumentRow.live_version == VersionRow.number)
        query = select(func.sum(VersionRow.chunks)).join(DocumentRow, of_live)
        if scope is not None:
            query = query.where(DocumentRow.tenant == scope.tenant)
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def as_job(self, scope: Scope, document_id: str) -> NewJob | None:
        """The job that would ingest a live document again from its kept file; None where there is none."""
        ours = (DocumentRow.id == document_id) & (DocumentRow.tenant == scope.tenant)
        with self._database.reading() as connection:
            row = connection.execute(_LIVE.where(ours)).mappings().first()
        return None if row is None else _as_job(row)

    def everything(self) -> list[tuple[Scope, NewJob]]:
        """Every live document of every tenant as a job that would ingest it again from its kept file."""
        with self._database.reading() as connection:
            return [(Scope(row["tenant"]), _as_job(row)) for row in connection.execute(_LIVE).mappings()]


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


def _locked(connection: Connection, which: ColumnElement[bool]) -> frozenset[str]:
    """The ids of these jobs, which nobody else changes or removes before the transaction ends."""
    return frozenset(connection.scalars(select(JobRow.id).where(which).order_by(JobRow.id).with_for_update()))


def _note(connection: Connection, lease: Lease, report: IngestReport) -> None:
    connection.execute(update(JobRow).where(JobRow.id == lease.job_id).values(report=asdict(report)))


def _unreferenced(connection: Connection, scope: Scope, hashes: Sequence[str]) -> list[str]:
    live = OF_LIVE_VERSIONS.where(DocumentRow.tenant == scope.tenant, VersionRow.sha256.in_(hashes))
    waiting = OF_OPEN_JOBS.where(JobRow.tenant == scope.tenant, JobRow.sha256.in_(hashes))
    needed = {sha256 for query in (live, waiting) for _, sha256 in connection.execute(query)}
    return sorted(set(hashes) - needed)
