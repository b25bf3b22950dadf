"""The queue: a job's row is its place in it, so nothing queued is lost with a process."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.catalogue import claiming
from service.catalogue.claiming import FAILED, FINISHED, NOBODYS, UNDER_WAY, held
from service.catalogue.database import Database, clock, insert_new, now
from service.catalogue.job_rows import Cancelled, ClaimedJob, Lease, NewJob, as_new, job_of, new_row
from service.catalogue.models import IdempotencyRow, JobRow
from service.catalogue.reading import readable_jobs
from service.errors import Conflict, LeaseLost, NotFound
from service.records import Failure, IngestReport, Job, JobState, Queue, QueuedJob
from service.types import Scope

LEASE_S = 60.0
Admission = Callable[[Connection, Scope, Sequence[NewJob]], None]
"""Raises what keeps uploads from being queued; see `admission.py`."""


class Jobs:
    """The queue of ingests.

    Args:
        database: where it is.
        lease_s: how long a job stays with a worker that gives no sign of life.
    """

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease_s)
        self._owner = str(uuid.uuid4())
        self._ours: frozenset[Lease] = frozenset()
        """What was taken here and not found lost or done since. A claim whose commit went unanswered is in
        nobody's hands: it expires."""
        self._noting = threading.Lock()

    def add(
        self,
        scope: Scope,
        new: Sequence[NewJob],
        key: str | None = None,
        request: str = "",
        *,
        admit: Admission | None = None,
    ) -> list[QueuedJob]:
        """Queues jobs. With an idempotency key, the same `request` hash returns the jobs of the first call.

        They are told from the request, so that nothing of a document is remembered for it; a document that
        was deleted meanwhile stays deleted. `admit` decides whether those that are new may be queued.

        Raises:
            Conflict: the key was used for another request.
        """
        with self._database.writing() as connection:
            turn = claiming.next_turn(connection, scope.tenant)
            rows = [new_row(scope, job, turn + place, now()) for place, job in enumerate(new)]
            ids = [row["id"] for row in rows]
            known = None if key is None else _known(connection, scope, key, request, ids)
            if rows and known is None:
                if admit is not None:
                    admit(connection, scope, new)
                connection.execute(insert(JobRow), rows)
            ids = known or ids
        return [QueuedJob(id, job.document_id, job.source) for id, job in zip(ids, new, strict=True)]

    def claim(self, max_jobs: int, max_bytes: int, *, alone: bool = True) -> list[ClaimedJob]:
        """Takes queued jobs, tenant by tenant in turn; of one document one at a time, in their order.

        A job that was under way when something went wrong is taken alone, so that it takes no others down
        with it; those with strikes come last. `alone`: the caller has nothing else under way. If it has, and
        such a job is next, nothing is taken. Jobs of workers that gave no sign of life are queued again.
        """
        try:
            with self._database.writing() as connection:
                moment = clock(connection)
                claiming.requeue_expired(connection, self._ours, moment, self._lease)
                found = connection.execute(claiming.queued(max_jobs)).mappings()
                rows = claiming.batch(found, max_bytes, alone=alone)
                taken = claiming.take(connection, rows, self._owner, moment + self._lease)
        except IntegrityError:  # another job of one of the documents was taken at this very moment
            return []
        with self._noting:
            self._ours |= {job.lease for job in taken}
        return taken

    def requeue_expired(self) -> None:
        """Puts back what others hold who have given no sign of life; every claim does so too."""
        with self._database.writing() as connection:
            claiming.requeue_expired(connection, self._ours, clock(connection), self._lease)

    def new_epoch(self) -> int:
        """An epoch for what is written to the store without a job: higher than those of all before it.

        Taken before a look at what is there, so that it is lower than that of any job taken since.
        """
        with self._database.writing() as connection:
            return claiming.next_epoch(connection)

    def renew(self) -> int:
        """A sign of life: whatever this worker has under way stays with it; how many jobs."""
        ours = self._ours
        with self._database.writing() as connection:
            until = clock(connection) + self._lease
            renewed = update(JobRow).where(held(ours)).values(lease_until=until)
            rows = connection.execute(renewed.returning(JobRow.id, JobRow.epoch))
            kept = {Lease(*row) for row in rows}
        with self._noting:
            self._ours -= ours - kept
        return len(kept)

    def held(self, leases: Sequence[Lease]) -> frozenset[str]:
        """Those of the jobs that are still their worker's: not deleted with their document, nor lost."""
        with self._database.reading() as connection:
            return frozenset(connection.scalars(select(JobRow.id).where(held(leases))))

    def move(self, leases: Sequence[Lease], state: JobState, progress: float) -> None:
        """Notes how far jobs are; `progress` lies in [0, 1]. Nothing is noted of those that were lost."""
        with self._database.writing() as connection:
            connection.execute(
                update(JobRow).where(held(leases)).values(state=state, progress=progress, updated_at=now())
            )

    def finish(self, reports: Mapping[Lease, IngestReport]) -> None:
        """These jobs are done, but for those that were lost; reports by lease."""
        with self._database.writing() as connection:
            mine = select(JobRow.id).where(held(list(reports))).order_by(JobRow.id).with_for_update()
            there = frozenset(connection.scalars(mine))
            for lease, report in reports.items():
                if lease.job_id in there:
                    connection.execute(
                        update(JobRow)
                        .where(JobRow.id == lease.job_id)
                        .values(
                            state="done",
                            progress=1.0,
                            report=dataclasses.asdict(report),
                            updated_at=now(),
                            **NOBODYS,
                        )
                    )
        self._forget(reports)

    def fail(self, lease: Lease, failure: Failure) -> None:
        """The job has failed for good.

        Raises:
            LeaseLost: it is not its worker's any more; nothing has changed.
        """
        ended = {"state": "failed", "error": dataclasses.asdict(failure), "report": None, **NOBODYS}
        with self._database.writing() as connection:
            failed = connection.execute(update(JobRow).where(held([lease])).values(**ended, updated_at=now()))
            if not failed.rowcount:
                raise LeaseLost(f"the job {lease.job_id} cannot fail: it is another worker's, or gone")
        self._forget([lease])

    def requeue_interrupted(self) -> int:
        """Puts back whatever is under way, under suspicion; returns how many.

        Only for the start of a process that holds the data folder: that no other one lives is sure then.
        """
        with self._database.writing() as connection:
            return claiming.requeue(connection, UNDER_WAY, suspected=True)

    def release(self, leases: Sequence[Lease], *, suspected: bool) -> int:
        """Puts taken jobs back; returns how many.

        Suspected are those during which something went wrong that may have been their fault: the first time
        they lose their company, and from then on each time is a strike.
        """
        with self._database.writing() as connection:
            released = claiming.requeue(connection, held(leases), suspected=suspected)
        self._forget(leases)
        return released

    def _forget(self, leases: Iterable[Lease]) -> None:
        """These are not this worker's any more: every claim names what is, and gets slower the more it is."""
        with self._noting:
            self._ours -= set(leases)

    def cancel(self, scope: Scope, job_id: str) -> Cancelled:
        """Takes a queued job out of the queue.

        Raises:
            NotFound: there is none of that id in the tenant.
            Conflict: it runs, or has ended.
        """
        of_tenant = (JobRow.id == job_id) & (JobRow.tenant == scope.tenant)
        with self._database.writing() as connection:
            query = select(*JobRow.__table__.columns).where(of_tenant)
            row = connection.execute(query.with_for_update()).mappings().first()
            if row is None:
                raise NotFound(f"there is no job {job_id!r}")
            if row["state"] != "queued":
                what = "has ended" if row["state"] in FINISHED else "runs already"
                raise Conflict(f"the job {job_id!r} {what}", hint="delete its document instead")
            connection.execute(delete(JobRow).where(of_tenant))
        return Cancelled(row["document_id"], row["source"], row["sha256"])

    def retry(self, scope: Scope, job_id: str, is_kept: Callable[[str], bool]) -> None:
        """Queues a failed job again, as if it had never been taken.

        Raises:
            NotFound: there is none of that id in the tenant.
            Conflict: it has not failed, its document was uploaded again since, or its file is gone, which
                `is_kept` tells from its hash.
        """
        of_tenant = (JobRow.id == job_id) & (JobRow.tenant == scope.tenant)
        with self._database.writing() as connection:
            row = connection.execute(select(*JobRow.__table__.columns).where(of_tenant).with_for_update())
            if (job := row.mappings().first()) is None:
                raise NotFound(f"there is no job {job_id!r}")
            if job["state"] != "failed":
                raise Conflict(f"the job {job_id!r} is {job['state']}; only a failed one can be retried")
            newer = (JobRow.document_id == job["document_id"]) & (JobRow.sequence > job["sequence"])
            if connection.scalar(select(JobRow.id).where(newer).limit(1)) is not None:
                raise Conflict(f"the document of the job {job_id!r} was uploaded again since")
            if not is_kept(job["sha256"]):
                raise Conflict(f"the file of the job {job_id!r} is gone", hint="put the document in again")
            turn = claiming.next_turn(connection, scope.tenant)
            connection.execute(update(JobRow).where(of_tenant).values(**as_new(turn, now())))

    def under_way(self, scope: Scope, document_id: str) -> bool:
        """Whether a job of the document runs."""
        running = select(JobRow.id).where(
            JobRow.document_id == document_id,
            JobRow.tenant == scope.tenant,
            UNDER_WAY,
        )
        with self._database.reading() as connection:
            return connection.scalar(running) is not None

    def get(self, scope: Scope, job_id: str) -> Job:
        """One job.

        Raises:
            NotFound: there is none of that id that the scope may know of.
        """
        with self._database.reading() as connection:
            query = select(*JobRow.__table__.columns).where(
                JobRow.id == job_id, JobRow.tenant == scope.tenant
            )
            rows = connection.execute(query).mappings().all()
            found = [job_of(row) for row in readable_jobs(connection, scope, rows)]
        if not found:
            raise NotFound(f"there is no job {job_id!r}")
        return found[0]

    def waiting(self) -> bool:
        """Whether a job is queued that nobody has taken."""
        with self._database.reading() as connection:
            query = select(JobRow.id).where(claiming.WAITING).limit(1)
            return connection.scalar(query) is not None

    def depth(self) -> int:
        """How many jobs wait or run."""
        return self.in_numbers().depth

    def in_numbers(self) -> Queue:
        """How many wait or run or have failed, and for how long the oldest has waited."""
        with self._database.reading() as connection:
            counts = [select(func.count()).where(which) for which in (claiming.WAITING, UNDER_WAY, FAILED)]
            waiting, running, failed = (connection.scalar(count) or 0 for count in counts)
            oldest = connection.scalar(select(func.min(JobRow.created_at)).where(claiming.WAITING))
            waited = (clock(connection) - oldest).total_seconds() if oldest is not None else 0.0
        return Queue(waiting + running, max(0.0, waited), failed)


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
