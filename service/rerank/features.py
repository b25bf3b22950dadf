"""What the learned ranker sees of each hit: how it matches, by itself and among the others of the list."""

from __future__ import annotations

import numpy as np

from service.match import NAMES, MatchFeatures
from service.match.late_interaction import Floats

FEATURES = (*NAMES, *(f"{name}:z" for name in NAMES), *(f"{name}:gap" for name in NAMES))
"""Each match feature, its z-score within the list (`:z`) and its distance to the list's best
(`:gap`)."""

_FLAT = 1e-6


def ranking_features(found: MatchFeatures) -> Floats:
    """A row for each hit, all of which have token vectors: shape (hits, len(FEATURES)), float32."""
    raw = found.matrix()
    scores = (raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), _FLAT)
    joined: Floats = np.concatenate([raw, scores, raw - raw.max(axis=0)], axis=1)
    return joined
