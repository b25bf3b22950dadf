"""How well each candidate matches a part of the question by words alone, which costs nothing.

The terms of the question weighed by rarity, the codes and numbers that it names, the kind of answer that it
wants, and how far its passage was put above the others. What each counts was chosen as in `choose.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf

from service.generate.candidates import CandidateSentence
from service.generate.question import QuestionPart, exact
from service.generate.subjects import named_terms
from service.text import words
from service.types import Hit, Passage

_WORDS, _CUE, _EXACT, _PLACE = 0.40, 0.15, 0.20, 0.20
"""What the question's terms, the kind of answer, its codes and numbers, and the passage's place count."""
_ABOUT, _NO_STATEMENT = 0.30, 0.20
"""What it counts that a candidate defines what is asked for, and what a question or a bare command loses."""
_EVEN = 2.0
"""Two passages of which the ranker prefers one so far still count e to 1."""
_AROUND, _BESIDE, _ELSEWHERE = 0.5, 0.2, 0.5
"""What a term counts in the headings above and in the sentences beside, and a code in the same document."""
_FAMILY = 0.75
"""What a code counts where the name of its family stands: terms for "MV pumps" are those of the MV450."""
_OF_FAMILY = re.compile(r"([^\W\d_]{2,})[-_]?\d[^\W_]*")
_POINTS_BACK = re.compile(
    r"(?:\W*\w+\W+){0,5}?(?:this|these|its?|their|they|diese[rsnm]?|cette|este|esta)\b", re.I
)
"""A sentence that speaks early on of what the one before it names: "The default value of this macro is …"."""


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """The terms that one part of a question asks for, read in one language."""

    named: frozenset[str]
    weights: Mapping[str, float]
    """Less where only the rest of the question names a term; by rarity among the candidates."""
    exact: Mapping[str, float]
    """Those that name one thing exactly."""

    def share(self, counts: Mapping[str, float]) -> float:
        """What a text has of all that is asked, if it has each term to the extent that `counts` says."""
        shared = sum(weight * counts.get(term, 0.0) for term, weight in self.weights.items())
        return shared / (sum(self.weights.values()) or 1.0)

    def overlap(self, terms: frozenset[str]) -> float:
        """How far terms name what is asked for, and nothing else, in [0, 1]."""
        if not terms:
            return 0.0
        asked = len(terms & self.named) / len(terms)
        return asked * self.share(dict.fromkeys(terms, 1.0))


@dataclass(frozen=True, slots=True)
class ByWords:
    """One part of the question against all candidates."""

    asked: Mapping[str, AskedTerms]
    """By language."""
    exactness: Mapping[CandidateSentence, float]
    """The share of the codes and numbers asked for that each candidate is about."""
    scores: Mapping[CandidateSentence, float]
    places: Mapping[CandidateSentence, float]
    """What is added for the passage: nothing that two sentences of one passage could be told apart by."""


class WordScores:
    """All candidates, with what their headings and their documents say."""

    def __init__(self, found: Sequence[CandidateSentence]) -> None:
        self._found = found
        self._rarity = words.weights(candidate.terms for candidate in found)
        passages = {candidate.passage.n: candidate.passage for candidate in found}
        self._around = {n: _around(passage) for n, passage in passages.items()}
        self._passages = tuple(passages.values())
        self._document: dict[str, frozenset[str]] = {}
        for c in found:
            known = self._document.get(c.passage.document.id, frozenset())
            self._document[c.passage.document.id] = known | c.terms | self._around[c.passage.n]
        at = {(c.passage.n, c.position): c.terms for c in found if not c.is_row}
        before, after = (
            {c: at.get((c.passage.n, c.position + step), frozenset[str]()) for c in found} for step in (-1, 1)
        )
        self._before = before
        self._beside = {c: before[c] | after[c] for c in found}

    def of(self, part: QuestionPart) -> ByWords:
        """How each candidate matches a part of the question."""
        asked = {language: self._asked(part, language) for language in {c.language for c in self._found}}
        exactness = {c: self._exactness(c, asked[c.language].exact) for c in self._found}
        scores = {
            c: _WORDS * asked[c.language].share(self._counts(c, asked[c.language].weights))
            + _CUE * part.cue(c.text, c.terms - asked[c.language].named)
            + _EXACT * exactness[c]
            + _ABOUT * asked[c.language].overlap(c.about)
            - _NO_STATEMENT * (not c.is_statement)
            for c in self._found
        }
        ranked = _places(self._passages, part)
        places = {c: _PLACE * ranked[c.passage.n] for c in self._found}
        return ByWords(asked, exactness, scores, places)

    def _asked(self, part: QuestionPart, language: str) -> AskedTerms:
        counts = part.asked(language)
        weights = {term: count * self._rarity.get(term, 1.0) for term, count in counts.items()}
        return AskedTerms(frozenset(counts), weights, {term: weights[term] for term in exact(counts)})

    def _exactness(self, candidate: CandidateSentence, asked: Mapping[str, float]) -> float:
        if not asked:
            return 0.0
        near = candidate.terms | candidate.about | self._around[candidate.passage.n]
        if _POINTS_BACK.match(candidate.text):
            near |= self._before[candidate]
        document = self._document[candidate.passage.document.id]
        about = sum(weight * _held(term, near, document) for term, weight in asked.items())
        return about / sum(asked.values())

    def _counts(self, candidate: CandidateSentence, asked: Iterable[str]) -> dict[str, float]:
        """What each of these terms counts that a candidate holds, or that stands beside or above it."""
        own, above = candidate.terms | candidate.about, self._around[candidate.passage.n]
        beside = self._beside[candidate]
        found: dict[str, float] = {}
        for term in asked:
            if term in own:
                found[term] = 1.0
            elif _family(term) in own:
                found[term] = _FAMILY
            elif term in above:
                found[term] = _AROUND
            elif term in beside:
                found[term] = _BESIDE
        return found


def _held(term: str, near: frozenset[str], document: frozenset[str]) -> float:
    """How far something that names one thing exactly is what a candidate is about."""
    if term in near:
        return 1.0
    if _family(term) in near:
        return _FAMILY
    return _ELSEWHERE * (term in document)


@lru_cache(maxsize=1_024)
def _family(code: str) -> str:
    """What a code of letters and a number has in common with those of its kind; empty for all else."""
    found = _OF_FAMILY.fullmatch(code)
    return found[1] if found else ""


def _around(passage: Passage) -> frozenset[str]:
    """The terms of the headings above a passage and of its document's title."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    return named_terms(" ".join((passage.document.title, *passage.heading_path)), language)


