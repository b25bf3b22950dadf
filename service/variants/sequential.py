"""Is the candidate worse, looked at as often as one likes? Pure.

The mixture sequential probability ratio test: Johari, Koomen, Pekelis and Walsh, "Always Valid Inference:
Continuous Monitoring of A/B Tests", Operations Research 70(3), 2022. Its ratio, of a difference drawn from a
normal distribution to none, exceeds 1 / alpha with a probability of at most alpha where there is none,
however often one looks. The variances are estimated, so that holds for means of many: see `LEAST`.
"""

from __future__ import annotations

from math import log

from service.records import Sums

LEAST = 50
"""Observations of each side before anything is said: below, a mean is not near normal."""
PRIOR_VARIANCE = 0.25
"""Of one observation that nobody made, so that the first few, all alike, are not taken for certain. The most
that a share has, and of the logarithm of a time a spread of half its size again."""


def plus(sums: Sums, value: float) -> Sums:
    """With one more."""
    return Sums(sums.count + 1, sums.total + value, sums.squares + value * value)


def is_worse(served: Sums, candidate: Sums, margin: float, alpha: float) -> bool:
    """Whether the candidate's mean is surely higher by more than the margin."""
    return log_ratio(served, candidate, margin) >= -log(alpha)


def log_ratio(served: Sums, candidate: Sums, margin: float) -> float:
    """The logarithm of the ratio for two sides that answered different questions."""
    if min(served.count, candidate.count) < LEAST:
        return 0.0
    difference = candidate.total / candidate.count - served.total / served.count
    return _log_ratio(difference - margin, _variance(served) + _variance(candidate), margin)


def is_worse_paired(differences: Sums, margin: float, alpha: float) -> bool:
    """The same for two sides that answered the same questions: by the candidate's value less the other's."""
    if differences.count < LEAST:
        return False
    beyond = differences.total / differences.count - margin
    return _log_ratio(beyond, _variance(differences), margin) >= -log(alpha)


def _log_ratio(beyond: float, variance: float, margin: float) -> float:
    """The mixture's spread is the margin: a loss twice as large as is let through should be seen soon."""
    if beyond <= 0:
        return 0.0
    mixed = variance + margin**2
    return 0.5 * log(variance / mixed) + margin**2 * beyond**2 / (2 * variance * mixed)


def _variance(sums: Sums) -> float:
    """Of the mean of one observation at least."""
    spread = max(sums.squares - sums.total**2 / sums.count, 0.0)
    return (spread + PRIOR_VARIANCE) / (sums.count + 1) / sums.count
