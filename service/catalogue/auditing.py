"""What the catalogue says, to be compared with index and originals, and where it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, union, update

from service.catalogue import claiming
from service.catalogue.claiming import FINISHED, NOBODYS, UNDER_WAY
from service.catalogue.database import Database
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, TenantRow, VersionRow
from service.types import Scope

ROWS_AT_ONCE = 1_000
WORKED_AT = JobRow.state.not_in(("queued", *FINISHED))
OWNERLESS = WORKED_AT & ~UNDER_WAY
IDLE_BUT_OWNED = ~WORKED_AT & UNDER_WAY


@dataclass(frozen=True, slots=True)
class LostJob:
    """A job whose state says otherwise than its owner."""

    id: str
    tenant: str
    state: str
    owned: bool


class Auditing:
    """Reads of all tenants, for `fsck.py`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tenants(self) -> list[Scope]:
        """Every tenant that has ever had a document or a job."""
        query = union(select(TenantRow.name), select(JobRow.tenant), select(DocumentRow.tenant))
        with self._database.reading() as connection:
            return [Scope(name) for name in sorted(connection.scalars(query))]

    def live_chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Document and chunk id of every chunk of the tenant's live versions."""
        query = (
            select(ChunkRow.document_id, ChunkRow.chunk_id)
            .join(
                DocumentRow,
                (DocumentRow.id == ChunkRow.document_id) & (DocumentRow.live_version == ChunkRow.version),
            )
            .where(DocumentRow.tenant == scope.tenant)
        )
        with self._database.reading() as connection:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
            yield from ((row.document_id, row.chunk_id) for row in rows)

    def torn(self, scope: Scope) -> list[str]:
        """Documents whose live version has not the chunks that it should have."""
        there = select(func.count()).where(
            ChunkRow.document_id == DocumentRow.id, ChunkRow.version == DocumentRow.live_version
        )
        query = (
            select(DocumentRow.id)
            .join(
                VersionRow,
                (VersionRow.document_id == DocumentRow.id) & (VersionRow.number == DocumentRow.live_version),
            )
            .where(DocumentRow.tenant == scope.tenant, VersionRow.chunks != there.scalar_subquery())
        )
        with self._database.reading() as connection:
            return sorted(connection.scalars(query))

    def is_coming(self, scope: Scope, document_id: str) -> bool:
        """Whether a job of the document waits or runs, which will put it right."""
        of_document = (JobRow.document_id == document_id) & (JobRow.tenant == scope.tenant)
        query = select(JobRow.id).where(of_document, JobRow.state.not_in(FINISHED)).limit(1)
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def lost_jobs(self) -> list[LostJob]:
        """Jobs that are worked at by nobody, and jobs that nobody works at but somebody holds."""
        columns = (JobRow.id, JobRow.tenant, JobRow.state, UNDER_WAY)
        with self._database.reading() as connection:
            rows = connection.execute(select(*columns).where(OWNERLESS | IDLE_BUT_OWNED)).all()
        return [LostJob(job, tenant, state, bool(owned)) for job, tenant, state, owned in rows]

    def free_lost_jobs(self) -> None:
        """Queues again what nobody works at, and takes from its owner what is not worked at."""
        with self._database.writing() as connection:
            claiming.requeue(connection, OWNERLESS, suspected=True)
            owned: ColumnElement[bool] = IDLE_BUT_OWNED
            connection.execute(update(JobRow).where(owned).values(**NOBODYS))
