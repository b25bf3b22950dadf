"""Recall, precision and intersection over union of retrieved spans, counted in tokens of the raw file.

    recall    = |gold and retrieved| / |gold|
    precision = |gold and retrieved| / |retrieved|
    IoU       = |gold and retrieved| / |gold or retrieved|

As in the paper, a token that was retrieved twice, by overlapping pieces, counts twice among the retrieved.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.chunking.splitters import Piece

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanScore:
    """The measures of one question or their mean, each in [0, 1]; `tokens` is how much was retrieved."""

    recall: float
    precision: float
    iou: float
    tokens: float


class TokenMap:
    """The tokens of one corpus, addressed by character spans."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """Take the character spans of the tokens, in order."""
        self._starts = [start for start, _ in spans]

    def tokens(self, start: int, end: int) -> range:
        """The tokens that start within the characters `start` to `end`."""
        return range(bisect_left(self._starts, start), bisect_left(self._starts, end))


def score(
    ranked: Sequence[Piece],
    corpus: str,
    gold: Sequence[Span],
    maps: dict[str, TokenMap],
    *,
    budget: int | None = None,
) -> SpanScore:
    """The measures of one question whose answer is the `gold` spans of `corpus`.

    With a `budget` the ranked pieces are read until so many tokens are reached, the last one in part, so that
    methods with small and with large pieces retrieve the same amount.
    """
    wanted = {token for span in gold for token in maps[corpus].tokens(*span)}
    seen: set[int] = set()
    retrieved = 0
    for piece in ranked:
        tokens = maps[piece.corpus].tokens(piece.start, piece.end)
        if budget is not None:
            tokens = tokens[: budget - retrieved]
        retrieved += len(tokens)
        if piece.corpus == corpus:
            seen.update(wanted.intersection(tokens))
    union = retrieved + len(wanted) - len(seen)
    return SpanScore(len(seen) / len(wanted), len(seen) / max(retrieved, 1), len(seen) / union, retrieved)


def mean(scores: Sequence[SpanScore]) -> SpanScore:
    """The mean over questions, each counting the same."""
    count = len(scores)
    return SpanScore(
        sum(one.recall for one in scores) / count,
        sum(one.precision for one in scores) / count,
        sum(one.iou for one in scores) / count,
        sum(one.tokens for one in scores) / count,
    )
