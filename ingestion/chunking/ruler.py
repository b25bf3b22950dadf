"""Token counts of any span of a text, from one pass of the tokenizer over each element."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

Tokenize = Callable[[str], Sequence[tuple[int, int]]]
"""The character spans of a text's tokens, in order, without special tokens and without truncation."""

CHARACTERS_PER_TOKEN = 16
"""No real text has so few tokens; tokenizers take a very long word (a key, base64) for one unknown token."""


class Ruler:
    """Counts the tokens of spans of one text; only those spans given at the start are tokenized."""

    def __init__(self, text: str, spans: Iterable[tuple[int, int]], tokenize: Tokenize) -> None:
        """Tokenize `text[start:end]` of each of the `spans`, which are in order."""
        self.text = text
        self._ends = [
            start + token_end for start, end in spans for _, token_end in tokenize(text[start:end])
        ]

    def size(self, start: int, end: int) -> int:
        """The tokens that end within `text[start:end]`; more where the tokens are implausibly long."""
        tokens = bisect_right(self._ends, end) - bisect_right(self._ends, start)
        return max(tokens, (end - start) // CHARACTERS_PER_TOKEN)

    def reach(self, start: int, end: int, size: int) -> int:
        """The furthest position up to `end` such that the span from `start` has at most `size` tokens."""
        position = min(end, start + size * CHARACTERS_PER_TOKEN)
        last = bisect_right(self._ends, start) + size
        return min(position, self._ends[last - 1]) if last <= len(self._ends) else position
