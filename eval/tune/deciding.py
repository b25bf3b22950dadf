"""From cases to a calibrator: features, a logistic model, isotonic regression, a threshold that keeps 5 %.

Everything after the model itself, the meaning of its score and the threshold, is estimated out of fold: each
case is scored by a model that saw no case of its article or document.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eval.labelled import codes
from eval.tune.cases import DecisionCase, Kind
from service.decide.calibrator import LogisticModel
from service.decide.features import FROM_TEXT, FROM_TOKENS, decision_features
from service.rerank import Reranker
from service.types import Found, TokenVectors

Array = NDArray[np.float64]

ANSWERABLE: Kind = "answerable"
MIX: Mapping[Kind, float] = {
    "answerable": 0.50,
    "removed": 0.10,
    "off_topic": 0.35,
    "adversarial": 0.025,
    "altered": 0.025,
}
"""What share of a set's questions each kind is taken to be, whatever the number of its cases."""

PROMISE = 0.05
"""The share of the unanswerable questions of the mix that may be answered, on average over the sets."""

LOST = 0.005
"""The share of the answerable questions that a language model is not asked, on average over the sets learned
from: of those of other corpora it is about twice as many, and 1 % is what is meant."""

MADE = (codes.NAME,)
"""Sets whose questions are made from a text by rules."""

_RAREST = 1e-4
_FOLDS = 5
_TOP_K = 8
_MIN_PROBABILITY, _MAX_PROBABILITY = 0.005, 0.995
_STRENGTH = 0.05
"""Inverse of the regularisation (scikit-learn's C), by the log loss of sets left out in turn."""
_IDENTIFIERS = 4.0
"""The weight of `identifiers`, set by hand since few sets have any: a question about a part number or error
code that no hit holds is hardly ever answered by them."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseFeatures:
    """A case in numbers. `found` says whether one of the first eight hits answers."""

    set: str
    kind: Kind
    group: str
    documents: int
    features: Mapping[str, float]
    found: bool

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds an answer."""
        return self.kind == ANSWERABLE

    @property
    def learnable(self) -> bool:
        """Whether the hits are what the kind says: an answer that was not found teaches nothing."""
        return self.found or not self.answerable


def rows(
    cases: Iterable[DecisionCase], reranker: Reranker, rarity: NDArray[np.float32]
) -> list[CaseFeatures]:
    """The cases as the decision sees them: reranked, and read."""
    return [_row(case, reranker, rarity) for case in cases]


def _row(case: DecisionCase, reranker: Reranker, rarity: NDArray[np.float32]) -> CaseFeatures:
    question = case.found.question
    hits = reranker.rerank(question, case.found.hits)
    found = any(hit.chunk.id in case.right for hit in hits[:_TOP_K])
    features = decision_features(Found(question, hits), rarity)
    return CaseFeatures(case.set, case.kind, case.group, case.documents, features, found)


def rarity(sets: Iterable[Iterable[TokenVectors]]) -> NDArray[np.float32]:
    """The weight of each token id, in [0, 1]: the rarest weigh most; every set of passages counts alike."""
    shares: list[Array] = []
    for passages in sets:
        present = [np.unique(tokens.ids) for tokens in passages]
        if present:
            counts = np.bincount(np.concatenate(present), minlength=1).astype(np.float64)
            shares.append(counts / len(present))
    longest = max(map(len, shares))
    mean = np.mean([np.pad(share, (0, longest - len(share))) for share in shares], axis=0)
    weights = np.log(1 / np.maximum(mean, _RAREST))
    return np.asarray(weights / weights.max(), np.float32)


class OfKind(Protocol):
    """What is weighed: one question of a set, of a kind."""

    @property
    def set(self) -> str:
        """The name of its set."""

    @property
    def kind(self) -> Kind:
        """Answerable, or why not."""


def weights(given: Sequence[OfKind]) -> Array:
    """The weight of each: sets count alike, half of each is answerable, and the other half is mixed by `MIX`.

    A kind that a set does not have leaves its share to the set's others.
    """
    counts = Counter((one.set, one.kind) for one in given)
    shares: dict[tuple[str, bool], float] = {}
    for name, kind in counts:
        half = name, kind == ANSWERABLE
        shares[half] = shares.get(half, 0.0) + MIX[kind]
    raw = [
        MIX[one.kind] / shares[one.set, one.kind == ANSWERABLE] / counts[one.set, one.kind] for one in given
    ]
    result: Array = np.array(raw) * (len(given) / sum(raw))
    return result


