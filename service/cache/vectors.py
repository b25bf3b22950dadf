"""The vectors of texts that were just embedded: a question is often asked again with other filters."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from service.embed import Embedder
from service.types import Encoded


class RememberingEmbedder:
    """An `Embedder` that remembers the questions it was given last.

    In this process alone: a question of 20 tokens is embedded in 5 ms and read from Redis in less than one,
    but there it would be one more place that holds what people ask.
    """

    def __init__(self, embedder: Embedder, size: int) -> None:
        self._embedder = embedder
        self._known: LRUCache[str, Encoded] = LRUCache(size)
        self._lock = threading.Lock()
        self.name = embedder.name
        self.fingerprint = embedder.fingerprint
        self.tokens_fingerprint = embedder.tokens_fingerprint
        self.dimension = embedder.dimension
        self.max_tokens = embedder.max_tokens
        self.tokenizer_file = embedder.tokenizer_file
        self.count_tokens = embedder.count_tokens
        self.embed_passages = embedder.embed_passages

    def embed_query(self, text: str) -> Encoded:
        """See `Embedder`."""
        with self._lock:
            known = self._known.get(text)
        if known is None:
            known = self._embedder.embed_query(text)
            with self._lock:
                self._known[text] = known
        return known

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        return self._embedder.embed_sentences(texts)
