"""What a run comes to: who was judged, on what, by whom, with which figures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
FORMAT: Literal[1] = 1
"""Of the files; moved when an older reader could misread a newer file."""


class Recorded(BaseModel):
    """One value of a run's files: what it does not know, it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(Recorded):
    """A mean over `n` cases with its confidence interval."""

    mean: Number
    low: Number
    high: Number
    n: int


class Product(Recorded):
    """What was judged: its version, and fingerprints of what decides over its answers, by name."""

    version: str
    fingerprints: dict[str, str] = {}


class DatasetRef(Recorded):
    """What was asked: the set's name, the hash of its cases, and how many there were."""

    name: str
    sha256: str
    cases: int


class Started(Recorded):
    """What an unfinished run asks, and of whom."""

    started_at: datetime
    product: Product
    dataset: DatasetRef


class JudgeRecord(Recorded):
    """Who judged: model, versions of what it was asked with, and what it cost.

    `cost` is in the currency of the prices that were set; None where none were.
    """

    model: str
    versions: dict[str, str] = {}
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Number | None = None


class Latency(Recorded):
    """How long a stage took, in milliseconds."""

    p50: Number
    p95: Number
    mean: Number
    n: int


class RunSummary(Recorded):
    """A whole run.

    Args:
        counts: of cases by what became of them: answered, abstained, blocked, failed.
        metrics: by the part of the cases (`all`, `kind:table`, `tag:german`), then by the metric's name.
        latency_ms: by stage, and `total` as the asker saw it.
        options: what the run was asked with, such as how much at a time.
        failures: why the run is no score: a judge that failed, cases without a response.
        turn: the same for two runs whose cases were asked in turn, so that their clocks compare; else empty.
    """

    format: Literal[1] = FORMAT
    name: str
    started_at: datetime
    seconds: Number
    product: Product
    dataset: DatasetRef
    counts: dict[str, int]
    metrics: dict[str, dict[str, Interval]]
    latency_ms: dict[str, Latency]
    judge: JudgeRecord | None = None
    options: dict[str, Any] = {}
    failures: tuple[str, ...] = ()
    turn: str = ""