def fit(given: Sequence[CaseFeatures], *, tokens: bool) -> tuple[LogisticModel, Array]:
    """A calibrated model of the features, and the out-of-fold probability of each row.

    With `tokens`, rows must have features from token vectors. Rows that are not `learnable` must be left out.
    Threshold and floor are promises about what people ask: questions made from a text by rules, which are
    easier, have no say in them where there are others.
    """
    x, names = matrix(given, tokens=tokens)
    y = np.array([row.answerable for row in given])
    weight = weights(given)
    scores = _out_of_fold(x, y, weight, _folds(given))
    knots = _knots(scores, y, weight)
    at, levels = zip(*knots, strict=True)
    probabilities: Array = np.interp(scores, np.array(at, np.float64), np.array(levels, np.float64))
    asked = by_people(given)
    promised = probabilities[asked], y[asked], weight[asked]
    coefficients, bias = _logistic(x, y, weight)
    model = LogisticModel(
        bias=bias,
        weights=dict(zip(names, map(float, coefficients), strict=True)),
        knots=knots,
        threshold=keeping_promise(*promised),
        floor=losing_few(*promised),
    )
    return model, probabilities


def by_people(given: Sequence[CaseFeatures]) -> NDArray[np.bool_]:
    """Which questions were not made by rules; all, where there are no others."""
    asked = np.array([row.set not in MADE for row in given])
    return asked if asked.any() else ~asked


def matrix(given: Sequence[CaseFeatures], *, tokens: bool) -> tuple[Array, tuple[str, ...]]:
    """The rows' quantities, of shape (rows, names), and their names."""
    names = (*FROM_TEXT, *FROM_TOKENS) if tokens else FROM_TEXT
    return np.array([[row.features[name] for name in names] for row in given]), names


def keeping_promise(probabilities: Array, answerable: NDArray[np.bool_], weight: Array) -> float:
    """The least threshold at which at most `PROMISE` of the unanswerable weight is answered."""
    order = np.argsort(-probabilities[~answerable])
    descending = probabilities[~answerable][order]
    spent = np.cumsum(weight[~answerable][order]) / weight[~answerable].sum()
    kept = int(np.searchsorted(spent, PROMISE, side="right"))
    if kept == 0:
        return float(np.nextafter(descending[0], 2))
    if kept == len(descending):
        return 0.0
    return float(np.nextafter(descending[kept], 2))


def losing_few(probabilities: Array, answerable: NDArray[np.bool_], weight: Array) -> float:
    """The greatest floor with at most `LOST` of the answerable weight below it."""
    order = np.argsort(probabilities[answerable])
    ascending = probabilities[answerable][order]
    lost = np.cumsum(weight[answerable][order]) / weight[answerable].sum()
    return float(ascending[min(int(np.searchsorted(lost, LOST, side="right")), len(ascending) - 1)])


def _folds(given: Sequence[CaseFeatures]) -> NDArray[np.int_]:
    return np.array([zlib.crc32(f"{row.set} {row.group}".encode()) % _FOLDS for row in given])


def _out_of_fold(x: Array, y: NDArray[np.bool_], weight: Array, folds: NDArray[np.int_]) -> Array:
    scores = np.zeros(len(y))
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any():
            coefficients, bias = _logistic(x[~out], y[~out], weight[~out])
            scores[out] = x[out] @ coefficients + bias
    return scores


def _logistic(x: Array, y: NDArray[np.bool_], weight: Array) -> tuple[Array, float]:
    """The coefficients, of the quantities as they are, and the bias."""
    from sklearn.linear_model import LogisticRegression

    centre, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    model = LogisticRegression(C=_STRENGTH, max_iter=2_000)
    model.fit((x - centre) / spread, y, sample_weight=weight)
    coefficients: Array = model.coef_[0] / spread
    bias = float(model.intercept_[0] - coefficients @ centre)
    place = FROM_TEXT.index("identifiers")
    bias += coefficients[place] - _IDENTIFIERS  # where all are found, nothing changes
    coefficients[place] = _IDENTIFIERS
    return coefficients, bias


def _knots(scores: Array, y: NDArray[np.bool_], weight: Array) -> tuple[tuple[float, float], ...]:
    """The middles of the steps of an isotonic regression: between them the probability rises evenly."""
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(y_min=_MIN_PROBABILITY, y_max=_MAX_PROBABILITY, out_of_bounds="clip")
    levels = np.asarray(steps.fit_transform(scores, y, sample_weight=weight))
    found = []
    for level in np.unique(levels):
        inside = levels == level
        found.append((float(np.average(scores[inside], weights=weight[inside])), float(level)))
    return tuple(found)
