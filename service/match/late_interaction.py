"""Token by token: how a question's tokens match those of all hits, in one matrix product.

Similarities are cosines along the stored directions. Exact matches are those of wordpiece ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.types import TokenVectors

Floats = NDArray[np.float32]

_BLOCK = 12
"""Windows begin at every so many tokens, and are runs of two or four such blocks."""
_NEAR = (0.5, 0.65, 0.8)

WEIGHTED = (
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
)
HERE = "_here"
FROM_TOKENS = ("maxsim", "length", *WEIGHTED, *(f"{name}{HERE}" for name in WEIGHTED))


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
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
    def of(cls, tokens_of: Sequence[TokenVectors]) -> Passages:
        """The tokens of hits, none of which is empty."""
        lengths = np.array([len(tokens.ids) for tokens in tokens_of], np.intp)
        starts = np.cumsum(lengths) - lengths
        counts = -(-lengths // _BLOCK)
        first_block = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(tokens_of)), counts)
        blocks = starts[owner] + _BLOCK * (np.arange(len(owner)) - first_block[owner])
        joined = TokenVectors(
            np.concatenate([tokens.ids for tokens in tokens_of]),
            np.concatenate([tokens.vectors for tokens in tokens_of]),
        )
        return cls(joined.ids, joined.unit(), starts, lengths, blocks, first_block, owner)

    def widened(self, by_block: Floats, number: int) -> Floats:
        """The greatest of `number` blocks from each one on, as long as they are of the same hit."""
        found = by_block.copy()
        for step in range(1, number):
            same = self.owner[step:] == self.owner[:-step]
            np.maximum(found[:, :-step], np.where(same, by_block[:, step:], -1), out=found[:, :-step])
        return found

    def means(self) -> tuple[Floats, Floats, Floats]:
        """The directions of the mean vectors of hits, and of windows of two and four blocks."""
        sums = np.add.reduceat(self.unit, self.blocks, axis=0)
        two = self._joined(sums, 1)
        four = self._joined(two, 2)
        whole = np.add.reduceat(sums, self.first_block, axis=0)
        return _directions(whole), _directions(two), _directions(four)

    def _joined(self, sums: Floats, step: int) -> Floats:
        """Each block's sum and that `step` blocks later, where it is of the same hit."""
        joined = sums.copy()
        same = self.owner[step:] == self.owner[:-step]
        joined[:-step] += np.where(same[:, None], sums[step:], 0)
        return joined

    def best(self, by_block: Floats) -> Floats:
        """The greatest among each hit's blocks, along the last axis."""
        result: Floats = np.maximum.reduceat(by_block, self.first_block, axis=-1)
        return result


def from_tokens(asked: TokenVectors, passages: Passages, rarity: Floats | None) -> dict[str, Floats]:
    """Every quantity of `FROM_TOKENS`, each of shape (hits,)."""
    wanted = asked.unit()
    same = asked.ids[:, None] == passages.ids
    matches = Matches.of(wanted, same, passages)
    here = _weights_here(same, passages)
    general = here if rarity is None else _weights(asked.ids, rarity)
    by_rarity = matches.weighted(general)
    by_hits = by_rarity if general is here else matches.weighted(here)
    return {
        "maxsim": matches.best.mean(axis=0),
        "length": np.log(passages.lengths).astype(np.float32),
        **by_rarity,
        **{f"{name}{HERE}": values for name, values in by_hits.items()},
    }


def _weights(ids: NDArray[np.int32], rarity: Floats) -> Floats:
    """The question's tokens by rarity, of sum 1; an id that the table does not know is as rare as any."""
    known = ids < len(rarity)
    return _of_sum_one(np.where(known, rarity[np.where(known, ids, 0)], rarity.max()))


