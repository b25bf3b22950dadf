"""From cases to figures: means with confidence intervals, and what belongs to many cases together.

Intervals are percentiles of a bootstrap (Efron and Tibshirani 1993) which draws groups of cases, with what is
about one document in one group: such cases are not independent. The draws are the same for the same number of
groups, so that two runs over the same cases are compared draw by draw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eval.relevance import calibration
from eval.run.records import Case, Interval, Latency, Outcome

Array = NDArray[np.float64]

ALL = "all"
CONFIDENCE = 0.95
RESAMPLES = 2_000
SEED = 1
LOWER_IS_BETTER = frozenset({"unsupported", "wrong", "unsafe", "calibration_error", "risk"})
"""Of all other metrics more is better."""


def parts_of(case: Case) -> tuple[str, ...]:
    """The parts of a set that a case is in: all of it, its kind, its tags."""
    kind = (f"kind:{case.kind}",) if case.kind else ()
    return (ALL, *kind, *(f"tag:{tag}" for tag in case.tags))


def parts(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The cases of each part."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for part in parts_of(outcome.case):
            found.setdefault(part, []).append(outcome)
    return found


def draws(outcomes: Sequence[Outcome], resamples: int = RESAMPLES) -> Array:
    """How often each case is in each resample, (resamples, cases)."""
    names = [outcome.case.group or outcome.case.id for outcome in outcomes]
    known = {name: place for place, name in enumerate(dict.fromkeys(names))}
    even = np.full(len(known), 1 / max(1, len(known)))
    counts = np.random.default_rng(SEED).multinomial(len(known), even, size=resamples)
    return counts[:, [known[name] for name in names]].astype(np.float64)


def column(outcomes: Sequence[Outcome], metric: str) -> Array:
    """The metric of each case; NaN, in this array alone, where it says nothing of one."""
    values = (outcome.metrics.get(metric) for outcome in outcomes)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def means(values: Array, weights: Array) -> Array:
    """The mean of each resample over the cases of which something is said; NaN where there are none."""
    known = ~np.isnan(values)
    total = weights[:, known].sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(weights[:, known] @ values[known] / total)


def bounds(sampled: Array, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The ends of the interval; resamples in which there is no value are left out."""
    low, high = np.nanquantile(sampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def intervals(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Every metric of these cases with its interval."""
    weights = draws(outcomes)
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.metrics)
    found = {}
    for name in names:
        values = column(outcomes, name)
        if count := int((~np.isnan(values)).sum()):
            low, high = bounds(means(values, weights))
            found[name] = Interval(mean=float(np.nanmean(values)), low=low, high=high, n=count)
    return found | _together(outcomes, weights)


# --- what belongs to many cases together -----------------------------------------------------

Together = Callable[[Array, NDArray[np.bool_], Array], float]


def _auroc(p: Array, answerable: NDArray[np.bool_], weights: Array) -> float:
    repeated = np.repeat(np.arange(len(p)), weights.astype(int))
    return calibration.auroc(p[repeated], answerable[repeated], ~answerable[repeated])


def _risk(p: Array, answerable: NDArray[np.bool_], weights: Array) -> float:
    """The area below risk over coverage: the mean share of the answered that had no answer."""
    return float(np.mean([one.risk for one in calibration.risk_coverage(p, answerable, weights)]))


TOGETHER: Mapping[str, Together] = {
    "calibration_error": calibration.expected_error,
    "auroc": _auroc,
    "risk": _risk,
}
RESAMPLES_TOGETHER = 400
"""Fewer, because each is worked out by itself."""


def predictions(outcomes: Sequence[Outcome]) -> tuple[Array, NDArray[np.bool_]]:
    """By case that has a response: the probability of its decision, and whether it has an answer."""
    decided = [one for one in outcomes if one.response.get("decision")]
    p = np.array([one.response["decision"]["p_answerable"] for one in decided], dtype=np.float64)
    return p, np.array([one.case.answerable for one in decided], dtype=bool)


def _together(outcomes: Sequence[Outcome], weights: Array) -> dict[str, Interval]:
    """Figures of the probabilities, where there are questions with an answer and without."""
    decided = [place for place, one in enumerate(outcomes) if one.response.get("decision")]
    p, answerable = predictions(outcomes)
    if answerable.all() or not answerable.any():
        return {}
    found = {}
    for name, measure in TOGETHER.items():
        sampled = [measure(p, answerable, row) for row in weights[:RESAMPLES_TOGETHER, decided] if row.any()]
        low, high = bounds(np.array(sampled))
        mean = measure(p, answerable, np.ones(len(p)))
        found[name] = Interval(mean=mean, low=low, high=high, n=len(p))
    return found


# --- time ------------------------------------------------------------------------------------


def latency(outcomes: Sequence[Outcome]) -> dict[str, Latency]:
    """By stage, `total` as the asker saw it, with the processor's time where it is known; none from a cache."""
    worked = [one for one in outcomes if one.response and not one.response.get("cached")]
    times: dict[str, list[float]] = {}
    for one in worked:
        timings = {**one.response["timings_ms"], "total": one.latency_ms}
        if one.processor_ms:
            timings |= {"processor": one.processor_ms, "yardstick": one.yardstick_ms}
        for stage, took in timings.items():
            times.setdefault(stage, []).append(took)
    return {stage: _spread(taken) for stage, taken in times.items()}


def _spread(taken: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(taken, [50, 95])
    return Latency(p50=float(p50), p95=float(p95), mean=float(np.mean(taken)), n=len(taken))
