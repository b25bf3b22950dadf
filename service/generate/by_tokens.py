"""How closely the tokens of each candidate match those of the question: late interaction by sentence.

The token vectors of a chunk are kept from its ingest and come with its hit, so nothing is embedded here. Each
token of the question looks for its nearest token in the sentence, or in the headings above for a little less
(MaxSim, Khattab & Zaharia 2020); function words are left out, and what many candidates hold counts less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.generate.candidates import CandidateSentence
from service.generate.question import SCENE, QuestionPart
from service.text import words
from service.text.sentences import Span
from service.types import Hit, Passage, Question, TokenVectors

Tokenize = Callable[[Sequence[str]], Sequence[tuple[Sequence[int], Sequence[Span]]]]
"""Texts to the ids of their tokens and the places of these, as the embedder cuts them, without a limit."""
Floats = NDArray[np.float32]

_SAME_TOKEN = 0.75
"""A candidate holds a token of the question that comes so near to one of its own."""
_HEADING = 0.8
"""What a token counts that a heading holds; both chosen as in `choose.py`."""
_UNKNOWN = -1.0


class TokenScores:
    """The tokens of one question against those of the candidates. Without token vectors all match alike."""

    def __init__(self, question: Question, found: Sequence[CandidateSentence], tokenize: Tokenize) -> None:
        self._text = question.text
        self._found = found
        asked = question.vectors.tokens
        ((_, places),) = tokenize([question.text])
        self._places = places[: len(asked.ids)] if asked else ()
        self._near = _nearest(asked, found, tokenize) if asked else np.zeros((len(found), 0), np.float32)

    def of(self, part: QuestionPart) -> dict[CandidateSentence, float]:
        """How well each candidate matches a part of the question, about 0 to 1."""
        holders = np.maximum(1, (self._near > _SAME_TOKEN).sum(axis=0))
        weights = self._counts(part) * np.log1p(len(self._found) / holders)
        shares = self._near @ weights / (weights.sum() or 1.0)
        return dict(zip(self._found, map(float, shares), strict=True))

    def _counts(self, part: QuestionPart) -> Floats:
        """What each token of the question counts, rarity aside: nothing in a function word or a mark."""
        start = self._text.find(part.text)
        counts = np.zeros(self._near.shape[1], np.float32)
        for word in words.word_spans(self._text):
            if not words.is_stop_word(word.group(), self._found[0].language):
                is_asked = start <= word.start() < start + len(part.text)
                inside = [word.start() <= begin < word.end() for begin, _ in self._places]
                counts[: len(inside)][inside] = 1.0 if is_asked else SCENE
        return counts


def _nearest(asked: TokenVectors, found: Sequence[CandidateSentence], tokenize: Tokenize) -> Floats:
    """The similarity of each token asked to its nearest in each candidate, of shape (candidates, tokens).

    A candidate that lies in no chunk that was found has no token vectors here: it counts as an average one.
    """
    near = np.full((len(found), len(asked.ids)), _UNKNOWN, np.float32)
    rows: dict[int, list[int]] = {}
    for row, candidate in enumerate(found):
        rows.setdefault(candidate.passage.n, []).append(row)
    passages = {candidate.passage.n: candidate.passage for candidate in found}
    for read in _chunk_tokens(asked, list(passages.values()), tokenize):
        for row in rows[read.n]:
            read.take(found[row].span, near[row])
    known = (near > _UNKNOWN).any(axis=1)
    near[~known] = near[known].mean(axis=0) if known.any() else 0.0
    return near


class _ChunkTokens:
    """One chunk of a passage, token by token; the heading and the table's header stand before its text."""

    def __init__(self, passage: Passage, hit: Hit, near: Floats, places: NDArray[np.int64]) -> None:
        before = len(hit.chunk.indexed_text) - len(hit.chunk.text)
        above = places[:, 0] < before
        self.n = passage.n
        self._near = near[:, ~above]
        self._above = _HEADING * near[:, above].max(axis=1, initial=_UNKNOWN)
        places = places[~above] + (hit.chunk.start - passage.start - before)
        self._starts, self._ends = places[:, 0], places[:, 1]

    def take(self, span: Span, nearest: Floats) -> None:
        """Raises `nearest`, one number for each token asked, to what the chunk holds within the span."""
        inside = slice(*np.searchsorted(self._starts, span))
        if inside.start < inside.stop:
            np.maximum(nearest, self._near[:, inside].max(axis=1), out=nearest)
            np.maximum(nearest, self._above, out=nearest)


def _chunk_tokens(
    asked: TokenVectors, passages: Sequence[Passage], tokenize: Tokenize
) -> Iterator[_ChunkTokens]:
    """The chunks that were found, as far as their token vectors are known."""
    pairs = [(passage, hit) for passage in passages for hit in passage.hits if hit.tokens is not None]
    question = asked.unit()
    for (passage, hit), (ids, places) in zip(
        pairs, tokenize([hit.chunk.indexed_text for _, hit in pairs]), strict=True
    ):
        assert hit.tokens is not None
        # The embedder reads a long chunk only so far.
        count = min(len(ids), len(hit.tokens.ids))
        if np.array_equal(ids[:count], hit.tokens.ids[:count]):
            near = question @ hit.tokens.unit()[:count].T
            yield _ChunkTokens(passage, hit, near, np.asarray(places[:count], np.int64).reshape(-1, 2))
