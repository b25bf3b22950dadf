"""A learned ranker as it lies in a file: trees, what they were trained for, and how rare wordpieces are.

One JSON object, made by `footnote tune reranker`; the one that the package brings is
`service/learned/reranker.json`, with its card beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import Misconfigured
from service.learned.rarity import read_rarity
from service.learned.trees import Trees
from service.match import match_features
from service.match.late_interaction import Floats
from service.rerank.features import FEATURES, ranking_features
from service.types import Hit, Question

FORMAT_VERSION = 1
RARITY_STEPS = 20
"""Inverse document frequencies in natural logarithms are written in twentieths, up to 12.75."""
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Trees over the features of a list of hits, together with the fused score."""

    trees: Trees
    columns: NDArray[np.intp]
    """Which of `FEATURES` the trees read, in their order."""
    fused_weight: float
    rarity: Floats
    tokens_fingerprint: str
    """The token vectors that it was trained for."""
    fingerprint: str

    def scores(self, question: Question, hits: Sequence[Hit]) -> NDArray[np.float64]:
        """A score for each hit, higher is better, comparable within the list alone.

        Question and hits must all have token vectors.
        """
        found = match_features(question, hits, self.rarity)
        learned = self.trees.predict(ranking_features(found)[:, self.columns])
        return standard(learned) + self.fused_weight * standard(found["fused"])


def standard(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The scores of a list with mean 0 and deviation 1; all 0 where they are equal."""
    centred = scores.astype(np.float64) - scores.mean(dtype=np.float64)
    spread = float(centred.std())
    return centred / spread if spread > _FLAT else np.zeros(len(scores))


def read_ranker(file: Path) -> Ranker:
    """The ranker of a file.

    Raises:
        Misconfigured: the file is missing, or holds no ranker that this version can use.
    """
    try:
        content = file.read_bytes()
        return _ranker(json.loads(content), hashlib.sha256(content).hexdigest()[:12])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"{file} holds no reranker that can be used: {error}",
            hint="train one with `footnote tune reranker`, or unset FOOTNOTE_RERANK__RANKER",
        ) from error


def _ranker(content: dict[str, Any], fingerprint: str) -> Ranker:
    if content["form"] != FORMAT_VERSION:
        raise ValueError(f"its format version is {content['form']}, this version reads {FORMAT_VERSION}")
    if unknown := sorted(set(content["features"]) - set(FEATURES)):
        raise ValueError(f"this version does not know its features {', '.join(unknown)}")
    return Ranker(
        trees=Trees.from_json(content["trees"]),
        columns=np.array([FEATURES.index(name) for name in content["features"]], np.intp),
        fused_weight=float(content["fused_weight"]),
        rarity=read_rarity(content["rarity"], RARITY_STEPS),
        tokens_fingerprint=content["tokens_fingerprint"],
        fingerprint=fingerprint,
    )
