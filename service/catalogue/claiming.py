"""Who is next: which queued jobs a worker takes, and how it keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    cast,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from service.catalogue.database import now
from service.catalogue.job_rows import ClaimedJob, Lease, claimed_job
from service.catalogue.models import CounterRow, JobRow

FINISHED = ("done", "failed")
UNDER_WAY = JobRow.owner.is_not(None)
NOBODYS = {"owner": None, "lease_until": None}
CLAIM_WINDOW = 256
CLAIMS_AT_ONCE = 4
"""Full windows that others may take at the same moment before a claim finds nothing, and is made again."""


def held(leases: Iterable[Lease]) -> ColumnElement[bool]:
    """The jobs that are still held under these leases, and under no later ones."""
    pairs = [(lease.job_id, lease.epoch) for lease in leases]
    named = JobRow.id.in_([job_id for job_id, _ in pairs])  # finds them by the index
    return named & tuple_(JobRow.id, JobRow.epoch).in_(pairs) & UNDER_WAY


def requeue(connection: Connection, which: ColumnElement[bool], *, suspected: bool) -> int:
    """Puts jobs back; see `Jobs.release` for `suspected`."""
    values: dict[str, Any] = {"state": "queued", "progress": 0.0, "updated_at": now(), **NOBODYS}
    if suspected:
        values |= {"alone": True, "strikes": JobRow.strikes + cast(JobRow.alone, Integer)}
    return connection.execute(update(JobRow).where(which).values(**values)).rowcount


def requeue_expired(connection: Connection, owner: str, moment: datetime) -> None:
    """Puts back what others hold who have given no sign of life; they may have died of it.

    What one of them writes at this moment is passed over: he lives.
    """
    expired = UNDER_WAY & (JobRow.owner != owner) & (JobRow.lease_until < moment)
    query = select(JobRow.id).where(expired).with_for_update(skip_locked=True)
    if ids := connection.scalars(query).all():
        requeue(connection, JobRow.id.in_(ids), suspected=True)


def queued(max_jobs: int) -> Select[tuple[object, ...]]:
    """The jobs that may be taken, those first whose turn it is, and locked; what others take is passed over.

    Of each document the first one, if none of it is under way. Tenants take turns, and whoever has jobs
    under way waits as many turns.
    """
    earlier = aliased(JobRow)
    is_first = ~exists().where(
        earlier.document_id == JobRow.document_id,
        earlier.sequence < JobRow.sequence,
        earlier.state.not_in(FINISHED),  # not `== "queued"`: SQLite would look it up by that, job by job
    )
    is_free = JobRow.document_id.not_in(select(JobRow.document_id).where(UNDER_WAY))
    jobs = func.count().label("jobs")
    busy = select(JobRow.tenant, jobs).where(UNDER_WAY).group_by(JobRow.tenant).subquery()
    place = func.row_number().over(partition_by=JobRow.tenant, order_by=(JobRow.strikes, JobRow.sequence))
    turn = (place + func.coalesce(busy.c.jobs, 0)).label("turn")
    turns = (
        select(JobRow.sequence, turn)
        .outerjoin(busy, busy.c.tenant == JobRow.tenant)
        .where(JobRow.state == "queued", is_first, is_free)
        .order_by(JobRow.strikes, turn, JobRow.sequence)
        .limit(CLAIMS_AT_ONCE * CLAIM_WINDOW)
        .subquery()
    )
    return (
        select(*JobRow.__table__.columns)
        .join(turns, turns.c.sequence == JobRow.sequence)
        .where(JobRow.state == "queued")
        .order_by(JobRow.strikes, turns.c.turn, JobRow.sequence)
        .limit(min(max_jobs, CLAIM_WINDOW))
        .with_for_update(skip_locked=True, of=JobRow)
    )


def batch(found: Iterable[RowMapping], max_bytes: int, *, alone: bool) -> list[RowMapping]:
    """As many of the jobs as are taken at once; see `Jobs.claim`."""
    taken: list[RowMapping] = []
    size = 0
    for row in found:
        size += row["size_bytes"]
        if taken and (row["alone"] or size > max_bytes):
            break
        if row["alone"]:
            return [row] if alone else []
        taken.append(row)
    return taken


def take(
    connection: Connection, rows: Sequence[RowMapping], owner: str, lease_until: datetime
) -> list[ClaimedJob]:
    """Gives the jobs to an owner, under an epoch higher than all that there were."""
    if not rows:
        return []
    next_epoch = update(CounterRow).where(CounterRow.name == "lease").values(value=CounterRow.value + 1)
    epoch: int = connection.execute(next_epoch.returning(CounterRow.value)).scalar_one()
    connection.execute(
        update(JobRow)
        .where(JobRow.id.in_([row["id"] for row in rows]))
        .values(
            state="parsing",
            attempts=JobRow.attempts + 1,
            owner=owner,
            lease_until=lease_until,
            epoch=epoch,
            updated_at=now(),
        )
    )
    return [claimed_job(row, epoch) for row in rows]
