"""The values of document management: what is uploaded, queued, listed, deleted and judged.

Like `types.py`, declarations alone; it knows `types.py`, `errors.py` and nothing else of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Generic, Literal, Self, TypeVar

from service.errors import FootnoteError
from service.types import Scalar

Item = TypeVar("Item")
JobState = Literal["queued", "parsing", "chunking", "embedding", "storing", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way in. `content` is open for reading, at its start, and closed by who opened it.

    `source` names the document within the tenant: the same source again is a new version of it.
    """

    source: str
    filename: str
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: the fields of the `FootnoteError` that ended it."""

    code: str
    message: str
    stage: str = ""
    retryable: bool = False
    hint: str = ""

    @classmethod
    def of(cls, error: FootnoteError) -> Self:
        """The error as a value, to be kept with a job."""
        return cls(error.code, str(error), error.stage, error.retryable, error.hint)


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record of a file of records that became no document, and why."""

    source: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one ingest did. Counts are of chunks; a file of records became one job for each of `records`."""

    document_id: str
    version: int | None = None
    """The live version afterwards; None for a file of records, which is no document itself."""
    unchanged: bool = False
    """Whether everything was as it is already."""
    chunks: int = 0
    embedded: int = 0
    kept: int = 0
    deleted: int = 0
    records: int = 0
    refused: tuple[RefusedRecord, ...] = ()
    receipt: Mapping[str, object] | None = None
    """The JSON form of the extraction receipt, where the file was read."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """What an upload is told of each file: the job that reads it in, and the document that it becomes."""

    id: str
    document_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Job:
    """The ingest of one uploaded file. `progress` lies in [0, 1]; `report` is there once the job is done.

    `error` says why it failed, or why it waits although nothing is wrong with it.
    """

    id: str
    document_id: str
    source: str
    state: JobState
    progress: float
    created_at: datetime
    updated_at: datetime
    error: Failure | None = None
    report: IngestReport | None = None

    @property
    def finished(self) -> bool:
        """Whether the state will not change any more."""
        return self.state in ("done", "failed")


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document as the catalogue knows it, at its live version.

    `groups` may read it (empty: the whole tenant). `receipt` is the JSON form of the extraction receipt.
    """

    id: str
    source: str
    title: str
    version: int
    filename: str
    media_type: str
    size_bytes: int
    chunks: int
    language: str
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    receipt: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The normalised text of one version: what all offsets point into."""

    document_id: str
    version: int
    text: str


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a longer list; `next_cursor` asks for what follows, None at the end."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """What a delete removed, and the counts taken afterwards that prove it.

    Keys of both maps name a place (`versions`, `chunks`, `vectors`, `files`, ...). `remaining` was counted
    after the removal; all its values are zero, or the delete would have failed. `receipt` is the same in the
    signed form of `service/upkeep/receipts.py`.
    """

    document_id: str
    source: str
    deleted_at: datetime
    removed: Mapping[str, int]
    remaining: Mapping[str, int]
    receipt: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that `footnote fsck` found amiss, of one kind: what it is, and what repairs it."""

    kind: str
    tenant: str
    what: str
    repair: str
    repaired: bool = False


Rating = Literal["up", "down", "again"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's judgement of one answer, by the answer's id; `again`: another one was asked for."""

    query_id: str
    rating: Rating
    comment: str = ""
    correction: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether one component can serve now, and if not, why."""

    component: str
    ready: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of ingests in numbers."""

    depth: int = 0
    """Jobs that wait or run."""
    oldest_s: float = 0.0
    """How long the oldest of those that wait has waited."""
    failed: int = 0
    """Jobs that failed for good and are still kept."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Observations of one quantity: how many, their sum, and that of their squares."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float | None:
        """None where nothing was observed."""
        return self.total / self.count if self.count else None


VariantState = Literal["running", "stopped", "rolled_back"]
"""What became of a variant: an operator stopped it, or it was taken back by itself."""


@dataclass(frozen=True, slots=True)
class KnownVariant:
    """What was decided of a variant of these settings, and why."""

    name: str
    fingerprint: str
    state: VariantState
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TriedState:
    """What is tried beside the pipeline in force, and what answers were judged to be."""

    variants: Mapping[str, VariantState] = field(default_factory=dict)
    """Of the settings' variants that have a share."""
    shadows: Mapping[str, int] = field(default_factory=dict)
    """How many questions the shadow was handed, by what became of them; empty where there is none."""
    judged: Mapping[str, float] = field(default_factory=dict)
    """By metric, what the last `footnote eval online` came to."""


@dataclass(frozen=True, slots=True)
class State:
    """How the service is doing, for its measurements."""

    queue: Queue = Queue()
    stalled: bool = False
    """Whether the queue of this process cannot go on."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """What the last check of this process (`fsck.py`) found amiss, by kind; empty before the first."""
    redis_is_up: bool | None = None
    """Whether Redis answered when it was last asked; None where none is set."""
    drift: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """Of each quantity of the answers, the population stability index of the tenant furthest for its limit,
    and how many tenants are in alarm; empty where this process has not looked."""
    disk_free_bytes: int = 0
    spans_sent: int = 0
    spans_dropped: int = 0
    tried: TriedState = TriedState()
