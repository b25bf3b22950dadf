"""How well each hit fits a question, in numbers: what reranking learns from and deciding shares.

Late interaction (ColBERT, Khattab and Zaharia 2020) over the token vectors that were stored with the chunks:
every token of the question looks for its best match in the hit. Beside it stand matches inside a narrow
window, exact wordpieces, and what the search said. All hits of a question are read in one matrix product.

No quantity but `cluster` is normalised by the list, so the others can be compared between questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.match.late_interaction import FROM_TOKENS, Floats, Passages, from_tokens
from service.match.numbers import numbers_in_place
from service.types import Hit, Question, TokenMatch

FROM_SEARCH = ("dense", "bm25")
FROM_HITS = ("cluster", "numbers")
NAMES = (*FROM_TOKENS, *FROM_SEARCH, *FROM_HITS)
"""`maxsim_idf` is the mean best similarity of the question's tokens, weighted by rarity; `window_24` and
`window_48` that within the best run of so many tokens; `phrase` that of neighbouring tokens taken together.
`pooled`: cosine of the mean vectors of question and hit. `exact`: weighted share of the question's wordpieces
that occur; `exact_24` that within the best run of 24 tokens; `pairs` that of its neighbouring pairs.

`dense`, `bm25`: the search's scores. A hit that a list does not hold has its lowest at the most: for `bm25`
that is taken, for `dense` what `pooled` lets expect, by least squares over the hits that the list holds.

`cluster`: the mean cosine of a hit's mean vector with those of the other hits, each weighted by how high the
dense list puts it: what answers a question lies together (the cluster hypothesis, Jardine and van Rijsbergen
1971).
`numbers`: see `numbers.py`.

Where `rarity` is known, weights are those of the wordpieces in general; `maxsim_idf_here` is weighted by how
few of the hits hold a wordpiece, as all are where `rarity` is not known."""


_FEWEST = 5
"""Hits that a line is drawn through, at the least."""
_FLAT = 1e-6
_SHARPNESS = 3.0
"""How sharply `cluster` prefers the dense list's best: e to this for a deviation. 1 was too blunt."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchFeatures:
    """One float32 array of shape (hits,) for each of `NAMES`."""

    columns: Mapping[str, Floats]
    read: NDArray[np.bool_]
    """Which hits have token vectors, shape (hits,); the other's quantities from tokens are 0."""
    matches: Sequence[TokenMatch]
    """How the question's tokens match each of the hits that are read, in their order."""

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]

    def matrix(self) -> Floats:
        """All of it, of shape (hits, quantities), in the order of `NAMES`."""
        return np.stack([self.columns[name] for name in NAMES], axis=1)


def match_features(question: Question, hits: Sequence[Hit], rarity: Floats | None = None) -> MatchFeatures:
    """The features of each hit.

    `rarity` gives each token id of the embedder's tokenizer a weight; without it, a token of the question
    weighs the more the fewer of the hits hold it.
    """
    asked = question.vectors.tokens
    tokens_of = [hit.tokens if hit.tokens is not None and len(hit.tokens.ids) else None for hit in hits]
    read = np.array([tokens is not None for tokens in tokens_of], bool)
    columns = {name: np.zeros(len(hits), np.float32) for name in (*FROM_TOKENS, "cluster")}
    if asked is None or not len(asked.ids):
        read[:] = False
    columns["numbers"] = numbers_in_place(question.text, [hit.chunk.indexed_text for hit in hits])
    matches: Sequence[TokenMatch] = ()
    directions: Floats = np.zeros((0, 0), np.float32)
    if read.any() and asked is not None:
        passages = Passages.of([tokens for tokens in tokens_of if tokens is not None])
        values_of, matches = from_tokens(asked, passages, rarity)
        for name, values in values_of.items():
            columns[name][read] = values
        directions = passages.directions
    columns |= _from_search(hits, np.where(read, columns["pooled"], np.nan))
    columns["cluster"][read] = _cluster(directions, columns["dense"][read])
    return MatchFeatures(columns, read, matches)


def token_matches(question: Question, hits: Sequence[Hit]) -> Sequence[TokenMatch]:
    """How the question's tokens match each of the hits: what reranking saw, or seen now.

    Question and hits must all have token vectors.
    """
    known = [hit.match for hit in hits if hit.match and hit.match.asked is question.vectors.tokens]
    return known if len(known) == len(hits) else match_features(question, hits).matches


# --- among themselves --------------------------------------------------------------------------


def _cluster(directions: Floats, dense: Floats) -> Floats:
    """How near each hit lies to the others that are likely to answer; 0 where there is no other."""
    if len(dense) < 2:
        return np.zeros(len(dense), np.float32)
    likely = np.exp(_SHARPNESS * (dense - dense.max()) / max(float(dense.std()), _FLAT))
    others = np.maximum(likely.sum() - likely, _FLAT)
    near: Floats = (directions @ (likely @ directions) - likely) / others
    return near


# --- what the search said ----------------------------------------------------------------------


def _from_search(hits: Sequence[Hit], pooled: Floats) -> dict[str, Floats]:
    """`pooled` is nan where a hit has no token vectors."""
    dense = _scores([hit.fused.dense_score for hit in hits])
    bm25 = _scores([hit.fused.sparse_score for hit in hits])
    return {"dense": _filled(_expected(dense, pooled)), "bm25": _filled(bm25)}


def _scores(given: Sequence[float | None]) -> Floats:
    """The scores of a list, nan for hits that it does not hold."""
    return np.array([np.nan if score is None else score for score in given], np.float32)


def _filled(scores: Floats) -> Floats:
    """The scores; what a list does not hold cannot be above its lowest."""
    known = ~np.isnan(scores)
    return np.where(known, scores, scores[known].min() if known.any() else 0).astype(np.float32)


def _expected(scores: Floats, by: Floats) -> Floats:
    """The scores, those that are not known on the line that `by` lets expect, at most the lowest known."""
    seen, asked = ~np.isnan(scores) & ~np.isnan(by), np.isnan(scores) & ~np.isnan(by)
    if seen.sum() < _FEWEST or not asked.any():
        return scores
    x, y = by[seen] - by[seen].mean(), scores[seen] - scores[seen].mean()
    slope = max(0.0, float(x @ y)) / max(float(x @ x), _FLAT)
    line = scores[seen].mean() + slope * (by - by[seen].mean())
    return np.where(asked, np.minimum(line, np.nanmin(scores)), scores).astype(np.float32)
