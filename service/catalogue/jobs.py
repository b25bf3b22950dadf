"""The queue: a job's row is its place in it, so nothing queued is lost with a process."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import aliased

from service.catalogue.database import Database, insert_new, now
from service.catalogue.models import IdempotencyRow, JobRow
from service.errors import Conflict, NotFound
from service.records import Failure, IngestReport, Job, JobState, QueuedJob, RefusedRecord
from service.types import Scalar, Scope

FINISHED = ("done", "failed")
CLAIM_WINDOW = 256


@dataclass(frozen=True, slots=True)
class NewJob:
    """A file that was kept and waits to be ingested; metadata or groups of None stay as they are."""

    document_id: str
    source: str
    filename: str
    sha256: str
    size_bytes: int
    metadata: Mapping[str, Scalar] | None = None
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has taken; `attempts` counts this one. See `JobRow` for `alone` and `strikes`."""

    id: str
    scope: Scope
    document_id: str
    source: str
    filename: str
    sha256: str
    size_bytes: int
    metadata: Mapping[str, Scalar] | None
    groups: tuple[str, ...] | None
    attempts: int
    alone: bool = False
    strikes: int = 0


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a job that was taken back was about."""

    document_id: str
    source: str
    sha256: str


class Jobs:
    """The queue of ingests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, scope: Scope, new: Sequence[NewJob], key: str | None = None, request: str = ""
    ) -> list[QueuedJob]:
        """Queues jobs. With an idempotency key, the same `request` hash returns the jobs of the first call.

        They are told from the request, so that nothing of a document is remembered for it; a document that
        was deleted meanwhile stays deleted.

        Raises:
            Conflict: the key was used for another request.
        """
        with self._database.writing() as connection:
            rows = [_row(scope, job, now()) for job in new]
            ids = [row["id"] for row in rows]
            known = None if key is None else _known(connection, scope, key, request, ids)
            if rows and known is None:
                connection.execute(insert(JobRow), rows)
            ids = known or ids
        return [QueuedJob(id, job.document_id, job.source) for id, job in zip(ids, new, strict=True)]

    def claim(self, max_jobs: int, max_bytes: int, *, alone: bool = True) -> list[ClaimedJob]:
        """Takes queued jobs in order; of one document never two, nor one before an earlier one has ended.

        A job that was under way when something went wrong is taken alone, so that it takes no others down
        with it; those with strikes come last. `alone`: the caller has nothing else under way. If it has, and
        such a job is next, nothing is taken.
        """
        earlier = aliased(JobRow)
        blocked = exists().where(
            earlier.document_id == JobRow.document_id,
            earlier.sequence < JobRow.sequence,
            earlier.state.not_in(FINISHED),
        )
        with self._database.writing() as connection:
            queued = (
                select(*JobRow.__table__.columns)
                .where(JobRow.state == "queued", ~blocked)
                .order_by(JobRow.strikes, JobRow.sequence)
                .limit(min(max_jobs, CLAIM_WINDOW))
            )
            taken = _batch(connection.execute(queued).mappings(), max_bytes, alone=alone)
            connection.execute(
                update(JobRow)
                .where(JobRow.id.in_([row["id"] for row in taken]))
                .values(state="parsing", attempts=JobRow.attempts + 1, updated_at=now())
            )
        return [_claimed(row) for row in taken]

    def move(self, job_ids: Sequence[str], state: JobState, progress: float) -> None:
        """Notes how far jobs are; `progress` lies in [0, 1]."""
        with self._database.writing() as connection:
            connection.execute(
                update(JobRow)
                .where(JobRow.id.in_(job_ids))
                .values(state=state, progress=progress, updated_at=now())
            )

    def finish(self, reports: Mapping[str, IngestReport]) -> None:
        """These jobs are done; reports by job."""
        with self._database.writing() as connection:
            for job_id, report in reports.items():
                connection.execute(
                    update(JobRow)
                    .where(JobRow.id == job_id)
                    .values(state="done", progress=1.0, report=dataclasses.asdict(report), updated_at=now())
                )

    def fail(self, job_id: str, failure: Failure) -> None:
        """The job has failed for good."""
        with self._database.writing() as connection:
            connection.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(state="failed", error=dataclasses.asdict(failure), updated_at=now())
            )

    def existing(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Those of the jobs that are still there: a delete removes the jobs of its document."""
        with self._database.reading() as connection:
            return frozenset(connection.scalars(select(JobRow.id).where(JobRow.id.in_(job_ids))))

    def requeue_interrupted(self) -> int:
        """Puts back what a process that died had taken, under suspicion; returns how many."""
        return self._requeue(JobRow.state.not_in((*FINISHED, "queued")), suspected=True)

    def release(self, job_ids: Sequence[str], *, suspected: bool) -> int:
        """Puts taken jobs back; returns how many.

        Suspected are those during which something went wrong that may have been their fault: the first time
        they lose their company, and from then on each time is a strike.
        """
        unfinished = JobRow.id.in_(job_ids) & JobRow.state.not_in((*FINISHED, "queued"))
        return self._requeue(unfinished, suspected=suspected)

    def cancel(self, scope: Scope, job_id: str) -> Cancelled:
        """Takes a queued job out of the queue.

        Raises:
            NotFound: there is none of that id in the tenant.
            Conflict: it runs, or has ended.
        """
        of_tenant = (JobRow.id == job_id) & (JobRow.tenant == scope.tenant)
        with self._database.writing() as connection:
            query = select(*JobRow.__table__.columns).where(of_tenant)
            row = connection.execute(query).mappings().first()
            if row is None:
                raise NotFound(f"there is no job {job_id!r}")
            if row["state"] != "queued":
                what = "has ended" if row["state"] in FINISHED else "runs already"
                raise Conflict(f"the job {job_id!r} {what}", hint="delete its document instead")
            connection.execute(delete(JobRow).where(of_tenant))
        return Cancelled(row["document_id"], row["source"], row["sha256"])

    def under_way(self, scope: Scope, document_id: str) -> bool:
        """Whether a job of the document runs."""
        running = select(JobRow.id).where(
            JobRow.document_id == document_id,
            JobRow.tenant == scope.tenant,
            JobRow.state.not_in((*FINISHED, "queued")),
        )
        with self._database.reading() as connection:
            return connection.scalar(running) is not None

    def get(self, scope: Scope, job_id: str) -> Job:
        """One job.

        Raises:
            NotFound: there is none of that id in the tenant.
        """
        with self._database.reading() as connection:
            query = select(*JobRow.__table__.columns).where(
                JobRow.id == job_id, JobRow.tenant == scope.tenant
            )
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"there is no job {job_id!r}")
        return job_of(row)

    def _requeue(self, which: ColumnElement[bool], *, suspected: bool) -> int:
        values: dict[str, Any] = {"state": "queued", "progress": 0.0, "updated_at": now()}
        if suspected:
            values |= {"alone": True, "strikes": JobRow.strikes + cast(JobRow.alone, Integer)}
        with self._database.writing() as connection:
            return connection.execute(update(JobRow).where(which).values(**values)).rowcount

    def waiting(self) -> bool:
        """Whether a job is queued that nobody has taken."""
        with self._database.reading() as connection:
            query = select(JobRow.id).where(JobRow.state == "queued").limit(1)
            return connection.scalar(query) is not None

    def depth(self) -> int:
        """How many jobs wait or run."""
        with self._database.reading() as connection:
            query = select(func.count()).select_from(JobRow).where(JobRow.state.not_in(FINISHED))
            return int(connection.scalar(query) or 0)


def _known(
    connection: Connection, scope: Scope, key: str, request: str, ids: Sequence[str]
) -> list[str] | None:
    """The ids of the jobs that the key has queued, in the order of their request.

    None if there are none: the key then stands for `ids`. It is written first, so that of two requests at
    once the second one waits for what the first does.
    """
    kept = {"tenant": scope.tenant, "key": key, "request_sha256": request, "job_ids": list(ids)}
    if insert_new(connection, IdempotencyRow, [{**kept, "created_at": now()}]):
        return None
    row = connection.execute(
        select(IdempotencyRow.request_sha256, IdempotencyRow.job_ids).where(
            IdempotencyRow.tenant == scope.tenant, IdempotencyRow.key == key
        )
    ).one()
    if row.request_sha256 != request:
        raise Conflict("this Idempotency-Key was used for another upload")
    return list(row.job_ids)


def _batch(queued: Iterable[RowMapping], max_bytes: int, *, alone: bool) -> list[RowMapping]:
    taken: list[RowMapping] = []
    size = 0
    for row in queued:
        size += row["size_bytes"]
        if taken and (row["alone"] or size > max_bytes):
            break
        if row["alone"]:
            return [row] if alone else []
        taken.append(row)
    return taken


def _row(scope: Scope, new: NewJob, moment: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "tenant": scope.tenant,
        "document_id": new.document_id,
        "source": new.source,
        "filename": new.filename,
        "sha256": new.sha256,
        "size_bytes": new.size_bytes,
        "attributes": None if new.metadata is None else dict(new.metadata),
        "groups": None if new.groups is None else list(new.groups),
        "state": "queued",
        "progress": 0.0,
        "attempts": 0,
        "alone": False,
        "strikes": 0,
        "error": None,
        "report": None,
        "created_at": moment,
        "updated_at": moment,
    }


def job_of(row: Mapping[str, Any] | RowMapping) -> Job:
    """A job from a row that holds the columns of `jobs`."""
    return Job(
        id=row["id"],
        document_id=row["document_id"],
        source=row["source"],
        state=row["state"],
        progress=row["progress"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        error=None if row["error"] is None else Failure(**row["error"]),
        report=None if row["report"] is None else _report(row["report"]),
    )


def _report(row: Mapping[str, Any]) -> IngestReport:
    return IngestReport(**{**row, "refused": tuple(RefusedRecord(**one) for one in row["refused"])})


def _claimed(row: RowMapping) -> ClaimedJob:
    return ClaimedJob(
        id=row["id"],
        scope=Scope(row["tenant"]),
        document_id=row["document_id"],
        source=row["source"],
        filename=row["filename"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        metadata=row["attributes"],
        groups=None if row["groups"] is None else tuple(row["groups"]),
        attempts=row["attempts"] + 1,
        alone=row["alone"],
        strikes=row["strikes"],
    )
