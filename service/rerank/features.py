"""What the learned ranker sees of each hit: its evidence, by itself and among the other hits of the list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.evidence import NAMES, Evidence
from service.evidence.matches import Floats
from service.types import Hit

_SIBLINGS = ("sibling", "siblings")
FEATURES = (*NAMES, *(f"{name}:z" for name in NAMES), *(f"{name}:gap" for name in NAMES), *_SIBLINGS)
"""Each quantity of the evidence, its z-score within the list (`:z`) and its distance to the list's best
(`:gap`); then the best window of another hit of the same document, as a distance to the list's best, and the
share of the list's hits that are of the same document."""

_NO_SIBLING = -1.0
_FLAT = 1e-6


def features(found: Evidence, hits: Sequence[Hit]) -> Floats:
    """A row for each hit, all of which have token vectors: shape (hits, len(FEATURES)), float32."""
    raw = found.matrix()
    middle, spread = raw.mean(axis=0), raw.std(axis=0)
    scores = (raw - middle) / np.maximum(spread, _FLAT)
    joined: Floats = np.concatenate([raw, scores, raw - raw.max(axis=0), _siblings(found, hits)], axis=1)
    return joined


def _siblings(found: Evidence, hits: Sequence[Hit]) -> Floats:
    windows = found["window_48"]
    same = np.array([[one.document.id == other.document.id for other in hits] for one in hits])
    others = same & ~np.eye(len(hits), dtype=bool)
    best = np.where(others, windows[None, :], _NO_SIBLING).max(axis=1)
    return np.stack([best - windows.max(), same.mean(axis=1)], axis=1).astype(np.float32)
