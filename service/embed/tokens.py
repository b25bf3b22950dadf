"""From a model's outputs to vectors as they are kept.

A token's vector is projected on the directions in which the embedder's tokens differ most (`projection.npy`
beside the compiled model) and kept as a direction alone, a byte a number. Late interaction compares
directions, and of 384 float32 numbers 128 bytes rank as well: see docs/measured/relevance.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from service.errors import Misconfigured
from service.models.projection import PROJECTION, fingerprint
from service.types import TokenVectors

_LARGEST = 127
"""The largest number that a signed byte holds on both sides of zero."""


class TokenCompressor:
    """Makes the token vectors of one compiled model small.

    Args:
        folder: the compiled model, with its projection.
        dimensions: how many directions are kept, those that tell most first; at 0 there are no token vectors.

    Raises:
        Misconfigured: the model's vectors have fewer dimensions.
    """

    def __init__(self, folder: Path, dimensions: int) -> None:
        self._projection: NDArray[np.float32] | None = None
        self.fingerprint = ""
        """Identifies what token vectors may be compared; empty where there are none."""
        if dimensions:
            projection = np.load(folder / PROJECTION)
            if dimensions > projection.shape[1]:
                raise Misconfigured(
                    f"rerank.token_dimensions is {dimensions}, but the model's tokens have "
                    f"{projection.shape[1]} dimensions",
                    hint=f"set FOOTNOTE_RERANK__TOKEN_DIMENSIONS to {projection.shape[1]} or less",
                )
            self._projection = np.ascontiguousarray(projection[:, :dimensions])
            # NumPy's own threads would take turns with the model's on the same cores: the projection of a
            # batch then takes fifty times as long. One is enough for all that serving multiplies.
            threadpool_limits(limits=1, user_api="blas")
            self.fingerprint = fingerprint(self._projection)

    def __call__(self, encoding: Any, vectors: NDArray[np.float32], skip: int) -> TokenVectors | None:
        """The tokens of one text, less special ones and those of its first `skip` characters, a prompt.

        `encoding` is that of the `tokenizers` library for the row, `vectors` have shape (tokens, d).
        """
        if self._projection is None:
            return None
        kept = [
            place
            for place, (special, (_, end)) in enumerate(
                zip(encoding.special_tokens_mask, encoding.offsets, strict=True)
            )
            if not special and end > skip
        ]
        ids = np.array(encoding.ids, dtype=np.int32)[kept]
        return _compress(ids, vectors[kept], self._projection)


def _compress(
    ids: NDArray[np.int32], vectors: NDArray[np.float32], projection: NDArray[np.float32]
) -> TokenVectors:
    """Token vectors of shape (n, d) through a projection of shape (d, k)."""
    small = vectors @ projection
    longest = np.maximum(np.abs(small).max(axis=1, keepdims=True, initial=0.0), np.finfo(np.float32).tiny)
    return TokenVectors(ids, np.rint(small * (_LARGEST / longest)).astype(np.int8))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of length 1, shape (n, d); not every model normalises its own."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return found
