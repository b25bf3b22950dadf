"""rerank: the best few hits are read together with the question by a cross-encoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from service.models import Encoder, ensure_compiled
from service.settings import RerankSettings
from service.types import Hit, Question, Warning

PAIRS_A_BATCH = 8


class Reranker(Protocol):
    """Reorders hits by how well they answer the question; safe to call from several threads."""

    name: str

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The same hits, best first; those that were read carry `rerank_score`, higher is better."""
        ...

    @property
    def warning(self) -> Warning | None:
        """What a reader of the answer must know of this stage."""
        ...


class FusedOrder:
    """No reranker is installed: the fused order stays, and every response says so."""

    name = "none"

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """See `Reranker`."""
        return tuple(hits)

    @property
    def warning(self) -> Warning:
        """See `Reranker`."""
        return Warning("rerank", "not_installed", "no reranker is installed: hits keep their fused order")


class CrossEncoder:
    """Any sentence-transformers cross-encoder with one label, compiled like the embedder.

    Raises:
        ModelUnavailable: the model cannot be found, loaded or compiled.
    """

    warning = None

    def __init__(self, settings: RerankSettings, cache_dir: Path) -> None:
        folder = ensure_compiled(settings.model, "cross_encoder", settings.precision, cache_dir)
        self._encoder = Encoder(folder, "latency")
        self._depth = settings.depth
        self.name = f"{self._encoder.card.name} ({settings.precision})"

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """See `Reranker`; the first `depth` hits are read."""
        head, tail = hits[: self._depth], hits[self._depth :]
        scores: list[float] = []
        for start in range(0, len(head), PAIRS_A_BATCH):
            pairs = [(question.text, hit.chunk.indexed_text) for hit in head[start : start + PAIRS_A_BATCH]]
            scores.extend(float(row[0]) for row in self._encoder.run(pairs).outputs[0])
        scored = [
            dataclasses.replace(hit, rerank_score=score) for hit, score in zip(head, scores, strict=True)
        ]
        return (*sorted(scored, key=lambda hit: -(hit.rerank_score or 0.0)), *tail)


def open_reranker(settings: RerankSettings, cache_dir: Path) -> Reranker:
    """The reranker for the settings."""
    return CrossEncoder(settings, cache_dir) if settings.method == "cross_encoder" else FusedOrder()
