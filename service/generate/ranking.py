"""The candidates as answers to each part of a question: by words, by tokens, by the meaning of the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.generate.by_tokens import TokenScores
from service.generate.by_words import ByWords
from service.generate.candidates import CandidateSentence
from service.generate.question import QuestionPart
from service.types import Vector

Embed = Callable[[Sequence[str]], Vector]
"""Texts to unit vectors of shape (texts, dimension)."""
Scores = Mapping[CandidateSentence, float]

_EMBEDDED = 6
"""How many candidates are embedded where no token vectors are kept, over all parts of the question."""
_TOKENS, _MEANING = 0.25, 0.30
"""What the match of the tokens and the similarity of the whole count; chosen as in `choose.py`."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates as answers to one part of the question."""

    matches: ByWords
    without_meaning: Scores
    """Of all candidates, by words and tokens: what they say, wherever they stand."""
    scores: Scores
    """With meaning and place, best first: of all candidates, or of those that were embedded."""

    @property
    def best(self) -> float:
        """The best score."""
        return next(iter(self.scores.values()))

    def gain(self, candidate: CandidateSentence, known: Sequence[CandidateSentence]) -> float:
        """The share of what is asked for that a candidate adds to those that are known."""
        said = frozenset[str]().union(*(other.terms for other in known))
        return self.matches.asked[candidate.language].share(dict.fromkeys(candidate.terms - said, 1.0))


def ranked(
    parts: Sequence[QuestionPart], by_words: Sequence[ByWords], by_tokens: TokenScores, embed: Embed
) -> list[Ranking]:
    """A ranking for each part."""
    cheap = [
        _with_tokens(read.scores, by_tokens.of(part)) for part, read in zip(parts, by_words, strict=True)
    ]
    meant = _meanings(parts, cheap, by_tokens, embed)
    rankings: list[Ranking] = []
    for read, scores, near in zip(by_words, cheap, meant, strict=True):
        joined = {c: scores[c] + _MEANING * near[c] + read.places[c] for c in near}
        best_first = dict(sorted(joined.items(), key=lambda entry: -entry[1]))
        rankings.append(Ranking(read, scores, best_first))
    return rankings


def _with_tokens(scores: Scores, matched: Scores) -> Scores:
    return {candidate: score + _TOKENS * matched[candidate] for candidate, score in scores.items()}


def _meanings(
    parts: Sequence[QuestionPart], cheap: Sequence[Scores], by_tokens: TokenScores, embed: Embed
) -> Sequence[Scores]:
    """How near each candidate is to each part as a whole.

    The token vectors that are kept say it. Only where there are none, the candidates that words put first are
    embedded, in one go.
    """
    if by_tokens.is_known:
        return [by_tokens.meaning(part) for part in parts]
    each = max(2, _EMBEDDED // len(parts))
    first = [sorted(scores, key=lambda candidate: -scores[candidate])[:each] for scores in cheap]
    return _similarities(parts, first, embed)


def _similarities(
    parts: Sequence[QuestionPart], first: Sequence[Sequence[CandidateSentence]], embed: Embed
) -> list[dict[CandidateSentence, float]]:
    """The cosine of each part with its first candidates, at least 0."""
    texts = list(dict.fromkeys(candidate for some in first for candidate in some))
    vectors = embed([*(part.text for part in parts), *(candidate.text for candidate in texts)])
    cosines = np.maximum(0.0, vectors[: len(parts)] @ vectors[len(parts) :].T)
    place = {candidate: index for index, candidate in enumerate(texts)}
    return [
        {candidate: float(row[place[candidate]]) for candidate in some}
        for row, some in zip(cosines, first, strict=True)
    ]
