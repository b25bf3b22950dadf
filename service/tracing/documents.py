"""An ingest becomes spans: its stages as they were noted, and the counts of its report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.records import IngestReport
from service.tracing.questions import Telling, code_of
from service.tracing.spans import Figure, Span, Trace, hash_of, span_id
from service.tracing.stages import Stages
from service.types import Scope

EMBEDDED_TOGETHER = ("embed", "store")
"""Stages of many documents at once: their times are those of all."""


@dataclass(slots=True)
class Ingested:
    """One job on its way, as it is noted."""

    scope: Scope
    job_id: str
    document_id: str
    source: str
    size_bytes: int
    attempts: int
    began: int
    stages: Stages = field(default_factory=Stages)
    together: int = 1
    """How many documents were embedded with it."""
    report: IngestReport | None = None
    error: BaseException | None = None
    ended: int = 0

    @property
    def trace_id(self) -> str:
        """The trace's: another one for every attempt, so that none is written over."""
        return span_id(self.job_id, str(self.attempts), "high") + span_id(self.job_id, str(self.attempts))


def trace_of_ingest(ingested: Ingested, telling: Telling) -> Trace:
    """The whole and its stages as spans."""
    root = span_id(ingested.trace_id, ingested.job_id)
    whole = Span(
        ingested.trace_id,
        root,
        "",
        "ingest",
        ingested.began,
        ingested.ended,
        {f"footnote.{name}": value for name, value in _whole(ingested).items()},
        code_of(ingested.error),
        content=telling.content(input=ingested.source),
        is_root=True,
    )
    return Trace((whole, *(_stage(ingested, name, root) for name in ingested.stages)))


def _stage(ingested: Ingested, name: str, root: str) -> Span:
    stage = ingested.stages[name]
    figures: dict[str, Figure] = {"footnote.busy_ms": round(stage.busy_ns / 1e6, 3)}
    if name in EMBEDDED_TOGETHER:
        figures["footnote.documents"] = ingested.together
    return Span(
        ingested.trace_id,
        span_id(ingested.trace_id, ingested.job_id, name),
        root,
        name,
        stage.began,
        stage.ended,
        {**figures, **_counts(name, ingested.report)},
        code_of(stage.error),
    )


def _counts(name: str, report: IngestReport | None) -> Mapping[str, Figure]:
    if report is None:
        return {}
    counts: Mapping[str, Mapping[str, Figure]] = {
        "chunk": {"footnote.chunks": report.chunks},
        "plan": {"footnote.kept": report.kept, "footnote.deleted": report.deleted},
        "embed": {"footnote.embedded": report.embedded},
    }
    return counts.get(name, {})


def _whole(ingested: Ingested) -> Mapping[str, Figure]:
    told: dict[str, Figure] = {
        "tenant": hash_of(ingested.scope.tenant),
        "job_id": ingested.job_id,
        "document_id": ingested.document_id,
        "bytes": ingested.size_bytes,
        "attempt": ingested.attempts,
    }
    if (report := ingested.report) is not None:
        told |= {"version": report.version or 0, "unchanged": report.unchanged, "chunks": report.chunks}
        told |= {"records": report.records, "refused": len(report.refused)}
    return told
