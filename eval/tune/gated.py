"""Fits the numbers of a ranker: nDCG@10 in a smooth form, by the sets that gain least.

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

from eval.tune.learning_set import Array, LearningSet
from service.rerank.features import TRUST
from service.rerank.ranker import Gate

ALWAYS = ("window_24", "numbers")
"""These hurt no set when they were added to the dense score alone."""
LEXICAL = ("bm25", "exact_24", "pairs", "phrase")
"""These help where words decide and hurt paraphrases."""
MEANING = ("cluster",)
"""These help paraphrases and hurt where words decide: they count as far as the gate is shut."""
COLUMNS = ("dense", *ALWAYS, *LEXICAL, *MEANING)
"""The quantities of a hit, as a `LearningSet` must have them."""
_START = 0.3
_TEMPERATURE = 0.03
"""How much more the sets that gain least count than the others, in nDCG. By sets left out, the least set
alone follows its noise (.012), and the mean of all loses .03 more on the FAQ sets."""
_OF_THE_MEAN, _OF_THE_SIZE = 0.1, 0.002
_LEAST = {"numbers": 0.6}
"""What a quantity of a hit counts at the least, else 0, as each speaks for the hit. The sets hardly ask for
what differs by swapped numbers alone ("part 7 in pump 3"), which .3 tells apart among other texts, and .6
also where a collection has nothing else."""
_ENDS = tuple(accumulate(map(len, (ALWAYS, LEXICAL, MEANING))))
_FIRST = _ENDS[-1]
"""Where the gate's numbers begin."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Numbers in the order of `ALWAYS`, `LEXICAL`, `MEANING`, bias and `TRUST`, with the gate's centring."""

    numbers: Array
    centre: Array
    spread: Array

    @property
    def gate(self) -> Gate:
        """How far the words of a question count."""
        return Gate(float(self.numbers[_FIRST]), self.numbers[_FIRST + 1 :], self.centre, self.spread)

    def margin(self, one: LearningSet) -> float:
        """nDCG@10 above the best list."""
        always, gated = (one.hits @ _by_column(self.numbers)).T
        return one.ndcg(always + self.gate(one.trust)[one.question] * gated) - one.best_list

    def smooth_margin(self, one: LearningSet) -> tuple[float, Array]:
        """The same, smooth, and its slope along the numbers."""
        always, gated = (one.hits @ _by_column(self.numbers)).T
        opened = self.gate(one.trust)
        worth, slope = one.smooth(always + opened[one.question] * gated)
        ways = np.stack([slope, slope * opened[one.question]], axis=1).astype(np.float32)
        shut, open_ = (one.hits.T @ ways).T.astype(np.float64)
        by_gate = np.bincount(one.question, slope * gated, len(opened)) * opened * (1 - opened)
        start, lexical = 1 + _ENDS[0], 1 + _ENDS[1]
        parts = (shut[1:start], open_[start:lexical], shut[lexical:] - open_[lexical:])
        along = np.concatenate([*parts, [by_gate.sum()], by_gate @ self.gate.moved(one.trust)])
        return worth - one.best_list, along

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


def fit(sets: Sequence[LearningSet]) -> Fit:
    """The numbers with the greatest soft minimum of the sets' margins."""
    from scipy.optimize import minimize

    every = np.concatenate([one.trust[:: max(1, len(one.trust) // 200)] for one in sets])
    centre, spread = every.mean(axis=0), np.maximum(every.std(axis=0), 1e-3)
    start = np.zeros(_FIRST + 1 + len(TRUST))
    start[:_FIRST] = _START
    least = [_LEAST.get(name, 0.0) for name in (*ALWAYS, *LEXICAL, *MEANING)]
    found = minimize(
        lambda numbers: _loss(Fit(numbers, centre, spread), sets),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[*((bound, None) for bound in least), *((None, None) for _ in start[_FIRST:])],
    )
    return Fit(found.x, centre, spread)


def _loss(guess: Fit, sets: Sequence[LearningSet]) -> tuple[float, Array]:
    """What is to be made small, and its slope along the numbers."""
    each = [guess.smooth_margin(one) for one in sets]
    margins, slopes = np.array([margin for margin, _ in each]), np.array([slope for _, slope in each])
    weights = np.exp((margins.min() - margins) / _TEMPERATURE)
    least = margins.min() - _TEMPERATURE * float(np.log(weights.mean()))
    size = float((guess.numbers**2).mean())
    worth = least + _OF_THE_MEAN * float(margins.mean()) - _OF_THE_SIZE * size
    weights = weights / weights.sum() + _OF_THE_MEAN / len(sets)
    along = weights @ slopes - 2 * _OF_THE_SIZE * guess.numbers / len(guess.numbers)
    return -worth, -along
