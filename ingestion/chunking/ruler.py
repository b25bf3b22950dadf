"""Token counts of any span of a text, from one pass of the tokenizer over each element."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

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
        self._starts: list[int] = []
        self._ends: list[int] = []
        for strip, stop in (strip for span in spans for strip in _strips(text, *span)):
            tokens = tokenize(text[strip:stop])
            self._starts += [strip + start for start, _ in tokens]
            self._ends += [strip + end for _, end in tokens]

    def size(self, start: int, end: int) -> int:
        """The tokens in `text[start:end]`, cut ones included; more where they are implausibly long."""
        return max(self.tokens_until(end) - self.tokens_before(start), least_tokens(end - start))

    def tokens_before(self, position: int) -> int:
        """How many tokens have ended at `position`."""
        return bisect_right(self._ends, position)

    def tokens_until(self, position: int) -> int:
        """How many tokens begin before `position`."""
        return bisect_left(self._starts, position)

    def reach(self, start: int, end: int, size: int) -> int:
        """The furthest position up to `end` such that the span from `start` has at most `size` tokens."""
        first = bisect_right(self._ends, start)
        position = min(end, start + size * CHARACTERS_PER_TOKEN)
        if not size or first + size > len(self._ends):
            return position
        return min(position, self._ends[first + size - 1])


def least_tokens(characters: int) -> int:
    """What so many characters count for at the least, however few tokens they are."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def _strips(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span in strips that the tokenizer takes at once; they end at a space where there is one."""
    while end - start > LONGEST_STRIP:
        space = max(text.rfind(mark, start, start + LONGEST_STRIP) for mark in " \n\t")
        stop = space if space > start else start + LONGEST_STRIP
        yield start, stop
        start = stop
    yield start, end
