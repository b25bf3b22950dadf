"""A break between blocks that share their words costs more: a change of topic shows as a change of words.

The idea is TextTiling's (Hearst, "Segmenting Text into Multi-paragraph Subtopic Passages", 1997).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from ingestion.chunking.blocks import Block
from ingestion.chunking.ruler import Ruler

WEIGHT = 2.5
"""Cost of a break between blocks with exactly the same words; measured, see docs/measured/chunking.md."""
WINDOW = 60
"""Tokens on either side of a break that are compared."""
STEM = 6
"""Letters of a word that are compared: a stemmer for every language, good enough to see a topic go on."""

_UNIT = 1 << 32
"""Weights are whole numbers of this fraction: a sum that words enter and leave again stays exact."""
_WORD = re.compile(r"[^\W_]{3,}")


def weigh_breaks(blocks: Sequence[Block], ruler: Ruler) -> list[Block]:
    """The blocks with the cohesion at each break added to its cost.

    Words weigh by how few of the section's blocks hold them; one that all hold weighs nothing.
    """
    words = [_words(ruler.text[block.start : block.end]) for block in blocks]
    holders = Counter(word for found in words for word in set(found))
    weights = {word: round(_UNIT * log(len(blocks) / count) ** 2) for word, count in holders.items()}
    place = _Break(words, [ruler.size(block.start, block.end) for block in blocks], weights)
    weighed = list(blocks[:1])
    for block in blocks[1:]:
        place.advance()
        cost = block.break_before + WEIGHT * place.cohesion()
        weighed.append(Block(block.start, block.end, cost, block.header))
    return weighed


def _words(text: str) -> list[str]:
    return [word[:STEM] for word in _WORD.findall(text.lower())]


class _Break:
    """A break that goes through the blocks, with a window on the words before it and one on those after."""

    def __init__(
        self, words: Sequence[Sequence[str]], sizes: Sequence[int], weights: Mapping[str, int]
    ) -> None:
        self._words, self._sizes, self._weights = words, sizes, weights
        self._before, self._after = _Window(), _Window()
        self._shared = 0

    def advance(self) -> None:
        """Move on by one block."""
        sizes, before, after = self._sizes, self._before, self._after
        if after.end == before.end:
            self._enter(after, before)
        self._leave(after, before)
        self._enter(before, after)
        while before.tokens - sizes[before.start] >= WINDOW:
            self._leave(before, after)
        while after.tokens < WINDOW and after.end < len(sizes):
            self._enter(after, before)

    def cohesion(self) -> float:
        """The cosine of the words on either side."""
        return self._shared / sqrt(self._before.length * self._after.length) if self._shared else 0.0

    def _enter(self, window: _Window, other: _Window) -> None:
        """The block at the window's end becomes its last one."""
        window.tokens += self._sizes[window.end]
        self._count(self._words[window.end], 1, window, other)
        window.end += 1

    def _leave(self, window: _Window, other: _Window) -> None:
        """The window's first block goes."""
        window.tokens -= self._sizes[window.start]
        self._count(self._words[window.start], -1, window, other)
        window.start += 1

    def _count(self, words: Sequence[str], times: int, window: _Window, other: _Window) -> None:
        for word in words:
            weight = self._weights[word]
            self._shared += times * weight * other.counts[word]
            window.length += weight * (2 * times * window.counts[word] + 1)
            window.counts[word] += times


@dataclass(slots=True)
class _Window:
    """The blocks from `start` to `end`: how often each word occurs there, and the square of their length."""

    start: int = 0
    end: int = 0
    tokens: int = 0
    length: int = 0
    counts: Counter[str] = field(default_factory=Counter)
