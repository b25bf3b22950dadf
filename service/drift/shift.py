"""How far the counts of now are from those before, and whether that is more than chance.

The population stability index is the sum over the bins of (a - b) ln(a / b), a now and b before
(Siddiqi 2006, "Credit Risk Scorecards"); half a count is added to each bin, so that an empty one is no
infinity. Where nothing has changed it is distributed as (1/n + 1/m) times a chi-square of one less degrees of
freedom than there are bins (Yurdakul and Naranjo 2020, "Statistical properties of the population stability
index"), n and m the numbers of answers. The customary limits of .1 and .25 know nothing of n and m: at 100
answers chance alone passes them. The limit here grows with what chance does, over a floor for what traffic
does from day to day; `CHANCE` and the floors were chosen by simulation (docs/drift.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import log, sqrt

LEAST_NOW, LEAST_BEFORE = 200, 1000
"""Answers below which nothing is said."""
CHANCE = 5.0
"""How many times what chance gives on average passes."""
FLOOR = 0.1
MEAN_CHANCE = 6.0
"""Standard errors of a mean that pass."""
MEAN_FLOOR = 0.25
"""In standard deviations of the answers before."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by bin, with the sum of the values and of their squares."""

    bins: Mapping[str, int] = field(default_factory=dict)
    total: float = 0.0
    squares: float = 0.0

    @property
    def count(self) -> int:
        """How many answers."""
        return sum(self.bins.values())

    @property
    def mean(self) -> float:
        """Of the values; 0 without any."""
        return self.total / max(self.count, 1)

    @property
    def deviation(self) -> float:
        """The standard deviation of the values."""
        return sqrt(max(self.squares / max(self.count, 1) - self.mean**2, 0.0))


@dataclass(frozen=True, slots=True)
class Shift:
    """One quantity now against before. `mean_shift` is in standard deviations of before, 0 for names.

    `enough`: there are answers enough on both sides to say anything. `limit` and `mean_limit` are what `psi`
    and the size of `mean_shift` must pass for an alarm.
    """

    quantity: str
    answers: int
    answers_before: int
    mean: float
    mean_before: float
    psi: float
    limit: float
    mean_shift: float
    mean_limit: float

    @property
    def enough(self) -> bool:
        """Whether anything can be said."""
        return self.answers >= LEAST_NOW and self.answers_before >= LEAST_BEFORE

    @property
    def of_limit(self) -> float:
        """How far it is, as a share of what passes."""
        return max(self.psi / self.limit, abs(self.mean_shift) / self.mean_limit)

    @property
    def alarm(self) -> bool:
        """Whether it is more than chance and the days' ups and downs."""
        return self.enough and self.of_limit > 1


@dataclass(frozen=True, slots=True)
class Drift:
    """What a tenant's answers are like since `since`, against the 28 days until then, by quantity."""

    since: datetime
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Overall:
    """One quantity over all tenants: the shift that is furthest for its limit, and how many alarms."""

    worst: Shift
    alarms: int


def compared(quantity: str, now: Tally, before: Tally) -> Shift:
    """The shift of one quantity."""
    chance = 1 / max(now.count, 1) + 1 / max(before.count, 1)
    bins = now.bins.keys() | before.bins.keys()
    spread = before.deviation
    return Shift(
        quantity=quantity,
        answers=now.count,
        answers_before=before.count,
        mean=now.mean,
        mean_before=before.mean,
        psi=_stability(now, before, bins),
        limit=FLOOR + CHANCE * max(len(bins) - 1, 1) * chance,
        mean_shift=(now.mean - before.mean) / spread if spread and now.count else 0.0,
        mean_limit=MEAN_FLOOR + MEAN_CHANCE * sqrt(chance),
    )


def _stability(now: Tally, before: Tally, bins: set[str]) -> float:
    more = len(bins) / 2
    shares = (
        (
            (now.bins.get(one, 0) + 0.5) / (now.count + more),
            (before.bins.get(one, 0) + 0.5) / (before.count + more),
        )
        for one in bins
    )
    return sum((here - there) * log(here / there) for here, there in shares)
