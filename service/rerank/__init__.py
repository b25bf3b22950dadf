"""rerank: the best few dozen hits are put in order by how well they answer the question.

protocol.py        what every reranker does; the fused order, where there is none
late.py            late interaction over the stored token vectors: the default, without a model pass
ranker.py          its learned formula, as it lies in a file
features.py        what tells it how far the words of a question can be trusted
cross_encoder.py   a model that reads question and passage together; also as a second step
"""

from __future__ import annotations

from pathlib import Path

from service.errors import Misconfigured
from service.learned import RERANKER, shipped_file
from service.rerank.protocol import FusedOrder, Reranker
from service.settings import RerankSettings
from service.types import Warning

__all__ = ["TUNED", "FusedOrder", "Reranker", "open_reranker", "ranker_file"]

TUNED = Path("tuned") / "reranker.json"
"""Where `footnote tune reranker` puts a ranker, below the data folder."""


def open_reranker(
    settings: RerankSettings, cache_dir: Path, data_dir: Path, tokens_fingerprint: str
) -> Reranker:
    """The reranker for the settings, over an embedder's token vectors of that fingerprint.

    Raises:
        ModelUnavailable: the cross-encoder cannot be found, loaded or compiled.
        Misconfigured: the ranker's file holds none, or a second step is wanted without a model for it.
    """
    if settings.method == "none":
        return FusedOrder()
    if settings.method == "cross_encoder":
        return _cross_encoder(settings, cache_dir, settings.depth)
    first = _late(settings, ranker_file(settings, data_dir, tokens_fingerprint), tokens_fingerprint)
    if not settings.second_depth:
        return first
    from service.rerank.cross_encoder import TwoSteps

    second = _cross_encoder(settings, cache_dir, settings.second_depth)
    return TwoSteps(first, second, settings.second_depth)


def ranker_file(settings: RerankSettings, data_dir: Path, tokens_fingerprint: str) -> Path:
    """The learned ranker in force: the one that is set, else one's own, else the shipped one."""
    if settings.ranker is not None:
        return settings.ranker
    return own if (own := data_dir / TUNED).is_file() else shipped_file(RERANKER, tokens_fingerprint)


def _cross_encoder(settings: RerankSettings, cache_dir: Path, depth: int) -> Reranker:
    from service.rerank.cross_encoder import CrossEncoder

    if not settings.model:
        raise Misconfigured(
            "reranking with a cross-encoder needs a model",
            hint="set FOOTNOTE_RERANK__MODEL to a sentence-transformers id or a local path",
        )
    return CrossEncoder(settings, cache_dir, depth)


def _late(settings: RerankSettings, file: Path, tokens_fingerprint: str) -> Reranker:
    from service.rerank.late import LateInteraction
    from service.rerank.ranker import read_ranker

    if not tokens_fingerprint:
        return FusedOrder(_warning("no_token_vectors", "no token vectors are kept"))
    ranker = read_ranker(file)
    if ranker.tokens_fingerprint != tokens_fingerprint:
        why = "the reranker was trained for another embedding model (train one with `footnote tune reranker`)"
        return FusedOrder(_warning("other_embedder", why))
    return LateInteraction(ranker, settings.depth)


def _warning(code: str, why: str) -> Warning:
    return Warning("rerank", code, f"{why}: hits keep their fused order")
