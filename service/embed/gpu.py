"""Embedding on a GPU through sentence-transformers and torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import ModelUnavailable
from service.models import Card, TokenCounter, ensure_compiled, locate
from service.settings import EmbedSettings
from service.types import Vector

PASSAGES_A_BATCH = 128


def gpu_is_usable() -> bool:
    """Whether torch can compute on a CUDA device."""
    import torch

    return bool(torch.cuda.is_available())


class TorchEmbedder:
    """The `Embedder` for a GPU. Its fingerprint is that of the compiled model, so one index serves both."""

    def __init__(self, settings: EmbedSettings, cache_dir: Path) -> None:
        from sentence_transformers import SentenceTransformer

        if not gpu_is_usable():
            raise ModelUnavailable(
                "no GPU can be used: this torch build or driver offers no CUDA device",
                hint="set FOOTNOTE_EMBED__DEVICE=cpu",
            )
        folder = ensure_compiled(settings.model, "embedder", settings.precision, cache_dir)
        card = Card.read(folder)
        self._model = SentenceTransformer(locate(settings.model).reference, device="cuda")
        self._lock = threading.Lock()
        self.name = f"{card.name} (cuda)"
        self.fingerprint = card.fingerprint
        self.dimension = card.dimension
        self.max_tokens = card.max_tokens
        self.tokenizer_file = folder / "tokenizer.json"
        self.count_tokens = TokenCounter(self.tokenizer_file)

    def embed_query(self, text: str) -> Vector:
        """See `Embedder`."""
        with self._lock:
            vectors = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors[0], dtype=np.float32)

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode_document(
                list(texts),
                batch_size=PASSAGES_A_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)
