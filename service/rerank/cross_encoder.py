"""A cross-encoder reads question and passage together: far slower than late interaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from service.models import Encoder, ensure_compiled
from service.rerank.protocol import Reranker
from service.settings import RerankSettings
from service.types import Hit, Question

PAIRS_A_BATCH = 8


class CrossEncoder(Reranker):
    """Any sentence-transformers cross-encoder with one label, compiled as the embedder is, over `depth` hits.

    Raises:
        ModelUnavailable: the model cannot be found, loaded or compiled.
    """

    warning = None

    def __init__(self, settings: RerankSettings, cache_dir: Path, depth: int) -> None:
        folder = ensure_compiled(settings.model, "cross_encoder", settings.precision, cache_dir)
        self._encoder = Encoder(folder, "latency")
        self._depth = depth
        self.name = f"{self._encoder.card.name} ({settings.precision})"
        self.fingerprint = self._encoder.card.fingerprint

    @override
    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        head, tail = hits[: self._depth], hits[self._depth :]
        scores: list[float] = []
        for start in range(0, len(head), PAIRS_A_BATCH):
            pairs = [(question.text, hit.chunk.indexed_text) for hit in head[start : start + PAIRS_A_BATCH]]
            scores.extend(float(row[0]) for row in self._encoder.run(pairs).outputs[0])
        scored = [
            dataclasses.replace(hit, rerank_score=score) for hit, score in zip(head, scores, strict=True)
        ]
        return (*sorted(scored, key=_descending), *tail)


class TwoSteps(Reranker):
    """A second reranker over the best few of a first one.

    The second one's scores are shifted, so that the last of its hits stands level with the first of the rest.
    """

    def __init__(self, first: Reranker, second: Reranker, depth: int) -> None:
        self._first, self._second, self._depth = first, second, depth
        self.name = f"{first.name}, then {second.name}"
        self.fingerprint = f"{first.fingerprint}-{second.fingerprint}-{depth}"
        self.warning = first.warning or second.warning

    @override
    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        ordered = self._first.rerank(question, hits)
        rest = ordered[self._depth :]
        best = self._second.rerank(question, ordered[: self._depth])
        level = max((hit.rerank_score for hit in rest if hit.rerank_score is not None), default=None)
        if level is None or not best:
            return (*best, *rest)
        least = min(hit.rerank_score or 0.0 for hit in best)
        lifted = (
            dataclasses.replace(hit, rerank_score=(hit.rerank_score or 0.0) - least + level) for hit in best
        )
        return (*lifted, *rest)


def _descending(hit: Hit) -> float:
    return -(hit.rerank_score or 0.0)
