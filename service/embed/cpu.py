"""Embedding on the CPU: a compiled int8 model, one instance for questions and one for bulk work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.models import Card, Encoder, TokenCounter, ensure_compiled
from service.settings import EmbedSettings
from service.types import Vector

SENTENCES_A_BATCH = 8
"""Short sentences in small batches waste little on padding."""


class OpenVinoEmbedder:
    """The `Embedder` that needs no torch. The bulk instance is loaded at its first use."""

    def __init__(self, settings: EmbedSettings, cache_dir: Path) -> None:
        self._settings = settings
        self._folder = ensure_compiled(settings.model, "embedder", settings.precision, cache_dir)
        self._interactive = Encoder(self._folder, "latency", settings.threads)
        self._bulk: Encoder | None = None
        self._lock = threading.Lock()
        card = self._interactive.card
        self.name = f"{card.name} ({card.precision})"
        self.fingerprint = card.fingerprint
        self.dimension = card.dimension
        self.max_tokens = card.max_tokens
        self.tokenizer_file = self._folder / "tokenizer.json"
        self.count_tokens = TokenCounter(self.tokenizer_file)

    def embed_query(self, text: str) -> Vector:
        """See `Embedder`."""
        vector: Vector = _unit(self._interactive.run([_prompt(self._interactive.card, "query") + text])[0])[0]
        return vector

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(order), SENTENCES_A_BATCH):
            rows = order[start : start + SENTENCES_A_BATCH]
            vectors[rows] = _unit(self._interactive.run([texts[row] for row in rows])[0])
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        encoder = self._bulk_encoder()
        prompt = _prompt(encoder.card, "document") or _prompt(encoder.card, "passage")
        return _unit(encoder.run_all([prompt + text for text in texts], self._settings.batch_size))

    def _bulk_encoder(self) -> Encoder:
        with self._lock:
            if self._bulk is None:
                self._bulk = Encoder(self._folder, "throughput", self._settings.threads)
            return self._bulk


def _prompt(card: Card, name: str) -> str:
    return card.prompts.get(name, "")


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of length 1; not every model normalises its own."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
