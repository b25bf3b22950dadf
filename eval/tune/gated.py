"""Fits the numbers of a ranker: nDCG@10 itself, by the set that gains least.

A margin is what a ranking is better by than the best of BM25, dense and fused on the same questions: so no
set pays for another, and a set counts the same whatever its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.tune.evolution import Array, Search, maximised
from eval.tune.rows import HitList
from service.match import NAMES
from service.rerank.features import TRUST
from service.rerank.ranker import Gate

ALWAYS = ("window_24", "numbers")
"""These hurt no set when they were added to the dense score alone."""
LEXICAL = ("bm25", "exact_24", "pairs", "phrase")
"""These help where words decide and hurt paraphrases."""
MEANING = ("cluster",)
"""These help paraphrases and hurt where words decide: they count as far as the gate is shut."""
_START = 0.3
_TEMPERATURE = 0.012
"""How much more the set that gains least counts than the others, in nDCG."""
_ENOUGH = 0.08
"""A margin beyond counts no more: one easy set would pay for others."""
_OF_THE_MEAN, _OF_THE_SIZE = 0.1, 0.002
_TOP = 10
_ENDS = tuple(accumulate(map(len, (ALWAYS, LEXICAL, MEANING))))
_FIRST = _ENDS[-1]
"""Where the gate's numbers begin."""
_COLUMNS = [NAMES.index(name) for name in ("dense", *ALWAYS, *LEXICAL, *MEANING)]


@dataclass(frozen=True, slots=True, eq=False)
class LearningSet:
    """The hit lists of a set in flat arrays, so that a guess is measured in less than a millisecond.

    `hits` (hits, 1 + always + lexical + meaning) are z-scores, sorted by document; `documents` says where
    each begins among them. Each pair is of a relevant document and any document of the same question.
    """

    name: str
    hits: NDArray[np.float32]
    question: NDArray[np.intp]
    """The question of each hit."""
    trust: Array
    documents: NDArray[np.intp]
    gains: Array
    """What each relevant document adds to the mean nDCG were it first."""
    right: NDArray[np.intp]
    """The relevant document of each pair, by its place among all."""
    others: NDArray[np.intp]
    """The other document of each pair."""
    first_pair: NDArray[np.intp]
    best_list: float
    """nDCG@10 of the best of BM25, dense and fused."""

    @classmethod
    def of(cls, name: str, lists: Sequence[HitList]) -> LearningSet:
        """The set of at least one question."""
        hits, question, documents, right, gains, others, first_pair = [], [], [], [], [], [], []
        known = places = pairs = 0
        for number, one in enumerate(lists):
            names = list(dict.fromkeys(one.names))
            place = {document: at for at, document in enumerate(names)}
            order = np.argsort([place[document] for document in one.names], kind="stable")
            counts = np.bincount([place[document] for document in one.names])
            hits.append(one.matched[order][:, _COLUMNS])
            question.append(np.full(len(order), number))
            documents.append(known + np.cumsum(counts) - counts)
            for document, gain in one.gains.items():
                if document in place:
                    right.append(np.full(len(names), places + place[document]))
                    gains.append(gain / len(lists))
                    others.append(places + np.arange(len(names)))
                    first_pair.append(pairs)
                    pairs += len(names)
            known += len(order)
            places += len(names)
        lasts = np.mean([(one.bm25, one.dense, one.fused) for one in lists], axis=0)
        return cls(
            name,
            np.concatenate(hits).astype(np.float32),
            np.concatenate(question),
            np.array([one.trust for one in lists], np.float64),
            np.concatenate(documents),
            np.array(gains),
            np.concatenate([*right, np.zeros(0, np.intp)]),
            np.concatenate([*others, np.zeros(0, np.intp)]),
            np.array(first_pair, np.intp),
            float(lasts.max()),
        )

    def margin(self, numbers: Array, centre: Array, spread: Array) -> float:
        """What these numbers gain over the best list."""
        gate = _gate(numbers, centre, spread)(self.trust)[self.question]
        always, gated = (self.hits @ _by_column(numbers)).T
        scores = always + gate * gated
        return self._ndcg(scores) - self.best_list

    def _ndcg(self, scores: Array) -> float:
        """The mean nDCG@10 of documents, each at the place of its best hit."""
        if not len(self.right):
            return 0.0
        best = np.maximum.reduceat(scores, self.documents)
        above = best[self.others] > best[self.right]
        rank = np.add.reduceat(above, self.first_pair, dtype=np.intp)
        return float((self.gains * np.where(rank < _TOP, 1 / np.log2(rank + 2), 0)).sum())


def _parts(numbers: Array) -> tuple[Array, Array, Array]:
    """The numbers of `ALWAYS`, `LEXICAL` and `MEANING`."""
    always, lexical, meaning, _ = np.split(numbers, _ENDS)
    return always, lexical, meaning


def _by_column(numbers: Array) -> NDArray[np.float32]:
    """How much each column of hits counts always, and as far as the gate is open: shape (columns, 2)."""
    always, lexical, meaning = _parts(numbers)
    shut = np.concatenate([[1.0], always, np.zeros(len(LEXICAL)), meaning])
    opened = np.concatenate([np.zeros(1 + len(ALWAYS)), lexical, -meaning])
    return np.stack([shut, opened], axis=1).astype(np.float32)


def _gate(numbers: Array, centre: Array, spread: Array) -> Gate:
    return Gate(float(numbers[_FIRST]), numbers[_FIRST + 1 :], centre, spread)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Numbers in the order of `ALWAYS`, `LEXICAL`, `MEANING`, bias and `TRUST`, with the gate's centring."""

    numbers: Array
    centre: Array
    spread: Array

    def margin(self, one: LearningSet) -> float:
        """nDCG@10 above the best list."""
        return one.margin(self.numbers, self.centre, self.spread)

    def told(self) -> dict[str, Any]:
        """As they lie in a ranker's file; what counts as far as the gate is shut is in both sums."""
        always, lexical, meaning = _parts(self.numbers)

        def named(names: Sequence[str], values: Array) -> dict[str, float]:
            return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}

        return {
            "always": named(ALWAYS, always) | named(MEANING, meaning),
            "lexical": named(LEXICAL, lexical) | named(MEANING, -meaning),
            "gate": {
                "bias": round(float(self.numbers[_FIRST]), 4),
                "weights": named(TRUST, self.numbers[_FIRST + 1 :]),
                "centre": named(TRUST, self.centre),
                "spread": named(TRUST, self.spread),
            },
        }


def fit(sets: Sequence[LearningSet], search: Search | None = None) -> Fit:
    """The numbers with the greatest soft minimum of the sets' margins."""
    every = np.concatenate([one.trust[:: max(1, len(one.trust) // 200)] for one in sets])
    centre, spread = every.mean(axis=0), np.maximum(every.std(axis=0), 1e-3)

    def worth(numbers: Array) -> float:
        margins = np.minimum([one.margin(numbers, centre, spread) for one in sets], _ENOUGH)
        least = -_TEMPERATURE * float(np.log(np.mean(np.exp(-margins / _TEMPERATURE))))
        return least + _OF_THE_MEAN * float(margins.mean()) - _OF_THE_SIZE * float((numbers**2).mean())

    start = np.zeros(_FIRST + 1 + len(TRUST))
    start[:_FIRST] = _START
    return Fit(maximised(worth, start, search or Search()), centre, spread)
