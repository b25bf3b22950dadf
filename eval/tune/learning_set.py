"""A set's hit lists in flat arrays, so that an order of all its hits is judged in a few milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from eval.tune.rows import HitList
from service.match import NAMES

Array = NDArray[np.float64]

_TOP = 10
_STEP = 0.03
"""How far two scores, in deviations of the dense one, must lie apart to count as apart: the steps of nDCG are
smoothed by so much. By sets left out, .02 and .05 are no better and .1 worse."""
_EDGE = 0.5
"""The same for the end of the first ten, in places."""


@dataclass(frozen=True, slots=True, eq=False)
class LearningSet:
    """The hit lists of a set.

    `hits` (hits, columns) are z-scores, sorted by document. Each pair is of a relevant document and any
    document of the same question, itself too.
    """

    name: str
    hits: NDArray[np.float32]
    question: NDArray[np.intp]
    """The question of each hit."""
    trust: Array
    first_hit: NDArray[np.intp]
    """Where each document begins among the hits."""
    document: NDArray[np.intp]
    """The document of each hit, by its place among all."""
    gains: Array
    """What each relevant document adds to the mean nDCG were it first."""
    right: NDArray[np.intp]
    """The relevant document of each pair."""
    others: NDArray[np.intp]
    """The other document of each pair."""
    first_pair: NDArray[np.intp]
    relevant: NDArray[np.intp]
    """Which of the relevant documents each pair is of, by its place among `gains`."""
    best_list: float
    """nDCG@10 of the best of BM25, dense and fused."""

    @classmethod
    def of(cls, name: str, lists: Sequence[HitList], columns: Sequence[str]) -> LearningSet:
        """The set of at least one question."""
        chosen = [NAMES.index(column) for column in columns]
        hits, question, document, right, others, relevant = [], [], [], [], [], []
        gains: list[float] = []
        places = 0
        for number, one in enumerate(lists):
            names = list(dict.fromkeys(one.names))
            place = {of: at for at, of in enumerate(names)}
            documents = np.array([place[of] for of in one.names])
            order = np.argsort(documents, kind="stable")
            hits.append(one.matched[order][:, chosen])
            question.append(np.full(len(order), number))
            document.append(places + documents[order])
            for of, gain in one.gains.items():
                if of in place:
                    right.append(np.full(len(names), places + place[of]))
                    others.append(places + np.arange(len(names)))
                    relevant.append(np.full(len(names), len(gains)))
                    gains.append(gain / len(lists))
            places += len(names)
        joined, pairs = np.concatenate(document), np.concatenate([*relevant, np.zeros(0, np.intp)])
        return cls(
            name,
            np.concatenate(hits).astype(np.float32),
            np.concatenate(question),
            np.array([one.trust for one in lists], np.float64),
            np.searchsorted(joined, np.arange(places)),
            joined,
            np.array(gains),
            np.concatenate([*right, np.zeros(0, np.intp)]),
            np.concatenate([*others, np.zeros(0, np.intp)]),
            np.searchsorted(pairs, np.arange(len(gains))),
            pairs,
            float(np.mean([(one.bm25, one.dense, one.fused) for one in lists], axis=0).max()),
        )

    def ndcg(self, scores: Array) -> float:
        """The mean nDCG@10 of documents, each at the place of its best hit."""
        if not len(self.gains):
            return 0.0
        best = np.maximum.reduceat(scores, self.first_hit)
        above = best[self.others] > best[self.right]
        rank = np.add.reduceat(above, self.first_pair, dtype=np.intp)
        return float((self.gains * np.where(rank < _TOP, 1 / np.log2(rank + 2), 0)).sum())

    def smooth(self, scores: Array) -> tuple[float, Array]:
        """The same with steps that are smoothed (ApproxNDCG, Qin, Liu and Li 2010), and its slope along each
        score.
        """
        slope = np.zeros(len(scores))
        if not len(self.gains):
            return 0.0, slope
        best = np.maximum.reduceat(scores, self.first_hit)
        above = _sigmoid((best[self.others] - best[self.right]) / _STEP)
        rank = np.add.reduceat(above, self.first_pair) - 0.5  # each is half above itself
        within = _sigmoid((_TOP - 0.5 - rank) / _EDGE)
        worth = self.gains * within / np.log2(rank + 2)
        fall = worth * ((1 - within) / _EDGE + 1 / ((rank + 2) * log(2) * np.log2(rank + 2)))
        by_pair = fall[self.relevant] * above * (1 - above) / _STEP
        lifted, lowered = (np.bincount(at, by_pair, len(best)) for at in (self.right, self.others))
        at_best = np.flatnonzero(scores == best[self.document])[::-1]
        shown = np.zeros(len(best), np.intp)
        shown[self.document[at_best]] = at_best
        slope[shown] = lifted - lowered
        return float(worth.sum()), slope


def _sigmoid(of: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-np.clip(of, -50, 50)))
    return result
