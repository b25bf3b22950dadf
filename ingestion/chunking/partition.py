"""Blocks are put together into pieces: the cheapest way to cut a section, found by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from ingestion.chunking.blocks import Block
from ingestion.chunking.ruler import Ruler, least_tokens

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
    search = _Search(blocks, ruler, sizes)
    return _pieces(blocks, [0, *(search.last_piece(stop) for stop in range(1, len(blocks) + 1))])


class _Search:
    """The cheapest way to cut the first block, the first two, and so on.

    Each block is compared with all that may begin its piece, so what is asked of a block is looked up once.
    """

    def __init__(self, blocks: Sequence[Block], ruler: Ruler, sizes: Sizes) -> None:
        self._sizes = sizes
        self._starts = [block.start for block in blocks]
        self._ends = [block.end for block in blocks]
        self._tokens_before = [ruler.tokens_before(block.start) for block in blocks]
        self._tokens_until = [ruler.tokens_until(block.end) for block in blocks]
        headers = {header: ruler.size(*header) for header in {block.header for block in blocks}}
        self._headers = [headers[block.header] for block in blocks]
        self._breaks = [0.0, *(block.break_before for block in blocks[1:])]
        self._costs = [_cost(tokens, sizes) for tokens in range(sizes.largest + 1)]
        self._lowest = [0.0]

    def last_piece(self, stop: int) -> int:
        """Where the last piece of the first `stop` blocks begins when these are cut at the least cost."""
        lowest, begin, largest = inf, stop - 1, self._sizes.largest
        end, until = self._ends[stop - 1], self._tokens_until[stop - 1]
        for start in range(stop - 1, -1, -1):
            text = max(until - self._tokens_before[start], least_tokens(end - self._starts[start]))
            tokens = text + self._headers[start]
            if tokens > largest and lowest < inf:
                if text > largest:
                    break
                continue
            size_cost = self._costs[tokens] if tokens <= largest else _cost(tokens, self._sizes)
            cost = self._lowest[start] + (size_cost + self._breaks[start])
            if cost <= lowest:
                lowest, begin = cost, start
        self._lowest.append(lowest)
        return begin


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
