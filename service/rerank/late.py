"""Late interaction: hits put in order from their stored token vectors, without a model pass."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from typing_extensions import override

from service.rerank.protocol import Reranker
from service.rerank.ranker import Ranker
from service.types import Hit, Question

_DIGITS = 6
"""Scores that differ by less are equal: the order of a sum must not decide."""

log = logging.getLogger(__name__)


class LateInteraction(Reranker):
    """The learned ranker over the first `depth` hits.

    Equal scores are ordered by the chunk's id. A hit without token vectors keeps its place in the fused order
    and gets no score; without those of the question all hits do.
    """

    warning = None

    def __init__(self, ranker: Ranker, depth: int) -> None:
        self._ranker = ranker
        self._depth = depth
        self.fingerprint = ranker.fingerprint
        self.name = f"late interaction ({ranker.fingerprint})"

    @override
    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        result = list(hits)
        places = [place for place, hit in enumerate(hits[: self._depth]) if _has_tokens(hit)]
        asked = question.vectors.tokens
        if asked is None or not len(asked.ids):
            log.warning("the question has no token vectors: its hits keep their fused order")
            return tuple(result)
        if missing := min(len(hits), self._depth) - len(places):
            log.warning("%d hits have no token vectors and keep their fused place", missing)
        if not places:
            return tuple(result)
        read = [hits[place] for place in places]
        seen = self._ranker.seen(question, read)
        scores = self._ranker.scores_of(question, seen)
        scored = [
            Hit(hit.chunk, hit.document, hit.fused, round(score, _DIGITS), hit.tokens, match)
            for hit, score, match in zip(read, scores.tolist(), seen.matches, strict=True)
        ]
        for place, hit in zip(places, sorted(scored, key=_best_first), strict=True):
            result[place] = hit
        return tuple(result)


def _best_first(hit: Hit) -> tuple[float, str]:
    return -(hit.rerank_score or 0.0), hit.chunk.id


def _has_tokens(hit: Hit) -> bool:
    return hit.tokens is not None and len(hit.tokens.ids) > 0
