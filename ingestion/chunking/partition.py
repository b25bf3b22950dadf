"""Blocks are put together into pieces: the cheapest way to cut a section, found by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from ingestion.chunking.blocks import Block
from ingestion.chunking.ruler import CHARACTERS_PER_TOKEN, Ruler, least_tokens

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
    whole = ruler.size(blocks[0].start, blocks[-1].end)
    if whole < min(sizes.smallest, sizes.largest + 1):
        return [tuple(blocks)]
    headers = {header: ruler.size(*header) for header in {block.header for block in blocks}}
    costs = [_cost(tokens, sizes) for tokens in range(sizes.largest + 1)]
    begins: list[_Begin] = []
    places, lowest = [0], 0.0
    for place, block in enumerate(blocks):
        break_before = block.break_before if place else 0.0
        before = ruler.tokens_before(block.start)
        begins.append(_Begin(place, block.start, before, headers[block.header], break_before, lowest))
        lowest, begin = _last_piece(begins, block.end, ruler.tokens_until(block.end), sizes, costs)
        places.append(begin)
    return _pieces(blocks, places)


class _Begin(NamedTuple):
    """A block that a piece may begin with; `lowest` is the least cost of all before it.

    A tuple, because each block is compared with all that may begin its piece: hundreds of short lines.
    """

    place: int
    start: int
    tokens_before: int
    header: int
    break_before: float
    lowest: float


def _last_piece(
    begins: Sequence[_Begin], end: int, tokens_until: int, sizes: Sizes, costs: Sequence[float]
) -> tuple[float, int]:
    """The least cost of all blocks up to `end`, and with which one their last piece begins."""
    least, begin = inf, 0
    for place, start, tokens_before, header, break_before, lowest in reversed(begins):
        text = tokens_until - tokens_before
        if text * CHARACTERS_PER_TOKEN < end - start:
            text = least_tokens(end - start)
        tokens = text + header
        if tokens > sizes.largest and least < inf:
            if text > sizes.largest:
                break
            continue
        cost = lowest + ((costs[tokens] if tokens <= sizes.largest else _cost(tokens, sizes)) + break_before)
        if cost <= least:
            least, begin = cost, place
    return least, begin


def _cost(tokens: int, sizes: Sizes) -> float:
    wanted = sizes.wanted if tokens <= sizes.wanted else max(sizes.largest - sizes.wanted, 1)
    cost = ((tokens - sizes.wanted) / wanted) ** 2
    return cost + TOO_SMALL if tokens < sizes.smallest else cost


def _pieces(blocks: Sequence[Block], begins: Sequence[int]) -> list[tuple[Block, ...]]:
    pieces: list[tuple[Block, ...]] = []
    stop = len(blocks)
    while stop:
        pieces.append(tuple(blocks[begins[stop] : stop]))
        stop = begins[stop]
    return pieces[::-1]
