"""Units are put together into pieces: the cheapest way to cut a section, found by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.chunking.ruler import Ruler
from ingestion.chunking.units import Unit

TOO_SMALL = 3.0
"""Cost of a piece below the smallest wanted size, beside others: it joins a neighbour where that fits."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens of a piece with its table header: the largest, the wanted and the smallest wanted."""

    largest: int
    wanted: int
    smallest: int


def partition(units: Sequence[Unit], ruler: Ruler, sizes: Sizes) -> list[tuple[Unit, ...]]:
    """The units in order, as pieces of at most `sizes.largest` tokens, at the least total cost.

    A piece costs the square of its relative distance from the wanted size, and the break before it. Because
    the square grows with the distance, a section too large for one piece gives balanced pieces rather than
    full ones and a small rest.
    """
    best = [0.0]
    begins = [0]
    for stop in range(1, len(units) + 1):
        cost, start = min(_endings(units, stop, ruler, sizes, best))
        best.append(cost)
        begins.append(start)
    return _pieces(units, begins)


def _endings(
    units: Sequence[Unit], stop: int, ruler: Ruler, sizes: Sizes, best: Sequence[float]
) -> list[tuple[float, int]]:
    """Total costs of `units[:stop]`, by the start of its last piece."""
    found: list[tuple[float, int]] = []
    for start in range(stop - 1, -1, -1):
        text = ruler.size(units[start].start, units[stop - 1].end)
        if text > sizes.largest and found:
            break
        tokens = text + ruler.size(*units[start].header)
        if tokens > sizes.largest and found:
            continue
        alone = start == 0 and stop == len(units)
        found.append((best[start] + _cost(units, start, tokens, sizes, alone), start))
    return found


def _cost(units: Sequence[Unit], start: int, tokens: int, sizes: Sizes, alone: bool) -> float:
    wanted = sizes.wanted if tokens <= sizes.wanted else max(sizes.largest - sizes.wanted, 1)
    cost = ((tokens - sizes.wanted) / wanted) ** 2
    if tokens < sizes.smallest and not alone:
        cost += TOO_SMALL
    return cost + (units[start].break_before if start else 0.0)


def _pieces(units: Sequence[Unit], begins: Sequence[int]) -> list[tuple[Unit, ...]]:
    pieces: list[tuple[Unit, ...]] = []
    stop = len(units)
    while stop:
        pieces.append(tuple(units[begins[stop] : stop]))
        stop = begins[stop]
    return pieces[::-1]
