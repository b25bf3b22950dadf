"""How closely each candidate matches the question by its tokens: one by one, and as a whole.

The token vectors of a chunk are kept from its ingest and come with its hit, so nothing is embedded here.

One by one: each token of the question looks for its nearest token in the sentence, or in the headings above
for a little less (MaxSim, Khattab & Zaharia 2020); function words are left out, and what many candidates hold
counts less. As a whole: the mean of the sentence's tokens beside that of the question's. They were read with
the whole chunk in sight, so that a "he" or an "it" has something of what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.generate.candidates import CandidateSentence
from service.generate.question import SCENE, QuestionPart
from service.text import words
from service.text.sentences import Span
from service.types import Hit, Passage, Question

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
        self._asked = asked.unit() if asked else np.zeros((0, 0), np.float32)
        self._near = np.full((len(found), len(self._asked)), _UNKNOWN, np.float32)
        self._sums = np.zeros((len(found), self._asked.shape[1]), np.float32)
        self._read(tokenize)

    @property
    def is_known(self) -> bool:
        """Whether any candidate has token vectors."""
        return bool(self._sums.any())

    def of(self, part: QuestionPart) -> dict[CandidateSentence, float]:
        """How well each candidate's tokens match those of a part of the question, about 0 to 1."""
        holders = np.maximum(1, (self._near > _SAME_TOKEN).sum(axis=0))
        weights = self._counts(part) * np.log1p(len(self._found) / holders)
        shares = self._near @ weights / (weights.sum() or 1.0)
        return dict(zip(self._found, map(float, shares), strict=True))

    def meaning(self, part: QuestionPart) -> dict[CandidateSentence, float]:
        """The cosine of each candidate's mean token with that of a part of the question, at least 0."""
        mine = [index for index, place in enumerate(self._places) if self._is_in(part, place)]
        cosines = _directions(self._sums) @ _directions(self._asked[mine].sum(axis=0))
        known = self._sums.any(axis=1)
        cosines[~known] = cosines[known].mean()
        return dict(zip(self._found, map(float, np.maximum(0.0, cosines)), strict=True))

    def _is_in(self, part: QuestionPart, place: Span) -> bool:
        start = self._text.find(part.text)
        return start <= place[0] < start + len(part.text)

    def _counts(self, part: QuestionPart) -> Floats:
        """What each token of the question counts, rarity aside: nothing in a function word or a mark."""
        counts = np.zeros(self._near.shape[1], np.float32)
        for word in words.word_spans(self._text):
            if not words.is_stop_word(word.group(), self._found[0].language):
                inside = [word.start() <= begin < word.end() for begin, _ in self._places]
                counts[: len(inside)][inside] = 1.0 if self._is_in(part, word.span()) else SCENE
        return counts

    def _read(self, tokenize: Tokenize) -> None:
        """Reads each candidate in the chunks that hold it.

        One that lies in no chunk that was found has no token vectors here: it counts as an average one.
        """
        rows: dict[int, list[int]] = {}
        for row, candidate in enumerate(self._found):
            rows.setdefault(candidate.passage.n, []).append(row)
        passages = {candidate.passage.n: candidate.passage for candidate in self._found}
        for chunk in _chunk_tokens(self._asked, list(passages.values()), tokenize):
            for row in rows[chunk.n]:
                candidate = self._found[row]
                chunk.take(candidate.span, self._near[row], self._sums[row])
                if candidate.subject:
                    chunk.take(candidate.subject.span, self._near[row], np.zeros_like(self._sums[row]))
        known = (self._near > _UNKNOWN).any(axis=1)
        self._near[~known] = self._near[known].mean(axis=0) if known.any() else 0.0


class _ChunkTokens:
    """One chunk of a passage, token by token; the heading and the table's header stand before its text."""

    def __init__(self, passage: Passage, hit: Hit, asked: Floats, places: NDArray[np.int64]) -> None:
        assert hit.tokens is not None
        vectors = hit.tokens.unit()[: len(places)]
        near = asked @ vectors.T
        before = len(hit.chunk.indexed_text) - len(hit.chunk.text)
        above = places[:, 0] < before
        self.n = passage.n
        self._vectors, self._near = vectors[~above], near[:, ~above]
        self._above = _HEADING * near[:, above].max(axis=1, initial=_UNKNOWN)
        places = places[~above] + (hit.chunk.start - passage.start - before)
        self._starts, self._ends = places[:, 0], places[:, 1]

    def take(self, span: Span, nearest: Floats, total: Floats) -> None:
        """What the chunk holds within the span.

        Raises `nearest`, one number for each token asked, to the best, and adds its vectors to `total`.
        """
        inside = slice(*np.searchsorted(self._starts, span))
        if inside.start < inside.stop:
            np.maximum(nearest, self._near[:, inside].max(axis=1), out=nearest)
            np.maximum(nearest, self._above, out=nearest)
            total += self._vectors[inside].sum(axis=0)


def _chunk_tokens(asked: Floats, passages: Sequence[Passage], tokenize: Tokenize) -> Iterator[_ChunkTokens]:
    """The chunks that were found, as far as their token vectors are known."""
    pairs = [(passage, hit) for passage in passages for hit in passage.hits if hit.tokens is not None]
    if not len(asked):
        return
    for (passage, hit), (ids, places) in zip(
        pairs, tokenize([hit.chunk.indexed_text for _, hit in pairs]), strict=True
    ):
        assert hit.tokens is not None
        # The embedder reads a long chunk only so far.
        count = min(len(ids), len(hit.tokens.ids))
        if np.array_equal(ids[:count], hit.tokens.ids[:count]):
            yield _ChunkTokens(passage, hit, asked, np.asarray(places[:count], np.int64).reshape(-1, 2))


def _directions(vectors: Floats) -> Floats:
    """Vectors of length 1 along the last axis; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions: Floats = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return directions
