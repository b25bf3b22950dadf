"""A break between blocks that share their words costs more: a change of topic shows as a change of words.

The idea is TextTiling's (Hearst, "Segmenting Text into Multi-paragraph Subtopic Passages", 1997).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log, sqrt

from ingestion.chunking.blocks import Block
from ingestion.chunking.ruler import Ruler

WEIGHT = 2.5
"""Cost of a break between blocks with exactly the same words; measured, see docs/chunking.md."""
WINDOW = 60
"""Tokens on either side of a break that are compared."""
STEM = 6
"""Letters of a word that are compared: a stemmer for every language, good enough to see a topic go on."""

_WORD = re.compile(r"[^\W_]{3,}")


def weigh_breaks(blocks: Sequence[Block], ruler: Ruler) -> list[Block]:
    """The blocks with the cohesion at each break added to its cost.

    Words weigh by how few of the section's blocks hold them; one that all hold weighs nothing.
    """
    words = [_words(ruler.text[block.start : block.end]) for block in blocks]
    sizes = [ruler.size(block.start, block.end) for block in blocks]
    holders = Counter(word for counted in words for word in counted)
    weights = {word: log(len(blocks) / count) ** 2 for word, count in holders.items()}
    weighed = list(blocks[:1])
    for place in range(1, len(blocks)):
        before = _window(words, sizes, range(place - 1, -1, -1))
        after = _window(words, sizes, range(place, len(blocks)))
        cost = blocks[place].break_before + WEIGHT * _cosine(before, after, weights)
        weighed.append(replace(blocks[place], break_before=cost))
    return weighed


def _words(text: str) -> Counter[str]:
    return Counter(word[:STEM] for word in _WORD.findall(text.lower()))


def _window(words: Sequence[Counter[str]], sizes: Sequence[int], places: Iterable[int]) -> Counter[str]:
    """The words of the blocks at `places`, until the window is full."""
    found: Counter[str] = Counter()
    tokens = 0
    for place in places:
        found.update(words[place])
        tokens += sizes[place]
        if tokens >= WINDOW:
            break
    return found


def _cosine(one: Counter[str], other: Counter[str], weights: dict[str, float]) -> float:
    shared = sum(weights[word] * count * other[word] for word, count in one.items() if word in other)
    return shared / sqrt(_length(one, weights) * _length(other, weights)) if shared else 0.0


def _length(words: Counter[str], weights: dict[str, float]) -> float:
    return sum(weights[word] * count * count for word, count in words.items())
