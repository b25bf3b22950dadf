"""The test that takes a candidate back: how often it is wrong, and how soon it is right."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from service.records import Sums
from service.variants.measures import ALPHA, MARGINS, compared
from service.variants.sequential import LEAST, PRIOR_VARIANCE, is_worse, is_worse_paired, log_ratio, plus

RUNS = 1000
QUESTIONS = 4000
"""Of the candidate; those in force answer as many in these, which is the most sensitive split."""
EACH = ALPHA / len(MARGINS)


def sums(values: list[float]) -> Sums:
    found = Sums()
    for value in values:
        found = plus(found, value)
    return found


def first_alarms(served: NDArray[np.float64], candidate: NDArray[np.float64], margin: float) -> list[int]:
    """After how many questions each run is taken back; looked at after each of them."""
    counts = np.arange(1, served.shape[1] + 1)

    def moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        total = values.cumsum(axis=1)
        spread = np.maximum((values**2).cumsum(axis=1) - total**2 / counts, 0)
        return total / counts, (spread + PRIOR_VARIANCE) / (counts + 1) / counts

    (mean, variance), (other, its_variance) = moments(served), moments(candidate)
    together = variance + its_variance
    beyond = np.maximum(other - mean - margin, 0)
    mixed = together + margin**2
    ratio = 0.5 * np.log(together / mixed) + margin**2 * beyond**2 / (2 * together * mixed)
    alarms = (ratio >= -log(EACH)) & (counts >= LEAST)
    return [int(run.argmax()) + 1 for run in alarms if run.any()]


def bernoulli(share: float, seed: int) -> NDArray[np.float64]:
    return (np.random.default_rng(seed).random((RUNS, QUESTIONS)) < share).astype(float)


def test_the_simulation_computes_what_the_service_does() -> None:
    served, candidate = bernoulli(0.1, 1)[:1, :500], bernoulli(0.4, 2)[:1, :500]
    (first,) = first_alarms(served, candidate, 0.05)

    def alarm(count: int) -> bool:
        return is_worse(sums(list(served[0, :count])), sums(list(candidate[0, :count])), 0.05, EACH)

    assert (alarm(first - 1), alarm(first)) == (False, True)


@pytest.mark.parametrize(
    ("measure", "share"),
    [("abstained", 0.02), ("abstained", 0.3), ("failed", 0.001), ("failed", 0.05), ("down", 0.1)],
)
def test_a_candidate_that_is_as_bad_as_may_be_is_taken_back_no_oftener_than_is_said(
    measure: str, share: float
) -> None:
    margin = MARGINS[measure].worse_by
    alarms = first_alarms(bernoulli(share, 3), bernoulli(share + margin, 4), margin)
    assert len(alarms) / RUNS <= EACH


def test_a_time_that_is_as_long_as_may_be_is_let_through_as_often_as_is_said() -> None:
    draw, margin = np.random.default_rng(5), MARGINS["latency"].worse_by
    served = draw.normal(3.0, 0.8, (RUNS, QUESTIONS))
    alarms = first_alarms(served, draw.normal(3.0 + margin, 0.8, (RUNS, QUESTIONS)), margin)
    assert len(alarms) / RUNS <= EACH


@pytest.mark.parametrize(
    ("measure", "served", "candidate", "within"),
    [("abstained", 0.2, 1.0, LEAST), ("abstained", 0.2, 0.4, 500), ("failed", 0.005, 0.1, 450)],
)
def test_a_bad_candidate_is_taken_back_within_so_many_of_its_questions(
    measure: str, served: float, candidate: float, within: int
) -> None:
    margin = MARGINS[measure].worse_by
    alarms = sorted(first_alarms(bernoulli(served, 6), bernoulli(candidate, 7), margin))
    assert len(alarms) == RUNS
    assert alarms[int(0.9 * RUNS)] <= within


def test_a_better_candidate_is_never_taken_back() -> None:
    assert first_alarms(bernoulli(0.3, 8), bernoulli(0.2, 9), 0.05) == []


def test_nothing_is_said_of_a_few() -> None:
    few = LEAST - 1
    assert log_ratio(sums([0.0] * 1000), sums([1.0] * few), 0.05) == 0
    assert is_worse(sums([0.0] * 1000), sums([1.0] * LEAST), 0.05, EACH)


def test_the_measure_that_is_worse_is_named() -> None:
    served = {"abstained": sums([0.0] * 100), "failed": sums([0.0] * 100)}
    candidate = {"abstained": sums([1.0] * 100), "failed": sums([0.0] * 100)}
    assert [one.measure for one in compared(served, candidate) if one.worse] == ["abstained"]


def test_of_the_same_questions_the_differences_are_enough() -> None:
    alike, worse = sums([0.0] * 60), sums([1.0, 0.0] * 30)
    assert (is_worse_paired(alike, 0.05, EACH), is_worse_paired(worse, 0.05, EACH)) == (False, True)
