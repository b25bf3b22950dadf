"""Embedding on the CPU: a compiled int8 model, one instance for questions and one for bulk work."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.embed.tokens import TokenCompressor, unit
from service.models import Batch, Encoder, TokenCounter, ensure_compiled
from service.settings import EmbedSettings
from service.types import Encoded

SENTENCES_A_BATCH = 8
"""Short sentences in small batches waste little on padding."""


class OpenVinoEmbedder:
    """The `Embedder` that needs no torch. The bulk instance is loaded at its first use."""

    def __init__(self, settings: EmbedSettings, cache_dir: Path, token_dimensions: int = 0) -> None:
        self._settings = settings
        self._folder = ensure_compiled(settings.model, "embedder", settings.precision, cache_dir)
        self._interactive = Encoder(self._folder, "questions", settings.threads)
        self._bulk: Encoder | None = None
        self._lock = threading.Lock()
        card = self._interactive.card
        self.name = f"{card.name} ({card.precision})"
        self.fingerprint = card.fingerprint
        self.dimension = card.dimension
        self.max_tokens = card.max_tokens
        self.tokenizer_file = self._folder / "tokenizer.json"
        self.count_tokens = TokenCounter(self.tokenizer_file)
        self._compress = TokenCompressor(self._folder, token_dimensions)
        self.tokens_fingerprint = self._compress.fingerprint

    def embed_query(self, text: str) -> Encoded:
        """See `Embedder`."""
        prompt = self._interactive.card.prompt("query")
        return self._encoded(self._interactive.run([prompt + text]), len(prompt))[0]

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch in self._interactive.run_all(texts, SENTENCES_A_BATCH):
            vectors[batch.rows] = unit(batch.outputs[0])
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """See `Embedder`."""
        encoder = self._bulk_encoder()
        prompt = encoder.card.prompt("document", "passage")
        found: dict[int, Encoded] = {}
        for batch in encoder.run_all([prompt + text for text in texts], self._settings.batch_size):
            found.update(zip(batch.rows, self._encoded(batch, len(prompt)), strict=True))
        return [found[row] for row in range(len(texts))]

    def _encoded(self, batch: Batch, prompt_characters: int) -> list[Encoded]:
        dense, tokens = unit(batch.outputs[0]), batch.outputs[1]
        return [
            Encoded(dense[row], self._compress(encoding, tokens[row], prompt_characters))
            for row, encoding in enumerate(batch.encodings)
        ]

    def _bulk_encoder(self) -> Encoder:
        with self._lock:
            if self._bulk is None:
                self._bulk = Encoder(self._folder, "throughput", self._settings.threads)
            return self._bulk
