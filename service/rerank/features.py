"""What tells which of the two lists a question can trust: words of the question that what was found holds."""

from __future__ import annotations

import numpy as np

from service.match import MatchFeatures
from service.match.late_interaction import Floats, rarity_of
from service.types import Question

TRUST = ("cover", "exact_first", "agreement", "digits")
"""`cover`: the best BM25 score as a share of the rarity of all the question's wordpieces, high where its rare
words stand in one hit. `exact_first`: the weighted share of the wordpieces that BM25's best hit holds.
`agreement`: the correlation of the two lists' scores. `digits`: 1 where a digit is in the question.

Rarities are natural logarithms, and a BM25 score is a sum of such for the words that it found, so that the
rarity of the question stands for the best score that there could be, without another look into the index."""

_FLAT = 1e-6


def trust_features(question: Question, found: MatchFeatures, rarity: Floats) -> Floats:
    """The values of `TRUST`, shape (len(TRUST),), for at least one hit.

    The question must have token vectors.
    """
    asked = question.vectors.tokens
    rare = rarity_of(asked.ids, rarity) if asked is not None else np.zeros(1, np.float32)
    first = int(np.argmax(found["bm25"]))
    told: Floats = np.array(
        [
            found["bm25"][first] / max(float(rare.sum()), _FLAT),
            found["exact"][first],
            _correlation(found["dense"], found["bm25"]),
            any(map(str.isdigit, question.text)),
        ],
        np.float32,
    )
    return told


def _correlation(one: Floats, other: Floats) -> float:
    """Pearson's; 0 where either is the same for all."""
    # In float64 what is the same for all has a deviation of nothing; in float32 it has some.
    moved = [part.astype(np.float64) - part.mean(dtype=np.float64) for part in (one, other)]
    lengths = [float(np.linalg.norm(part)) for part in moved]
    return 0.0 if min(lengths) < _FLAT else float(moved[0] @ moved[1]) / (lengths[0] * lengths[1])
