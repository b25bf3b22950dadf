"""How good probabilities are: ranking, calibration, and what abstaining costs. Weights may be any scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions that are alike: their mean, the share that was answerable, and their part of the weight."""

    predicted: float
    observed: float
    weight: float


@dataclass(frozen=True, slots=True)
class Risk:
    """At one threshold: the share of all questions answered, and that of the answered that had no answer."""

    threshold: float
    coverage: float
    risk: float


def auroc(p: Array, answerable: Flags, unanswerable: Flags) -> float:
    """The chance that an answerable question gets the higher number; ties count half, nan without either."""
    positive, negative = p[answerable], np.sort(p[unanswerable & ~answerable])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, side="left")
    upto = np.searchsorted(negative, positive, side="right")
    return float((below + upto).mean() / 2 / len(negative))


def share(flags: Flags, weight: Array) -> float:
    """The weighted share of what is true; 0 where nothing has weight."""
    total = float(weight.sum())
    return float(weight[flags].sum()) / total if total else 0.0


def log_loss(p: Array, answerable: Flags, weight: Array) -> float:
    """The mean negative log likelihood."""
    likely = np.clip(np.where(answerable, p, 1 - p), 1e-6, 1)
    return float(np.average(-np.log(likely), weights=weight))


def reliability(p: Array, answerable: Flags, weight: Array, bins: int = BINS) -> list[Bin]:
    """Predictions in bins of equal width; empty bins are left out."""
    places = np.minimum((p * bins).astype(int), bins - 1)
    return [
        Bin(
            float(np.average(p[inside], weights=weight[inside])),
            share(answerable[inside], weight[inside]),
            float(weight[inside].sum() / weight.sum()),
        )
        for place in range(bins)
        if (inside := places == place).any() and weight[inside].sum()
    ]


def expected_error(p: Array, answerable: Flags, weight: Array, bins: int = BINS) -> float:
    """The expected calibration error (Naeini et al. 2015): the mean gap between predicted and observed."""
    return sum(
        one.weight * abs(one.predicted - one.observed) for one in reliability(p, answerable, weight, bins)
    )


def risk_coverage(p: Array, answerable: Flags, weight: Array, steps: int = 10) -> list[Risk]:
    """The risk at coverages of 1/steps, 2/steps and so on, the surest questions first."""
    order = np.argsort(-p, kind="stable")
    covered = np.cumsum(weight[order]) / weight.sum()
    wrong = np.cumsum(weight[order] * ~answerable[order])
    found = []
    for step in range(1, steps + 1):
        place = min(int(np.searchsorted(covered, step / steps - 1e-9)), len(order) - 1)
        risk = float(wrong[place] / (covered[place] * weight.sum()))
        found.append(Risk(float(p[order[place]]), float(covered[place]), risk))
    return found
