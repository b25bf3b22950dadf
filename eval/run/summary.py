"""The summary of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from eval.run.figures import intervals, latency, parts
from eval.run.records import JudgeRecord, Outcome, RunSummary, Started

ERRORS_TOLD = 5
"""So many different reasons are told; the rest is counted."""


def summary_of(
    name: str,
    started: Started,
    outcomes: Sequence[Outcome],
    *,
    seconds: float,
    options: dict[str, object],
    judge: JudgeRecord | None = None,
    turn: str = "",
) -> RunSummary:
    """All that is known of a run, from its cases."""
    return RunSummary(
        name=name,
        started_at=started.started_at,
        seconds=round(seconds, 1),
        product=started.product,
        dataset=started.dataset,
        counts=dict(Counter("failed" if one.error else str(one.response["status"]) for one in outcomes)),
        metrics={part: intervals(cases) for part, cases in parts(outcomes).items()},
        latency_ms=latency(outcomes),
        judge=judge,
        options=options,
        failures=failures(outcomes),
        turn=turn,
    )


def failures(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Why the run is no score; the commonest reason first, empty where there is none."""
    reasons = Counter(one.error for one in outcomes if one.error)
    reasons.update(f"{name}: {why}" for one in outcomes for name, why in one.failures.items())
    told = [f"{count} of {len(outcomes)} cases: {why}" for why, count in reasons.most_common(ERRORS_TOLD)]
    more = len(reasons) - len(told)
    return (*told, *([f"and {more} other reasons"] if more else []))
