"""From cases to a calibrator: features, a logistic model, isotonic regression, a threshold that keeps 5 %.

Everything after the model itself, the meaning of its score and the threshold, is estimated out of fold: each
case is scored by a model that saw no case of its article or document.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.tune.cases import Case, Kind
from service.decide.calibrator import Model
from service.decide.features import Features, features
from service.rerank import Reranker
from service.types import Found, TokenVectors

Array = NDArray[np.float64]

MIX: Mapping[Kind, float] = {
    "answerable": 0.50,
    "removed": 0.25,
    "off_topic": 0.15,
    "adversarial": 0.05,
    "altered": 0.05,
}
"""What share of all questions each kind is taken to be, whatever the number of its cases: half of what people
ask of a company's documents has no answer in them, mostly because nobody wrote it down or it is not there."""

PROMISE = 0.05
"""The share of the unanswerable questions of the mix that may be answered."""

TOKEN_IDS = 1 << 17
_RAREST = 1e-4
_FOLDS = 5
_TOP_K = 8
_DEPTH = 50
_LEAST, _MOST = 0.005, 0.995
_STRENGTH = {"tokens": 0.02, "text": 0.1}
"""Inverse of the regularisation (scikit-learn's C), by out-of-fold log loss."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A case in numbers. `found` says whether one of the first eight hits answers."""

    set: str
    kind: Kind
    group: str
    documents: int
    evidence: Features
    found: bool

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds an answer."""
        return self.kind == "answerable"

    @property
    def learnable(self) -> bool:
        """Whether the hits are what the kind says: an answer that was not found teaches nothing."""
        return self.found or not self.answerable


def is_first_half(group: str) -> bool:
    """Which half of a set an article is in: drawn by its name."""
    return zlib.crc32(group.encode()) % 2 == 0


def rows(cases: Iterable[Case], reranker: Reranker, rarity: NDArray[np.float32]) -> list[Row]:
    """The cases as the decision sees them: reranked, and read."""
    return [_row(case, reranker, rarity) for case in cases]


def _row(case: Case, reranker: Reranker, rarity: NDArray[np.float32]) -> Row:
    question = case.found.question
    hits = reranker.rerank(question, case.found.hits[:_DEPTH])
    found = any(hit.chunk.id in case.right for hit in hits[:_TOP_K])
    evidence = features(Found(question, hits), rarity)
    return Row(case.set, case.kind, case.group, case.documents, evidence, found)


def rarity(sets: Iterable[Iterable[TokenVectors]]) -> NDArray[np.float32]:
    """The weight of each token id, in [0, 1]: the rarest weigh most; every set of passages counts alike."""
    shares: list[Array] = []
    for passages in sets:
        held = [np.unique(tokens.ids) for tokens in passages]
        if held:
            counts = np.bincount(np.concatenate(held), minlength=1).astype(np.float64)
            shares.append(counts / len(held))
    most = max(map(len, shares))
    mean = np.mean([np.pad(share, (0, most - len(share))) for share in shares], axis=0)
    weights = np.log(1 / np.maximum(mean, _RAREST))
    return np.asarray(weights / weights.max(), np.float32)


def weights(given: Sequence[Row]) -> Array:
    """The weight of each row: kinds have the shares of `MIX`, sets within a kind the roots of theirs."""
    counts: dict[tuple[str, str], int] = {}
    for row in given:
        counts[row.kind, row.set] = counts.get((row.kind, row.set), 0) + 1
    raw = np.array([counts[row.kind, row.set] ** -0.5 for row in given])
    totals: dict[str, float] = {}
    for row, weight in zip(given, raw, strict=True):
        totals[row.kind] = totals.get(row.kind, 0.0) + float(weight)
    shared = np.array([MIX[row.kind] / totals[row.kind] for row in given]) * raw
    result: Array = shared * (len(given) / shared.sum())
    return result


def fit(given: Sequence[Row], *, tokens: bool) -> tuple[Model, Array]:
    """A calibrated model of the evidence, and the out-of-fold probability of each row.

    With `tokens`, rows must have evidence from token vectors. Rows that are not `learnable` must be left out.
    """
    x, names, absent = matrix(given, tokens=tokens)
    y = np.array([row.answerable for row in given])
    weight = weights(given)
    strength = _STRENGTH["tokens" if tokens else "text"]
    scores = _out_of_fold(x, y, weight, _folds(given), strength)
    knots = _knots(scores, y, weight)
    probabilities = np.interp(scores, *zip(*knots, strict=True))
    threshold = keeping_promise(probabilities, y, weight)
    coefficients, bias = _logistic(x, y, weight, strength)
    model = Model(
        bias=bias,
        weights=dict(zip(names, map(float, coefficients), strict=False)),
        absent=tuple(map(float, coefficients[len(names) : len(names) + absent])),
        knots=knots,
        threshold=threshold,
    )
    return model, probabilities


def matrix(given: Sequence[Row], *, tokens: bool) -> tuple[Array, tuple[str, ...], int]:
    """The rows' quantities, of shape (rows, names + absent), their names, and the size of `absent`."""
    from service.decide.features import FROM_TEXT, FROM_TOKENS

    names = (*FROM_TEXT, *FROM_TOKENS) if tokens else FROM_TEXT
    named = np.array([[row.evidence.named[name] for name in names] for row in given])
    if not tokens:
        return named, names, 0
    absent = np.array([row.evidence.absent for row in given], np.float64)
    return np.hstack([named, absent]), names, absent.shape[1]


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


def _folds(given: Sequence[Row]) -> NDArray[np.int_]:
    return np.array([zlib.crc32(f"{row.set} {row.group}".encode()) % _FOLDS for row in given])


def _out_of_fold(
    x: Array, y: NDArray[np.bool_], weight: Array, folds: NDArray[np.int_], strength: float
) -> Array:
    scores = np.zeros(len(y))
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any():
            coefficients, bias = _logistic(x[~out], y[~out], weight[~out], strength)
            scores[out] = x[out] @ coefficients + bias
    return scores


def _logistic(x: Array, y: NDArray[np.bool_], weight: Array, strength: float) -> tuple[Array, float]:
    """The coefficients, of the quantities as they are, and the bias."""
    from sklearn.linear_model import LogisticRegression

    centre, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    model = LogisticRegression(C=strength, max_iter=2_000)
    model.fit((x - centre) / spread, y, sample_weight=weight)
    coefficients: Array = model.coef_[0] / spread
    return coefficients, float(model.intercept_[0] - coefficients @ centre)


def _knots(scores: Array, y: NDArray[np.bool_], weight: Array) -> tuple[tuple[float, float], ...]:
    """The middles of the steps of an isotonic regression: between them the probability rises evenly."""
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(y_min=_LEAST, y_max=_MOST, out_of_bounds="clip")
    levels = np.asarray(steps.fit_transform(scores, y, sample_weight=weight))
    found = []
    for level in np.unique(levels):
        inside = levels == level
        found.append((float(np.average(scores[inside], weights=weight[inside])), float(level)))
    return tuple(found)
