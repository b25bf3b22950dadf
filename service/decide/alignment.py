"""The question laid over the passage that comes closest: which of its tokens find their like, and where.

The passage is read in the run of tokens that matches best, because an answer stands in one place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.types import TokenVectors

Floats = NDArray[np.float32]

NAMES = ("overall", "function", "opening", "settled", "in_context", "spread", "neighbours")
_BLOCK, _BLOCKS = 12, 4
_RARE = 0.3
_ALIKE = 0.7
_NEAR = 4


def alignment(asked: TokenVectors, held: TokenVectors, rarity: Floats) -> tuple[dict[str, float], Floats]:
    """The quantities of `NAMES`, and what of the question is not there, as one vector of shape (k,).

    `overall`: mean best similarity of the question's tokens; `function`: that of its common ones; `opening`:
    that of its first two, which mostly say what kind of thing is asked for. `settled`: share, by rarity, of
    the tokens with a close match. `in_context`: how alike the same wordpieces are on both sides, which they
    are when they mean the same. `spread`: how far apart the matches stand, as a share of the run;
    `neighbours`: share of the question's neighbours that are still near each other. The vector is the sum of
    the question's token vectors, each by its rarity and by how far it is from its match.
    """
    wanted, found = asked.unit(), held.unit()
    weights = _weights(asked.ids, rarity)
    similar = wanted @ found.T
    run = _best_run(similar, weights)
    inside = similar[:, run]
    best, places = inside.max(axis=1), inside.argmax(axis=1)
    same = (asked.ids[:, None] == held.ids[run]).any(axis=1)
    common = weights < _RARE * weights.max()
    apart = places[~common]
    steps = np.abs(np.diff(apart))
    quantities = {
        "overall": best.mean(),
        "function": best[common].mean() if common.any() else 0.5,
        "opening": best[:2].mean(),
        "settled": weights @ (best > _ALIKE),
        "in_context": (weights * best) @ same / (weights @ same) if same.any() else 0.0,
        "spread": np.ptp(apart) / (_BLOCK * _BLOCKS),
        "neighbours": np.mean(steps <= _NEAR) if len(steps) else 0.5,
    }
    absent: Floats = (weights * (1 - best)) @ wanted
    return {name: float(value) for name, value in quantities.items()}, absent


def _weights(ids: NDArray[np.int32], rarity: Floats) -> Floats:
    """The tokens by rarity, of sum 1; an id that the table does not know is as rare as any."""
    known = ids < len(rarity)
    weights = np.where(known, rarity[np.where(known, ids, 0)], rarity.max())
    result: Floats = (weights / max(float(weights.sum()), 1e-6)).astype(np.float32)
    return result


def _best_run(similar: Floats, weights: Floats) -> slice:
    """The run of tokens in which the question's tokens find most."""
    starts = range(0, max(1, similar.shape[1] - _BLOCK * (_BLOCKS - 1)), _BLOCK)
    runs = [slice(start, start + _BLOCK * _BLOCKS) for start in starts]
    return max(runs, key=lambda run: float(weights @ similar[:, run].max(axis=1)))
