"""Who is next: which queued jobs a worker takes, and how it keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    cast,
    literal_column,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from service.catalogue.database import now, serving_since
from service.catalogue.job_rows import ClaimedJob, Lease, claimed_job
from service.catalogue.models import CounterRow, JobRow

FINISHED = ("done", "failed")
UNDER_WAY = JobRow.owner.is_not(None)
WAITING = JobRow.state == literal_column("'queued'")
FAILED = JobRow.state == literal_column("'failed'")
"""Written out rather than bound, so that the indexes of what waits, or has failed, can be used."""
NOBODYS = {"owner": None, "lease_until": None}
CLAIM_WINDOW = 256


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


def requeue_expired(
    connection: Connection, ours: Iterable[Lease], moment: datetime, lease: timedelta
) -> None:
    """Puts back what others hold who have given no sign of life; they may have died of it.

    What one of them writes at this moment is passed over: he lives. `ours` is what the caller knows that he
    has himself. Who could give none because the database was away has the time of a lease after its start.
    """
    expired = UNDER_WAY & (JobRow.lease_until < moment) & ~held(ours)
    query = select(JobRow.id, JobRow.lease_until).where(expired).with_for_update(skip_locked=True)
    if not (found := connection.execute(query).all()):
        return
    since = serving_since(connection)
    if ids := [row.id for row in found if row.lease_until >= since or moment - since >= lease]:
        requeue(connection, JobRow.id.in_(ids), suspected=True)


def next_turn(connection: Connection, tenant: str) -> int:
    """The turn of what a tenant queues now: after its own jobs, and not before those of others who wait.

    Turns are those of fair queueing by start time (Goyal, Vin, Cheng 1996): a tenant that had nothing to do
    begins with the lowest turn that is not done with. So tenants take turns, whoever has jobs under way when
    another comes waits as many turns, and a claim reads the jobs of the lowest turns and no others. Jobs with
    strikes wait apart, so they hold nobody's turn back.
    """
    waiting, running = select(JobRow.turn).where(WAITING), select(JobRow.turn).where(UNDER_WAY)
    innocent, own = JobRow.strikes == 0, JobRow.tenant == tenant
    lowest = [one.where(innocent).order_by(JobRow.turn).limit(1) for one in (waiting, running)]
    highest = [one.where(own).order_by(JobRow.turn.desc()).limit(1) for one in (waiting, running)]
    begun = min(_turns(connection, lowest), default=1)
    return max([begun, *(turn + 1 for turn in _turns(connection, highest))])


def _turns(connection: Connection, queries: Sequence[Select[int]]) -> list[int]:
    return list(connection.scalars(union_all(*(select(one.subquery().c.turn) for one in queries))))


def queued(max_jobs: int) -> Select[tuple[object, ...]]:
    """The jobs that may be taken, those first whose turn it is, and locked; what others take is passed over.

    Of each document the first one, if none of it is under way.
    """
    other = aliased(JobRow)
    # One look at an index for each job: "no earlier one" would compare thousands of a document in pairs. And
    # `<=`, because PostgreSQL takes `==` for so rare that it would sort the whole queue instead.
    first = (
        select(other.sequence)
        .where(other.document_id == JobRow.document_id, other.state == literal_column("'queued'"))
        .order_by(other.sequence)
        .limit(1)
        .scalar_subquery()
    )
    is_free = JobRow.document_id.not_in(select(JobRow.document_id).where(UNDER_WAY))
    return (
        select(*JobRow.__table__.columns)
        .where(WAITING, JobRow.sequence <= first, is_free)
        .order_by(JobRow.strikes, JobRow.turn, JobRow.sequence)
        .limit(min(max_jobs, CLAIM_WINDOW))
        .with_for_update(skip_locked=True, of=JobRow)
    )


def next_epoch(connection: Connection) -> int:
    """An epoch higher than all that there were, of any job, delete or repair.

    Other transactions that want one wait for the end of this one, so it is taken after all other locks but a
    tenant's.
    """
    following = update(CounterRow).where(CounterRow.name == "lease").values(value=CounterRow.value + 1)
    epoch: int = connection.execute(following.returning(CounterRow.value)).scalar_one()
    return epoch


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
    epoch = next_epoch(connection)
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
