"""How well each hit fits a question, in numbers: what reranking learns from and deciding shares.

Late interaction (ColBERT, Khattab and Zaharia 2020) over the token vectors that were stored with the chunks:
every token of the question looks for its best match in the hit. Beside it stand matches inside a narrow
window, exact wordpieces, and what the search said. All hits of a question are read in one matrix product.

No quantity is normalised by the best of the list, so each can be compared between questions; but the weight
of a question's token depends on how many of the hits hold it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.types import Hit, Question, TokenVectors

Floats = NDArray[np.float32]

_BLOCK = 12
"""Windows begin at every so many tokens, and are runs of two or four such blocks."""
_NEAR = (0.5, 0.65, 0.8)

FROM_TOKENS = (
    "maxsim",
    "maxsim_idf",
    "weakest",
    "second_weakest",
    "window_24",
    "window_48",
    "pooled",
    "pooled_24",
    "pooled_48",
    "phrase",
    "near_50",
    "near_65",
    "near_80",
    "exact",
    "exact_24",
    "exact_48",
    "pairs",
    "length",
)
FROM_SEARCH = ("dense", "bm25", "dense_rank", "bm25_rank", "fused")
NAMES = (*FROM_TOKENS, *FROM_SEARCH)
"""`maxsim` is the mean best similarity of the question's tokens, `maxsim_idf` that weighted by rarity, and
`window_24`, `window_48` the latter within the best run of so many tokens. `weakest`, `second_weakest`: the
best similarity of the rare tokens that match worst. `pooled*`: cosine of the mean vectors of question and
hit or window. `phrase`: `maxsim_idf` of neighbouring tokens taken together. `near_*`: weighted logarithm of
how many of the hit's tokens are so similar. `exact*`: weighted share of the question's wordpieces that
occur. `pairs`: that of its neighbouring pairs. `length`: logarithm of the number of tokens. `dense`, `bm25`:
the search's scores; where a list does not hold the hit, its lowest. `dense_rank`, `bm25_rank`: 1 / rank,
else 0. `fused`: the score of rank fusion."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One float32 array of shape (hits,) for each of `NAMES`."""

    columns: Mapping[str, Floats]
    read: NDArray[np.bool_]
    """Which hits have token vectors, shape (hits,); the other's quantities from tokens are 0."""

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]

    def matrix(self) -> Floats:
        """All of it, of shape (hits, quantities), in the order of `NAMES`."""
        return np.stack([self.columns[name] for name in NAMES], axis=1)


def evidence(question: Question, hits: Sequence[Hit], rarity: Floats | None = None) -> Evidence:
    """The evidence of each hit.

    `rarity` gives each token id of the embedder's tokenizer a weight; without it all count alike, but for how
    many of the hits hold them.
    """
    asked = question.vectors.tokens
    held = [hit.tokens if hit.tokens is not None and len(hit.tokens.ids) else None for hit in hits]
    read = np.array([tokens is not None for tokens in held], bool)
    columns = {name: np.zeros(len(hits), np.float32) for name in FROM_TOKENS}
    if asked is None or not len(asked.ids):
        read[:] = False
    if read.any() and asked is not None:
        passages = _Passages.of([tokens for tokens in held if tokens is not None])
        for name, values in _from_tokens(asked, passages, rarity).items():
            columns[name][read] = values
    return Evidence(columns | _from_search(hits), read)


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


# --- token by token ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Passages:
    """The tokens of all hits in one array, cut into blocks that no hit shares with another."""

    ids: NDArray[np.int32]
    unit: Floats
    starts: NDArray[np.intp]
    """Where each hit begins among the tokens."""
    lengths: NDArray[np.intp]
    blocks: NDArray[np.intp]
    """Where each block begins among the tokens."""
    first_block: NDArray[np.intp]
    """Where each hit begins among the blocks."""
    owner: NDArray[np.intp]
    """The hit of each block."""

    @classmethod
    def of(cls, held: Sequence[TokenVectors]) -> _Passages:
        lengths = np.array([len(tokens.ids) for tokens in held], np.intp)
        starts = np.cumsum(lengths) - lengths
        counts = -(-lengths // _BLOCK)
        first_block = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(held)), counts)
        blocks = starts[owner] + _BLOCK * (np.arange(len(owner)) - first_block[owner])
        joined = TokenVectors(
            np.concatenate([tokens.ids for tokens in held]),
            np.concatenate([tokens.vectors for tokens in held]),
        )
        return cls(joined.ids, joined.unit(), starts, lengths, blocks, first_block, owner)

    def widened(self, by_block: Floats, number: int) -> Floats:
        """The greatest of `number` blocks from each one on, as long as they are of the same hit."""
        found = by_block.copy()
        for step in range(1, number):
            same = self.owner[step:] == self.owner[:-step]
            np.maximum(found[:, :-step], np.where(same, by_block[:, step:], -1), out=found[:, :-step])
        return found

    def best(self, by_block: Floats) -> Floats:
        """The greatest among each hit's blocks, along the last axis."""
        result: Floats = np.maximum.reduceat(by_block, self.first_block, axis=-1)
        return result


