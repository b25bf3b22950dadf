"""The packages that the figures stand beside, each doing the same work in the same run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eval.bench.figures import Baseline
from service.models import locate
from service.settings import EmbedSettings
from service.types import SparseVector

TORCH_TEXTS = 192
SEED = 5


def torch_rate(texts: Sequence[str]) -> Baseline:
    """Texts a second of sentence-transformers on torch, on a sample of the texts."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(locate(EmbedSettings().model).reference, device="cpu")
    chosen = np.random.default_rng(SEED).permutation(len(texts))[:TORCH_TEXTS]
    sample = [texts[place] for place in chosen]
    model.encode(sample[:8], show_progress_bar=False)
    started = time.perf_counter()
    model.encode(sample, show_progress_bar=False)
    return Baseline("sentence-transformers torch", len(sample) / (time.perf_counter() - started))


class QdrantLocal:
    """`qdrant-client` in its local mode: dense and sparse vectors, both lists of one search."""

    name = "qdrant-client local mode"

    def __init__(self, dense: NDArray[np.float32], sparse: Sequence[SparseVector]) -> None:
        from qdrant_client import QdrantClient, models

        self._models = models
        self._client = QdrantClient(":memory:")
        self._client.create_collection(
            "bench",
            vectors_config={
                "dense": models.VectorParams(size=dense.shape[1], distance=models.Distance.COSINE)
            },
            sparse_vectors_config={"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        points = [
            models.PointStruct(
                id=str(uuid.UUID(int=number)),
                vector={"dense": vector.tolist(), "bm25": self._sparse(terms)},
                payload={"live": "tenant"},
            )
            for number, (vector, terms) in enumerate(zip(dense, sparse, strict=True))
        ]
        self._client.upsert("bench", points)

    def search(self, dense: NDArray[np.float32], sparse: SparseVector, limit: int) -> int:
        """Both lists under a filter that all points pass, fused; how many were found."""
        models = self._models
        allowed = models.Filter(
            must=[models.FieldCondition(key="live", match=models.MatchValue(value="tenant"))]
        )
        parts = [
            models.Prefetch(query=dense.tolist(), using="dense", limit=limit, filter=allowed),
            models.Prefetch(query=self._sparse(sparse), using="bm25", limit=limit, filter=allowed),
        ]
        fused = models.FusionQuery(fusion=models.Fusion.RRF)
        return len(self._client.query_points("bench", prefetch=parts, query=fused, limit=limit).points)

    def close(self) -> None:
        """Lets go of the points."""
        self._client.close()

    def _sparse(self, terms: SparseVector) -> object:
        return self._models.SparseVector(indices=list(terms.indices), values=list(terms.values))


class RankBm25:
    """`rank-bm25`: the BM25 half of a search alone."""

    name = "rank-bm25, its half alone"

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        from rank_bm25 import BM25Okapi

        self._index = BM25Okapi([list(one) for one in words])

    def search(self, words: Sequence[str], limit: int) -> int:
        """The best texts for these words; how many were found."""
        scores = self._index.get_scores(list(words))
        return len(np.argpartition(-scores, limit)[:limit])
