"""Blocks are put together into pieces: the cheapest way to cut a section, found by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.chunking.blocks import Block
from ingestion.chunking.ruler import Ruler

TOO_SMALL = 3.0
"""Cost of a piece below the smallest wanted size, beside others: it joins a neighbour where that fits."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens of a piece with its table header: the largest, the wanted and the smallest wanted."""

    largest: int
    wanted: int
    smallest: int


def partition(blocks: Sequence[Block], ruler: Ruler, sizes: Sizes) -> list[tuple[Block, ...]]:
    """The blocks in order, as pieces of at most `sizes.largest` tokens, at the least total cost.

    A piece costs the square of its relative distance from the wanted size, and the break before it. Because
    the square grows with the distance, a section too large for one piece gives balanced pieces rather than
    full ones and a small rest.
    """
    best = [0.0]
    begins = [0]
    for stop in range(1, len(blocks) + 1):
        cost, start = min(_endings(blocks, stop, ruler, sizes, best))
        best.append(cost)
        begins.append(start)
    return _pieces(blocks, begins)


def _endings(
    blocks: Sequence[Block], stop: int, ruler: Ruler, sizes: Sizes, best: Sequence[float]
) -> list[tuple[float, int]]:
    """Total costs of `blocks[:stop]`, by the start of its last piece."""
    found: list[tuple[float, int]] = []
    for start in range(stop - 1, -1, -1):
        text = ruler.size(blocks[start].start, blocks[stop - 1].end)
        if text > sizes.largest and found:
            break
        tokens = text + ruler.size(*blocks[start].header)
        if tokens > sizes.largest and found:
            continue
        alone = start == 0 and stop == len(blocks)
        found.append((best[start] + _cost(blocks, start, tokens, sizes, alone), start))
    return found


def _cost(blocks: Sequence[Block], start: int, tokens: int, sizes: Sizes, alone: bool) -> float:
    wanted = sizes.wanted if tokens <= sizes.wanted else max(sizes.largest - sizes.wanted, 1)
    cost = ((tokens - sizes.wanted) / wanted) ** 2
    if tokens < sizes.smallest and not alone:
        cost += TOO_SMALL
    return cost + (blocks[start].break_before if start else 0.0)


def _pieces(blocks: Sequence[Block], begins: Sequence[int]) -> list[tuple[Block, ...]]:
    pieces: list[tuple[Block, ...]] = []
    stop = len(blocks)
    while stop:
        pieces.append(tuple(blocks[begins[stop] : stop]))
        stop = begins[stop]
    return pieces[::-1]
