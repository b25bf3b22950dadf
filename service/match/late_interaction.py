"""Token by token: how a question's tokens match those of all hits, in one matrix product.

Similarities are cosines along the stored directions. Exact matches are those of wordpiece ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.types import TokenMatch, TokenVectors

Floats = NDArray[np.float32]

_BLOCK = 12
"""Windows begin at every so many tokens, and are runs of two or four such blocks."""


WEIGHTED = ("maxsim_idf", "window_24", "window_48", "phrase", "pooled", "exact", "exact_24", "pairs")
HERE = "maxsim_idf_here"
FROM_TOKENS = (*WEIGHTED, HERE)


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """The tokens of all hits in one array, cut into blocks that no hit shares with another."""

    ids: NDArray[np.int32]
    vectors: Floats
    """Of any length: `scale` is one over it. Products are scaled, which are far fewer numbers."""
    scale: Floats
    starts: NDArray[np.intp]
    """Where each hit begins among the tokens."""
    lengths: NDArray[np.intp]
    blocks: NDArray[np.intp]
    """Where each block begins among the tokens."""
    first_block: NDArray[np.intp]
    """Where each hit begins among the blocks."""
    owner: NDArray[np.intp]
    """The hit of each block."""
    directions: Floats
    """The directions of the hits' mean vectors."""

    @classmethod
    def of(cls, tokens_of: Sequence[TokenVectors]) -> Passages:
        """The tokens of hits, none of which is empty."""
        lengths = np.array([len(tokens.ids) for tokens in tokens_of], np.intp)
        starts = np.cumsum(lengths) - lengths
        counts = -(-lengths // _BLOCK)
        first_block = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(tokens_of)), counts)
        blocks = starts[owner] + _BLOCK * (np.arange(len(owner)) - first_block[owner])
        vectors = np.concatenate([tokens.vectors for tokens in tokens_of], dtype=np.float32)
        scale = 1 / np.maximum(np.sqrt(np.vecdot(vectors, vectors)), 1.0)
        return cls(
            np.concatenate([tokens.ids for tokens in tokens_of]),
            vectors,
            scale,
            starts,
            lengths,
            blocks,
            first_block,
            owner,
            _directions(vectors, scale, starts),
        )

    def similar(self, wanted: Floats) -> Floats:
        """The cosines of unit vectors (n, k) with every token: shape (n, tokens)."""
        # As a product of the many with the few, it takes two thirds of the time of the few with the many.
        found = np.ascontiguousarray((self.vectors @ wanted.T).T)
        found *= self.scale
        return found

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


def from_tokens(
    asked: TokenVectors, passages: Passages, rarity: Floats | None
) -> tuple[dict[str, Floats], list[TokenMatch]]:
    """Every quantity of `FROM_TOKENS`, each of shape (hits,), and the match of each hit."""
    same = asked.ids[:, None] == passages.ids
    matches = Matches.of(asked.unit(), same, passages)
    here = _weights_here(same, passages)
    weighted = matches.weighted(here if rarity is None else weights_of(asked.ids, rarity))
    within = matches.within[1]
    runs = _runs(passages.first_block, within.shape[1])
    each = [
        TokenMatch(asked, best, within[:, start:end])
        for best, (start, end) in zip(matches.best.T, runs, strict=True)
    ]
    return weighted | {HERE: here @ matches.best}, each


def weights_of(ids: NDArray[np.int32], rarity: Floats) -> Floats:
    """The question's tokens by rarity, of sum 1."""
    return _of_sum_one(rarity_of(ids, rarity))


def rarity_of(ids: NDArray[np.int32], rarity: Floats) -> Floats:
    """How rare each token is; an id that the table does not know is as rare as any."""
    known = ids < len(rarity)
    return np.where(known, rarity[np.where(known, ids, 0)], rarity.max())


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
    exact: Floats
    exact_within: Floats
    exact_pairs: Floats
    """1 where both of two neighbours stand side by side, else 0."""

    @classmethod
    def of(cls, wanted: Floats, same: NDArray[np.bool_], passages: Passages) -> Matches:
        """The matches of unit vectors (tokens, k); `same` says which of all hits' tokens have the same id."""
        similar = passages.similar(wanted)
        by_block = np.maximum.reduceat(similar, passages.blocks, axis=1)
        return cls(
            passages,
            wanted,
            passages.best(by_block),
            (passages.widened(by_block, 2), passages.widened(by_block, 4)),
            _pairs(similar, passages),
            *_exact(same, passages),
        )

    def weighted(self, weights: Floats) -> dict[str, Floats]:
        """The quantities of `WEIGHTED`, each of shape (hits,)."""
        best = self.passages.best
        both = weights if len(weights) < 2 else _of_sum_one(weights[:-1] + weights[1:])
        return {
            "maxsim_idf": weights @ self.best,
            "window_24": best(weights @ self.within[0]),
            "window_48": best(weights @ self.within[1]),
            "phrase": both @ self.pairs,
            "pooled": self.passages.directions @ _direction(weights @ self.wanted),
            "exact": weights @ self.exact,
            "exact_24": best(weights @ self.exact_within),
            "pairs": both @ self.exact_pairs,
        }


def _runs(starts: NDArray[np.intp], end: int) -> list[tuple[int, int]]:
    """Where each run begins and ends: `np.split` at the same places takes fifteen times as long."""
    begins = starts.tolist()
    return list(zip(begins, [*begins[1:], end], strict=True))


def _directions(vectors: Floats, scale: Floats, starts: NDArray[np.intp]) -> Floats:
    # A product for each hit: `np.add.reduceat` along the first axis takes twenty times as long.
    sums = np.empty((len(starts), vectors.shape[1]), np.float32)
    for row, (start, end) in enumerate(_runs(starts, len(vectors))):
        np.dot(scale[start:end], vectors[start:end], out=sums[row])
    return _direction(sums)


def _direction(vectors: Floats) -> Floats:
    result: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
    return result


def _exact(same: NDArray[np.bool_], passages: Passages) -> tuple[Floats, Floats, Floats]:
    """1 where a token of the question occurs: by hit, by run of two blocks; and its pairs by hit.

    Of all places few are true: they are looked at one by one.
    """
    tokens, places = np.divmod(np.flatnonzero(same), same.shape[1])
    hits = passages.starts.searchsorted(places, side="right") - 1
    blocks = passages.blocks.searchsorted(places, side="right") - 1
    by_hit = _marked(tokens, hits, (len(same), len(passages.starts)))
    by_block = _marked(tokens, blocks, (len(same), len(passages.blocks)))
    if len(same) < 2:
        return by_hit, passages.widened(by_block, 2), by_hit
    last = passages.starts + passages.lengths - 1
    goes_on = (tokens + 1 < len(same)) & (places < last[hits])
    tokens, places, hits = tokens[goes_on], places[goes_on], hits[goes_on]
    both = same[tokens + 1, places + 1]
    pairs = _marked(tokens[both], hits[both], (len(same) - 1, len(passages.starts)))
    return by_hit, passages.widened(by_block, 2), pairs


def _marked(rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> Floats:
    result: Floats = np.zeros(shape, np.float32)
    result[rows, columns] = 1
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
