"""embed: text becomes a dense vector of unit length, and the token vectors of the same pass.

`OpenVinoEmbedder` serves on the CPU without torch; `TorchEmbedder` uses a GPU where one can be used. Both
take any sentence-transformers model with its own pooling, prompts and length.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.errors import Misconfigured
from service.settings import ChunkSettings, EmbedSettings
from service.types import Encoded

log = logging.getLogger(__name__)

SPECIAL_TOKENS = 8
"""Room for the model's own marks around a text, and for how tokenizers differ at a cut."""


class Embedder(Protocol):
    """Turns texts into vectors; safe to call from several threads."""

    name: str
    fingerprint: str
    """Identifies the vectors: an index may only be searched with the fingerprint that made it."""
    tokens_fingerprint: str
    """Identifies the token vectors; empty where there are none."""
    dimension: int
    max_tokens: int
    tokenizer_file: Path
    """The model's tokenizer, in the `tokenizers` library's JSON."""

    def count_tokens(self, text: str) -> int:
        """How many tokens of this model's tokenizer a text has, without special tokens or truncation."""
        ...

    def embed_query(self, text: str) -> Encoded:
        """A question, with the model's query prompt."""
        ...

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The dense vectors of a few short texts, now, as (n, dimension): what answering needs."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """Any number of passages, with the model's document prompt: what ingest needs."""
        ...


def open_embedder(settings: EmbedSettings, cache_dir: Path, token_dimensions: int = 0) -> Embedder:
    """The embedder for the settings: a GPU where `device` allows and one is there, else OpenVINO on the CPU.

    Token vectors have `token_dimensions` numbers; at 0 there are none.

    Raises:
        ModelUnavailable: the model cannot be found, loaded or compiled.
    """
    if settings.device == "cuda" or (settings.device == "auto" and _driver_shows_gpu()):
        from service.embed.gpu import TorchEmbedder, gpu_is_usable

        if settings.device == "cuda" or gpu_is_usable():
            return TorchEmbedder(settings, cache_dir, token_dimensions)
        log.warning("there is a GPU, but torch is not installed or cannot use it: embedding runs on the CPU")
    from service.embed.cpu import OpenVinoEmbedder

    return OpenVinoEmbedder(settings, cache_dir, token_dimensions)


def check_sizes(settings: ChunkSettings, embedder: Embedder) -> None:
    """A chunk longer than the model reads would be found by its beginning alone.

    Raises:
        Misconfigured: chunks may be so long.
    """
    if settings.max_tokens + SPECIAL_TOKENS > embedder.max_tokens:
        raise Misconfigured(
            f"chunk.max_tokens is {settings.max_tokens}, but {embedder.name} reads "
            f"{embedder.max_tokens} tokens, {SPECIAL_TOKENS} of which are set aside",
            hint=f"set FOOTNOTE_CHUNK__MAX_TOKENS to {embedder.max_tokens - SPECIAL_TOKENS} or less",
        )


def _driver_shows_gpu() -> bool:
    """Whether the NVIDIA driver shows a device; asked without importing torch, which costs seconds."""
    return any(Path("/proc/driver/nvidia/gpus").glob("*")) or any(Path("/dev").glob("nvidia[0-9]*"))
