"""Traffic that was made up: answers as numbers, hour by hour, with days and nights and ups and downs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.random import Generator

from service.drift.measures import EDGES
from service.drift.shift import Tally

DAYS, HOURS = 35, 24
Hourly = Mapping[str, Sequence[Tally]]


def month(random: Generator, a_day: int, shifted: Mapping[int, float] | None = None) -> Hourly:
    """The tallies of 35 days, an hour each.

    Most questions come by day. A share of them, another by night than by day and from day to day, is of what
    the documents do not hold: those have a low p, and are not answered. `shifted` adds to that share from an
    hour on.
    """
    rates = 1 + np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, HOURS, endpoint=False))
    counts = random.poisson(np.tile(rates / rates.sum() * a_day, DAYS))
    hours = np.repeat(np.arange(DAYS * HOURS), counts)
    share = 0.25 + 0.10 * (np.cos(2 * np.pi * hours / HOURS) > 0)
    share = share + random.normal(0, 0.03, DAYS)[hours // HOURS]
    for since, more in (shifted or {}).items():
        share = share + more * (hours >= since)
    lost = random.random(len(hours)) < share
    p = np.where(lost, random.beta(2, 6, len(hours)), random.beta(8, 2, len(hours)))
    answered = p >= 0.5
    values = {
        "p_answerable": (hours, p),
        "support": (hours[answered], random.beta(14, 2, int(answered.sum()))),
        "rerank": (hours, np.where(lost, random.normal(2, 1, len(hours)), random.normal(4, 1.5, len(hours)))),
        "length": (hours[answered], random.lognormal(3.6, 0.5, int(answered.sum()))),
    }
    told = {name: tallied(at, found, EDGES[name]) for name, (at, found) in values.items()}
    return {**told, "outcome": [_named(answered[hours == hour]) for hour in range(DAYS * HOURS)]}


def tallied(hours: np.ndarray, values: np.ndarray, edges: Sequence[float]) -> list[Tally]:
    bins = np.searchsorted(edges, values, side="right")
    size = len(edges) + 1
    counts = np.bincount(hours * size + bins, minlength=DAYS * HOURS * size).reshape(-1, size)
    totals = np.bincount(hours, values, DAYS * HOURS)
    squares = np.bincount(hours, values**2, DAYS * HOURS)
    return [
        Tally({str(bin): int(count) for bin, count in enumerate(row) if count}, float(total), float(square))
        for row, total, square in zip(counts, totals, squares, strict=True)
    ]


def _named(answered: np.ndarray) -> Tally:
    named = {"answered": int(answered.sum()), "low_confidence": int((~answered).sum())}
    return Tally({name: count for name, count in named.items() if count})


def summed(tallies: Sequence[Tally]) -> Tally:
    bins: dict[str, int] = {}
    for tally in tallies:
        for name, count in tally.bins.items():
            bins[name] = bins.get(name, 0) + count
    return Tally(bins, sum(one.total for one in tallies), sum(one.squares for one in tallies))


def looks(since: int) -> Iterator[int]:
    """The hours at whose end is looked, from `since` to the end."""
    return iter(range(since, DAYS * HOURS + 1))
