"""How well each candidate answers each part of a question.

Words first, because they cost nothing: the terms of the question weighed by rarity, the codes and numbers
that it names, the kind of answer that it wants, the place of the passage. The best few are then compared with
the question by embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from service.generate.candidates import CandidateSentence
from service.generate.match import Matching, Tokenize
from service.generate.question import QuestionPart, exact, parts
from service.text import words
from service.types import Passage, Question, Vector

Embed = Callable[[Sequence[str]], Vector]
"""Texts to unit vectors of shape (texts, dimension)."""


_Scores = Mapping[CandidateSentence, float]


@dataclass(frozen=True, slots=True)
class Model:
    """What the embedder lends: vectors of texts, and where its tokens lie."""

    embed: Embed
    tokenize: Tokenize


_EMBEDDED = 6
"""How many candidates are embedded, over all parts of the question."""
_MEANING, _TOKENS, _WORDS, _CUE, _PLACE, _EXACT = 0.30, 0.25, 0.40, 0.15, 0.05, 0.20
_AROUND, _BESIDE, _ELSEWHERE = 0.5, 0.2, 0.5
"""What a term counts in the headings above and in the sentences beside, and a code in the same document."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates as answers to one part of the question."""

    part: QuestionPart
    by_words: Mapping[CandidateSentence, float]
    scores: Mapping[CandidateSentence, float]
    """Of the candidates that were embedded, best first."""
    exact: Mapping[CandidateSentence, float]
    weights: Mapping[str, float]

    @property
    def best(self) -> float:
        """The best score."""
        return next(iter(self.scores.values()))

    def gain(self, candidate: CandidateSentence, known: Sequence[CandidateSentence]) -> float:
        """The share of what is asked for that a candidate adds to those that are known."""
        asked = _weighed(self.part.asked(candidate.language), self.weights)
        said = frozenset[str]().union(*(other.terms for other in known))
        added = sum(weight for term, weight in asked.items() if term in candidate.terms - said)
        return added / (sum(asked.values()) or 1.0)


def ranked(question: Question, found: Sequence[CandidateSentence], model: Model) -> list[Ranking]:
    """A ranking for each part; the candidates that words and tokens put first are embedded, in one go."""
    asked = parts(question.text)
    evidence = _Evidence(found)
    matching = Matching(question, found, model.tokenize)
    by_words = [_with_tokens(evidence.by_words(part), matching.scores(part)) for part in asked]
    each = max(2, _EMBEDDED // len(asked))
    first = [sorted(scores, key=lambda candidate: -scores[candidate])[:each] for scores in by_words]
    texts = list(dict.fromkeys(candidate for some in first for candidate in some))
    vectors = model.embed([*(part.text for part in asked), *(candidate.text for candidate in texts)])
    meant = np.maximum(0.0, vectors[: len(asked)] @ vectors[len(asked) :].T)
    place = {candidate: index for index, candidate in enumerate(texts)}
    rankings: list[Ranking] = []
    for row, part, words_only, some in zip(meant, asked, by_words, first, strict=True):
        scores = {c: words_only[c] + _MEANING * float(row[place[c]]) for c in some}
        ordered = dict(sorted(scores.items(), key=lambda entry: -entry[1]))
        rankings.append(Ranking(part, words_only, ordered, evidence.exact(part), evidence.weights))
    return rankings


def _with_tokens(read: _Scores, matched: _Scores) -> dict[CandidateSentence, float]:
    return {candidate: score + _TOKENS * matched[candidate] for candidate, score in read.items()}


class _Evidence:
    """All candidates, with what their headings and their documents say."""

    def __init__(self, found: Sequence[CandidateSentence]) -> None:
        self._found = found
        self.weights = words.weights(candidate.terms for candidate in found)
        passages = {candidate.passage.n: candidate.passage for candidate in found}
        self._around = {n: _around(passage) for n, passage in passages.items()}
        self._places = _places(list(passages.values()))
        self._document: dict[str, frozenset[str]] = {}
        for c in found:
            known = self._document.get(c.passage.document.id, frozenset())
            self._document[c.passage.document.id] = known | c.terms | self._around[c.passage.n]
        at = {(c.passage.n, c.position): c.terms for c in found if not c.is_row}
        self._beside = {
            c: frozenset[str]().union(*(at.get((c.passage.n, c.position + step), ()) for step in (-1, 1)))
            for c in found
        }

    def by_words(self, part: QuestionPart) -> dict[CandidateSentence, float]:
        """The score of every candidate without its meaning."""
        exactness = self.exact(part)
        return {
            c: self._shared(part, c) + _EXACT * exactness[c] + _PLACE * self._places[c.passage.n]
            for c in self._found
        }

    def exact(self, part: QuestionPart) -> dict[CandidateSentence, float]:
        """The share of the codes and numbers asked for that each candidate is about."""
        shares: dict[CandidateSentence, float] = {}
        for c in self._found:
            asked = _weighed(exact(part.asked(c.language)), self.weights)
            around, document = self._around[c.passage.n], self._document[c.passage.document.id]
            matched = sum(
                weight * (1.0 if t in c.terms or t in around else _ELSEWHERE * (t in document))
                for t, weight in asked.items()
            )
            shares[c] = matched / sum(asked.values()) if asked else 0.0
        return shares

    def _shared(self, part: QuestionPart, candidate: CandidateSentence) -> float:
        """Shared terms by rarity, less for those of the headings, and the wanted kind of answer."""
        counts = part.asked(candidate.language)
        asked = _weighed(counts, self.weights)
        known = self._known(candidate)
        shared = sum(weight * known.get(term, 0.0) for term, weight in asked.items())
        cue = part.cue(candidate.text, candidate.terms - counts.keys())
        return _WORDS * shared / (sum(asked.values()) or 1.0) + _CUE * cue

    def _known(self, candidate: CandidateSentence) -> dict[str, float]:
        """What each term counts that a candidate holds, or that stands beside or above it."""
        known = dict.fromkeys(self._beside[candidate], _BESIDE)
        known |= dict.fromkeys(self._around[candidate.passage.n], _AROUND)
        return known | dict.fromkeys(candidate.terms, 1.0)


def _weighed(counts: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    return {term: count * weights.get(term, 1.0) for term, count in counts.items()}


def _around(passage: Passage) -> frozenset[str]:
    """The terms of the headings above a passage and of its document's title."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    return frozenset(words.terms(" ".join((passage.document.title, *passage.heading_path)), language))


def _places(passages: Sequence[Passage]) -> dict[int, float]:
    """By passage number, 1 for the best hit's passage, 1/2 for the next: numbers go out from both ends."""
    ranked = sorted(passages, key=_strength, reverse=True)
    return {passage.n: 1 / (1 + rank) for rank, passage in enumerate(ranked)}


def _strength(passage: Passage) -> tuple[float, float]:
    """The scores that its best hit was ranked by; hits that were not reranked stand below all that were."""
    reranked = max((hit.rerank_score for hit in passage.hits if hit.rerank_score is not None), default=-inf)
    return reranked, max((hit.fused.score for hit in passage.hits), default=0.0)
