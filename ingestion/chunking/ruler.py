"""Token counts of any span of a text, from one pass of the tokenizer over each element."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil

Tokenize = Callable[[str], Sequence[tuple[int, int]]]
"""The character spans of a text's tokens, in order, without special tokens and without truncation."""

CHARACTERS_PER_TOKEN = 16
"""No real text has so few tokens; tokenizers take a very long word (a key, base64) for one unknown token."""


LONGEST_STRIP = 16 * 1024
"""Characters given to the tokenizer at a time: it needs a hundred bytes for each, and one word of 20 million
letters ends the process."""


class Ruler:
    """Counts the tokens of spans of one text; only those spans given at the start are tokenized."""

    def __init__(self, text: str, spans: Iterable[tuple[int, int]], tokenize: Tokenize) -> None:
        """Tokenize `text[start:end]` of each of the `spans`, which are in order."""
        self.text = text
        tokens = [
            (start + first, start + last)
            for span in spans
            for start, end in _strips(text, *span)
            for first, last in tokenize(text[start:end])
        ]
        self._starts = [start for start, _ in tokens]
        self._ends = [end for _, end in tokens]

    def size(self, start: int, end: int) -> int:
        """The tokens in `text[start:end]`, cut ones included; more where they are implausibly long."""
        tokens = bisect_left(self._starts, end) - bisect_right(self._ends, start)
        return max(tokens, ceil((end - start) / CHARACTERS_PER_TOKEN))

    def reach(self, start: int, end: int, size: int) -> int:
        """The furthest position up to `end` such that the span from `start` has at most `size` tokens."""
        first = bisect_right(self._ends, start)
        position = min(end, start + size * CHARACTERS_PER_TOKEN)
        if not size or first + size > len(self._ends):
            return position
        return min(position, self._ends[first + size - 1])


def _strips(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span in strips that the tokenizer takes at once; they end at a space where there is one."""
    while end - start > LONGEST_STRIP:
        space = max(text.rfind(mark, start, start + LONGEST_STRIP) for mark in " \n\t")
        stop = space if space > start else start + LONGEST_STRIP
        yield start, stop
        start = stop
    yield start, end
