"""How well each hit fits a question, in numbers: what reranking learns from and deciding shares.

Late interaction (ColBERT, Khattab and Zaharia 2020) over the token vectors that were stored with the chunks:
every token of the question looks for its best match in the hit. Beside it stand matches inside a narrow
window, exact wordpieces, and what the search said. All hits of a question are read in one matrix product.

No quantity is normalised by the best of the list, so each can be compared between questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.match.late_interaction import FROM_TOKENS, Floats, Passages, from_tokens
from service.types import Hit, Question

FROM_SEARCH = ("dense", "bm25", "dense_rank", "bm25_rank", "fused")
NAMES = (*FROM_TOKENS, *FROM_SEARCH)
"""`maxsim` is the mean best similarity of the question's tokens, `maxsim_idf` that weighted by rarity, and
`window_24`, `window_48` the latter within the best run of so many tokens. `weakest`, `second_weakest`: the
best similarity of the rare tokens that match worst. `pooled*`: cosine of the mean vectors of question and
hit or window. `phrase`: `maxsim_idf` of neighbouring tokens taken together. `near_*`: weighted logarithm of
how many of the hit's tokens are so similar. `exact*`: weighted share of the question's wordpieces that
occur. `pairs`: that of its neighbouring pairs. `length`: logarithm of the number of tokens. `dense`, `bm25`:
the search's scores; where a list does not hold the hit, its lowest. `dense_rank`, `bm25_rank`: 1 / rank,
else 0. `fused`: the score of rank fusion.

Where `rarity` is known, weights are those of the wordpieces in general; names that end in `_here` are
weighted by how few of the hits hold a wordpiece, as all are where `rarity` is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchFeatures:
    """One float32 array of shape (hits,) for each of `NAMES`."""

    columns: Mapping[str, Floats]
    read: NDArray[np.bool_]
    """Which hits have token vectors, shape (hits,); the other's quantities from tokens are 0."""

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
    columns = {name: np.zeros(len(hits), np.float32) for name in FROM_TOKENS}
    if asked is None or not len(asked.ids):
        read[:] = False
    if read.any() and asked is not None:
        passages = Passages.of([tokens for tokens in tokens_of if tokens is not None])
        for name, values in from_tokens(asked, passages, rarity).items():
            columns[name][read] = values
    return MatchFeatures(columns | _from_search(hits), read)


# --- what the search said ----------------------------------------------------------------------


def _from_search(hits: Sequence[Hit]) -> dict[str, Floats]:
    fused = [hit.fused for hit in hits]
    return {
        "dense": _filled([one.dense_score for one in fused]),
        "bm25": _filled([one.sparse_score for one in fused]),
        "dense_rank": np.array([1 / one.dense_rank if one.dense_rank else 0.0 for one in fused], np.float32),
        "bm25_rank": np.array([1 / one.sparse_rank if one.sparse_rank else 0.0 for one in fused], np.float32),
        "fused": np.array([one.score for one in fused], np.float32),
    }


def _filled(scores: Sequence[float | None]) -> Floats:
    """The scores; what a list does not hold cannot be above its lowest."""
    lowest = min((score for score in scores if score is not None), default=0.0)
    return np.array([lowest if score is None else score for score in scores], np.float32)