def _weights_here(same: NDArray[np.bool_], passages: Passages) -> Floats:
    """The question's tokens by how few of the hits hold them (Robertson and Spärck Jones 1976), of sum 1."""
    count = len(passages.starts)
    holding = np.logical_or.reduceat(same, passages.starts, axis=1).sum(axis=1)
    return _of_sum_one(np.log1p((count - holding + 0.5) / (holding + 0.5)))


def _of_sum_one(weights: NDArray[np.floating]) -> Floats:
    result: Floats = (weights / max(float(weights.sum()), 1e-6)).astype(np.float32)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How each token of the question, or each pair of neighbours, matches: (tokens, hits or blocks)."""

    passages: Passages
    wanted: Floats
    best: Floats
    within: tuple[Floats, Floats]
    pairs: Floats
    near: tuple[Floats, ...]
    exact: Floats
    exact_within: tuple[Floats, Floats]
    exact_pairs: Floats
    means: tuple[Floats, Floats, Floats]
    """Of hits, of windows of two and of four blocks: unit vectors."""

    @classmethod
    def of(cls, wanted: Floats, same: NDArray[np.bool_], passages: Passages) -> Matches:
        """The matches of unit vectors (tokens, k); `same` says which of all hits' tokens have the same id."""
        similar = wanted @ passages.unit.T
        by_block = np.maximum.reduceat(similar, passages.blocks, axis=1)
        same_by_block = np.logical_or.reduceat(same, passages.blocks, axis=1).astype(np.float32)
        return cls(
            passages,
            wanted,
            passages.best(by_block),
            (passages.widened(by_block, 2), passages.widened(by_block, 4)),
            _pairs(similar, passages),
            tuple(_near(similar, least, passages) for least in _NEAR),
            passages.best(same_by_block),
            (passages.widened(same_by_block, 2), passages.widened(same_by_block, 4)),
            _pairs(same.astype(np.float32), passages),
            passages.means(),
        )

    def weighted(self, weights: Floats) -> dict[str, Floats]:
        """The quantities of `WEIGHTED`, each of shape (hits,)."""
        rare = np.sort(self.best[weights >= np.median(weights)], axis=0)
        best, pooled = self.passages.best, _directions((weights @ self.wanted)[None, :])[0]
        both = weights if len(weights) < 2 else _of_sum_one(weights[:-1] + weights[1:])
        found = {
            "maxsim_idf": weights @ self.best,
            "weakest": rare[0],
            "second_weakest": rare[min(1, len(rare) - 1)],
            "window_24": best(weights @ self.within[0]),
            "window_48": best(weights @ self.within[1]),
            "pooled": self.means[0] @ pooled,
            "pooled_24": best(self.means[1] @ pooled),
            "pooled_48": best(self.means[2] @ pooled),
            "phrase": both @ self.pairs,
            "exact": weights @ self.exact,
            "exact_24": best(weights @ self.exact_within[0]),
            "exact_48": best(weights @ self.exact_within[1]),
            "pairs": both @ np.floor(self.exact_pairs),
        }
        counted = {
            f"near_{least:.0%}"[:-1]: weights @ near for least, near in zip(_NEAR, self.near, strict=True)
        }
        return found | counted


def _near(similar: Floats, least: float, passages: Passages) -> Floats:
    """The logarithm of how many tokens of each hit are at least so similar, shape (tokens, hits)."""
    result: Floats = np.log1p(np.add.reduceat(similar > least, passages.starts, axis=1, dtype=np.float32))
    return result


def _pairs(similar: Floats, passages: Passages) -> Floats:
    """The best mean over two neighbours, in the question and in the hit: shape (tokens - 1, hits)."""
    if len(similar) < 2:
        result: Floats = np.maximum.reduceat(similar, passages.starts, axis=1)
        return result
    both = similar[:-1] / 2
    both[:, :-1] += similar[1:, 1:] / 2
    last = passages.starts + passages.lengths - 1
    both[:, last] = similar[:-1, last] / 2
    result = np.maximum.reduceat(both, passages.starts, axis=1)
    return result


def _directions(vectors: Floats) -> Floats:
    result: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return result
