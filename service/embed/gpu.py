"""Embedding on a GPU through sentence-transformers and torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.embed.tokens import TokenCompressor, unit
from service.errors import ModelUnavailable
from service.models import Card, TokenCounter, ensure_compiled, files_of, locate, open_tokenizer
from service.settings import EmbedSettings
from service.types import Encoded

PASSAGES_A_BATCH = 128


def gpu_is_usable() -> bool:
    """Whether torch is installed and can compute on a CUDA device."""
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


class TorchEmbedder:
    """The `Embedder` for a GPU. Its fingerprint is that of the compiled model, so one index serves both."""

    def __init__(self, settings: EmbedSettings, cache_dir: Path, token_dimensions: int = 0) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError as error:
            raise ModelUnavailable(
                f"a GPU is used through {error.name}, which is not installed",
                hint="pip install 'footnote[models]', or set FOOTNOTE_EMBED__DEVICE=cpu",
            ) from error
        if not gpu_is_usable():
            raise ModelUnavailable(
                "no GPU can be used: this torch build or driver offers no CUDA device",
                hint="set FOOTNOTE_EMBED__DEVICE=cpu",
            )
        folder = ensure_compiled(settings.model, "embedder", settings.precision, cache_dir)
        card = Card.read(folder)
        self._model = SentenceTransformer(
            files_of(locate(settings.model).reference, cache_dir), device="cuda"
        )
        self._lock = threading.Lock()
        self.name = f"{card.name} (cuda)"
        self.fingerprint = card.fingerprint
        self.dimension = card.dimension
        self.max_tokens = card.max_tokens
        self.tokenizer_file = folder / "tokenizer.json"
        self.count_tokens = TokenCounter(self.tokenizer_file)
        self._compress = TokenCompressor(folder, token_dimensions)
        self.tokens_fingerprint = self._compress.fingerprint
        self._tokenizer = open_tokenizer(folder, card.max_tokens)
        self._prompts = {"query": card.prompt("query"), "document": card.prompt("document", "passage")}

    def embed_query(self, text: str) -> Encoded:
        """See `Embedder`."""
        return self._encoded([text], self._prompts["query"])[0]

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([found.dense for found in self._encoded(texts, "")])

    def embed_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """See `Embedder`."""
        return self._encoded(texts, self._prompts["document"])

    def _encoded(self, texts: Sequence[str], prompt: str) -> list[Encoded]:
        """Every text's vector and token vectors; the prompt's tokens are left out of the latter."""
        prompted = [prompt + text for text in texts]
        with self._lock:
            outputs: Any = self._model.encode(
                prompted,
                prompt="",
                output_value=None,
                batch_size=PASSAGES_A_BATCH,
                show_progress_bar=False,
            )
        found = []
        for encoding, output in zip(self._tokenizer.encode_batch(prompted), outputs, strict=True):
            dense, tokens = _array(output["sentence_embedding"]), _array(output["token_embeddings"])
            found.append(Encoded(unit(dense[None])[0], self._compress(encoding, tokens, len(prompt))))
        return found


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(tensor.float().cpu().numpy(), dtype=np.float32)
