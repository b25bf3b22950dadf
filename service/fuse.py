"""fuse: two ranked lists become one, by Reciprocal Rank Fusion.

Cormack, Clarke and Buettcher 2009: score(d) = sum over lists of weight / (k + rank), ranks counted from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from service.settings import FuseSettings
from service.types import Candidate, Candidates, Fused, Hit


def fuse(candidates: Candidates, settings: FuseSettings) -> tuple[Fused, ...]:
    """Every chunk of either list once, best first; equal scores are ordered by the chunk's id."""
    dense, sparse = _ranked(candidates.dense), _ranked(candidates.sparse)
    fused = []
    for chunk_id in dense.keys() | sparse.keys():
        dense_rank, dense_score = dense.get(chunk_id, (None, None))
        sparse_rank, sparse_score = sparse.get(chunk_id, (None, None))
        score = 0.0
        if dense_rank is not None:
            score += settings.dense_weight / (settings.k + dense_rank)
        if sparse_rank is not None:
            score += settings.sparse_weight / (settings.k + sparse_rank)
        fused.append(Fused(chunk_id, score, dense_rank, sparse_rank, dense_score, sparse_score))
    return tuple(sorted(fused, key=lambda found: (-found.score, found.chunk_id)))


def _ranked(results: tuple[Candidate, ...]) -> dict[str, tuple[int, float]]:
    return {result.chunk_id: (rank, result.score) for rank, result in enumerate(results, start=1)}


def in_turn(lists: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """The lists' first hits, then their second ones, and so on, each chunk once.

    Each list was found for a part of a question, which its hits then name.
    """
    found: dict[str, Hit] = {}
    for place in zip_longest(*lists):
        for part, hit in enumerate(place):
            if hit is not None and hit.chunk.id not in found:
                found[hit.chunk.id] = replace(hit, part=part)
    return tuple(found.values())
