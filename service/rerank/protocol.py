"""What every reranker does, and the one that does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from typing_extensions import override

from service.types import Hit, Question, Warning


class Reranker(Protocol):
    """Reorders hits by how well they answer the question; safe to call from several threads."""

    name: str
    """What it is called in `/readyz`."""
    fingerprint: str
    """Identifies its scores, for what is calibrated on them; "none" without a model."""
    warning: Warning | None
    """What a reader of the answer must know of this stage."""

    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The same hits, best first; those that were read carry `rerank_score`, higher is better.

        Hits that were not read keep their place or come last, in their order.
        """
        ...


class FusedOrder(Reranker):
    """No reranker can be used: the fused order stays, and every response says why."""

    name = "none"
    fingerprint = "none"

    def __init__(self, warning: Warning | None = None) -> None:
        self.warning = warning or Warning(
            "rerank", "not_installed", "no reranker is installed: hits keep their fused order"
        )

    @override
    def rerank(self, question: Question, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        return tuple(hits)