def _from_tokens(asked: TokenVectors, passages: _Passages, rarity: Floats | None) -> dict[str, Floats]:
    wanted = asked.unit()
    similar = wanted @ passages.unit.T
    same = asked.ids[:, None] == passages.ids
    weights = _weights(asked.ids, same, passages, rarity)
    return {
        **_by_similarity(similar, weights, passages),
        **_by_identity(same, weights, passages),
        **_by_mean(weights @ wanted, passages),
        "length": np.log(passages.lengths).astype(np.float32),
    }


def _weights(
    ids: NDArray[np.int32], same: NDArray[np.bool_], passages: _Passages, rarity: Floats | None
) -> Floats:
    """The weight of each of the question's tokens: rare among the hits and in general; their sum is 1."""
    count = len(passages.starts)
    holding = np.logical_or.reduceat(same, passages.starts, axis=1).sum(axis=1)
    weights = np.log1p((count - holding + 0.5) / (holding + 0.5))
    if rarity is not None:
        weights = weights * np.where(ids < len(rarity), rarity[np.minimum(ids, len(rarity) - 1)], 1.0)
    result: Floats = (weights / max(weights.sum(), np.finfo(np.float32).tiny)).astype(np.float32)
    return result


def _by_similarity(similar: Floats, weights: Floats, passages: _Passages) -> dict[str, Floats]:
    by_block = np.maximum.reduceat(similar, passages.blocks, axis=1)
    best = passages.best(by_block)
    rare = np.sort(best[weights >= np.median(weights)], axis=0)
    found = {
        "maxsim": best.mean(axis=0),
        "maxsim_idf": weights @ best,
        "weakest": rare[0],
        "second_weakest": rare[min(1, len(rare) - 1)],
        "window_24": passages.best(weights @ passages.widened(by_block, 2)),
        "window_48": passages.best(weights @ passages.widened(by_block, 4)),
        "phrase": _phrase(similar, weights, passages),
    }
    for least in _NEAR:
        counts = np.add.reduceat(similar > least, passages.starts, axis=1, dtype=np.float32)
        found[f"near_{round(100 * least)}"] = weights @ np.log1p(counts)
    return found


def _phrase(similar: Floats, weights: Floats, passages: _Passages) -> Floats:
    """Neighbouring tokens of the question against neighbouring tokens of the hit."""
    if len(weights) < 2:
        alone: Floats = np.maximum.reduceat(similar, passages.starts, axis=1)[0]
        return alone
    both = similar[:-1].copy()
    both[:, :-1] += similar[1:, 1:]
    both[:, passages.starts + passages.lengths - 1] = similar[:-1, passages.starts + passages.lengths - 1]
    pairs = weights[:-1] + weights[1:]
    result: Floats = (pairs / pairs.sum()) @ np.maximum.reduceat(both, passages.starts, axis=1) / 2
    return result


def _by_identity(same: NDArray[np.bool_], weights: Floats, passages: _Passages) -> dict[str, Floats]:
    by_block = np.logical_or.reduceat(same, passages.blocks, axis=1).astype(np.float32)
    return {
        "exact": weights @ passages.best(by_block),
        "exact_24": passages.best(weights @ passages.widened(by_block, 2)),
        "exact_48": passages.best(weights @ passages.widened(by_block, 4)),
        "pairs": _pairs(same, weights, passages),
    }


def _pairs(same: NDArray[np.bool_], weights: Floats, passages: _Passages) -> Floats:
    """The weighted share of the question's neighbouring tokens that are neighbours in the hit."""
    if len(weights) < 2:
        return np.zeros(len(passages.starts), np.float32)
    both = np.zeros(same[1:].shape, bool)
    both[:, :-1] = same[:-1, :-1] & same[1:, 1:]
    both[:, passages.starts + passages.lengths - 1] = False
    pairs = weights[:-1] + weights[1:]
    found = np.logical_or.reduceat(both, passages.starts, axis=1).astype(np.float32)
    result: Floats = (pairs / pairs.sum()) @ found
    return result


def _by_mean(pooled: Floats, passages: _Passages) -> dict[str, Floats]:
    sums = np.add.reduceat(passages.unit, passages.blocks, axis=0)
    two = _run(sums, passages.owner, 1)
    four = _run(two, passages.owner, 2)
    return {
        "pooled": _cosines(np.add.reduceat(sums, passages.first_block, axis=0), pooled),
        "pooled_24": passages.best(_cosines(two, pooled)),
        "pooled_48": passages.best(_cosines(four, pooled)),
    }


def _run(sums: Floats, owner: NDArray[np.intp], step: int) -> Floats:
    """Each block's sum and that `step` blocks later, where it is of the same hit."""
    joined = sums.copy()
    joined[:-step] += np.where((owner[step:] == owner[:-step])[:, None], sums[step:], 0)
    return joined


def _cosines(vectors: Floats, pooled: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1) * max(float(np.linalg.norm(pooled)), np.finfo(np.float32).tiny)
    result: Floats = vectors @ pooled / np.maximum(lengths, np.finfo(np.float32).tiny)
    return result
