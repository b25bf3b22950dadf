"""A learned ranker as it lies in a file: how much each quantity of a hit counts, and when words count.

The score of a hit among those of one question is

    z(dense) + sum of always[n] z(n) + gate * sum of lexical[n] z(n)

where z is the z-score of a match quantity within the list. What rests on the very words of the question
counts as far as the gate is open; what counts as far as it is shut is in both sums, with the negative of its
weight in the second. The gate is a number in (0, 1) that is the same for all hits of a question:

    gate = 1 / (1 + exp(-(bias + sum of weights[n] clip((t[n] - centre[n]) / spread[n]))))

with the quantities t of `features.TRUST`. One JSON object, made by `footnote tune reranker`; the one that the
package brings is `service/learned/reranker.json`, with its card beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.errors import Misconfigured
from service.learned.rarity import read_rarity
from service.match import NAMES, MatchFeatures, match_features
from service.match.late_interaction import Floats
from service.rerank.features import TRUST, trust_features
from service.types import Hit, Question

FORMAT_VERSION = 2
RARITY_STEPS = 20
"""Inverse document frequencies in natural logarithms are written in twentieths, up to 12.75."""
REACH = 2.5
"""A quantity of trust counts up to so many deviations: beyond lies what was not learned from."""
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """How far the words of a question are to be trusted; arrays of shape (len(TRUST),) in that order."""

    bias: float
    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    def __call__(self, told: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far the gate is open, in (0, 1), for what was told of questions: shape (..., len(TRUST))."""
        moved = np.clip((told - self.centre) / self.spread, -REACH, REACH)
        result: NDArray[np.float64] = 1 / (1 + np.exp(-(self.bias + moved @ self.weights)))
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """The weights of `match.NAMES` that count always and as far as the gate is open; see the module."""

    always: Mapping[str, float]
    lexical: Mapping[str, float]
    gate: Gate
    rarity: Floats
    """How rare each token id of the embedder's tokenizer is, in natural logarithms."""
    tokens_fingerprint: str
    """The token vectors that it was trained for."""
    fingerprint: str

    def scores(self, question: Question, hits: Sequence[Hit]) -> NDArray[np.float64]:
        """A score for each hit, higher is better, comparable within the list alone.

        Question and hits must all have token vectors.
        """
        return self.scores_of(question, self.seen(question, hits))

    def seen(self, question: Question, hits: Sequence[Hit]) -> MatchFeatures:
        """What its scores are made of."""
        return match_features(question, hits, self.rarity)

    def scores_of(self, question: Question, found: MatchFeatures) -> NDArray[np.float64]:
        """As `scores`, from what was seen."""
        gate = float(self.gate(trust_features(question, found, self.rarity)))
        return standard(found["dense"]) + _sum(self.always, found) + gate * _sum(self.lexical, found)


def _sum(weights: Mapping[str, float], found: MatchFeatures) -> NDArray[np.float64]:
    if not weights:
        return np.zeros(len(found.read))
    result: NDArray[np.float64] = np.array([*weights.values()]) @ standard([found[name] for name in weights])
    return result


def standard(scores: ArrayLike) -> NDArray[np.float64]:
    """The scores of a list, or of each row, with mean 0 and deviation 1; all 0 where they are equal."""
    given = np.asarray(scores, np.float64)
    centred = given - given.mean(axis=-1, keepdims=True)
    spread = centred.std(axis=-1, keepdims=True)
    return np.where(spread > _FLAT, centred / np.maximum(spread, _FLAT), 0.0)


def read_ranker(file: Path) -> Ranker:
    """The ranker of a file.

    Raises:
        Misconfigured: the file is missing, or holds no ranker that this version can use.
    """
    try:
        content = file.read_bytes()
        return _ranker(json.loads(content), hashlib.sha256(content).hexdigest()[:12])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"{file} holds no reranker that can be used: {error}",
            hint="train one with `footnote tune reranker`, or unset FOOTNOTE_RERANK__RANKER",
        ) from error


def _ranker(content: dict[str, Any], fingerprint: str) -> Ranker:
    if content["form"] != FORMAT_VERSION:
        raise ValueError(f"its format version is {content['form']}, this version reads {FORMAT_VERSION}")
    return Ranker(
        always=_named(content["always"], NAMES),
        lexical=_named(content["lexical"], NAMES),
        gate=_gate(content["gate"]),
        rarity=read_rarity(content["rarity"], RARITY_STEPS),
        tokens_fingerprint=content["tokens_fingerprint"],
        fingerprint=fingerprint,
    )


def _gate(content: Mapping[str, Any]) -> Gate:
    """The gate of a file, which names each quantity once."""
    weights, centre, spread = (_named(content[part], TRUST) for part in ("weights", "centre", "spread"))
    if min(spread.values()) <= 0:
        raise ValueError("a spread of its gate is not above 0")
    return Gate(
        float(content["bias"]),
        np.array([weights[name] for name in TRUST]),
        np.array([centre[name] for name in TRUST]),
        np.array([spread[name] for name in TRUST]),
    )


def _named(content: Mapping[str, Any], known: Sequence[str]) -> dict[str, float]:
    """Finite numbers by name."""
    if unknown := sorted(set(content) - set(known)):
        raise ValueError(f"this version does not know {', '.join(unknown)}")
    numbers = {name: float(number) for name, number in content.items()}
    if not all(map(np.isfinite, numbers.values())):
        raise ValueError("not all of its numbers are finite")
    return numbers
