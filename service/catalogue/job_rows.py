"""Jobs as they are queued, taken and shown, and the rows that hold them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from service.records import Failure, IngestReport, Job, RefusedRecord
from service.types import Scalar, Scope


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
class Lease:
    """A worker's hold on a job, named with everything that it writes; see `JobRow` for the epoch."""

    job_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has taken; `attempts` counts this one. See `JobRow` for `alone` and `strikes`.

    `report` is there if an earlier worker died after what it had made of the job was published.
    """

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
    epoch: int
    alone: bool = False
    strikes: int = 0
    report: IngestReport | None = None

    @property
    def lease(self) -> Lease:
        """The worker's hold on it."""
        return Lease(self.id, self.epoch)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a job that was taken back was about."""

    document_id: str
    source: str
    sha256: str


def new_row(scope: Scope, new: NewJob, turn: int, moment: datetime) -> dict[str, Any]:
    """The row that queues a job."""
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
        "created_at": moment,
        **as_new(turn, moment),
    }


def as_new(turn: int, moment: datetime) -> dict[str, Any]:
    """The columns of a job that nobody has taken yet."""
    return {
        "state": "queued",
        "progress": 0.0,
        "attempts": 0,
        "alone": False,
        "strikes": 0,
        "turn": turn,
        "owner": None,
        "lease_until": None,
        "epoch": 0,
        "error": None,
        "report": None,
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
        report=_report(row["report"]) if row["state"] == "done" else None,
    )


def _report(row: Mapping[str, Any] | None) -> IngestReport | None:
    if row is None:
        return None
    return IngestReport(**{**row, "refused": tuple(RefusedRecord(**one) for one in row["refused"])})


def claimed_job(row: RowMapping, epoch: int) -> ClaimedJob:
    """A job that was taken just now, from its row as it was before."""
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
        epoch=epoch,
        alone=row["alone"],
        strikes=row["strikes"],
        report=_report(row["report"]),
    )