def _places(passages: Sequence[Passage], part: QuestionPart) -> dict[int, float]:
    """By passage number, 1 for the best hit's passage, and less for the others, the further they are below.

    Of a part that was searched for by itself, its own hits count. Those of a question that was searched for
    as a whole were ranked for all of its parts, which says less of each.

    Rankers are trained on pairs, so that the difference of two scores is the logarithm of the odds that the
    one is preferred. Without a ranker there are only ranks: 1/2 for the second, 1/3 for the third.
    """
    own = {passage.n: [hit for hit in passage.hits if hit.part == part.number] for passage in passages}
    if not any(own.values()):
        whole = _odds({passage.n: passage.hits for passage in passages})
        return {n: odds / part.among for n, odds in whole.items()}
    return dict.fromkeys(own, 0.0) | _odds({n: hits for n, hits in own.items() if hits})


def _odds(hits: Mapping[int, Sequence[Hit]]) -> dict[int, float]:
    """By passage number, how its hits stand beside the best passage's."""
    ranked = {n: _score(some) for n, some in hits.items()}
    if (best := max(ranked.values(), default=-inf)) > -inf:
        return {n: exp((score - best) / _EVEN) for n, score in ranked.items()}
    fused = sorted(hits, key=lambda n: max((hit.fused.score for hit in hits[n]), default=0.0))
    return {n: 1 / (1 + rank) for rank, n in enumerate(reversed(fused))}


def _score(hits: Sequence[Hit]) -> float:
    """What the ranker gave the best of them; hits that were not reranked stand below all that were."""
    return max((hit.rerank_score for hit in hits if hit.rerank_score is not None), default=-inf)
