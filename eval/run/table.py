"""A run in the terminal: the figures that matter, as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.run.figures import ALL
from eval.run.records import Interval, RunSummary

HEADLINES = (
    "right",
    "facts",
    "holds_answer",
    "f1",
    "rouge_l",
    "recall@5",
    "recall@50",
    "mrr",
    "ndcg@10",
    "cited",
    "citation_precision",
    "citation_recall",
    "unsupported",
    "abstention_precision",
    "abstention_recall",
    "calibration_error",
    "auroc",
    "risk",
    "unsafe",
)


def show(summary: RunSummary, folder: Path) -> str:
    """The run as text."""
    return "\n".join(_lines(summary, folder))


def _lines(summary: RunSummary, folder: Path) -> Iterator[str]:
    counts = ", ".join(f"{count} {what}" for what, count in sorted(summary.counts.items()))
    yield f"{summary.dataset.name}: {summary.dataset.cases} cases ({counts}), {summary.seconds:.0f} s"
    yield ""
    yield f"{'':24}{'mean':>8}   {'95 % interval':17}{'n':>6}"
    for name, figure in ordered(summary.metrics[ALL]):
        interval = f"{figure.low:.3f} to {figure.high:.3f}"
        yield f"{name:24}{figure.mean:8.3f}   {interval:17}{figure.n:6}"
    yield ""
    total = summary.latency_ms.get("total")
    if total is not None:
        yield f"latency p50 {total.p50:.0f} ms, p95 {total.p95:.0f} ms"
    yield f"kept in {folder}; `footnote eval report {folder}` makes a page of it"


def ordered(metrics: dict[str, Interval]) -> Sequence[tuple[str, Interval]]:
    """The headlines in their order, then what else was measured."""
    others = [name for name in metrics if name not in HEADLINES]
    return [(name, metrics[name]) for name in (*HEADLINES, *others) if name in metrics]
