"""Token vectors made small: projected, a byte a number, and one run of bytes for the store.

A token's vector is projected on the directions in which the embedder's tokens differ most (`projection.npy`
beside the compiled model) and kept as a direction alone. Late interaction compares directions, and of 384
float32 numbers 128 bytes rank as well: see docs/relevance.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.types import TokenVectors

_TOP = 127
_ID, _NUMBER = np.dtype("<i4"), np.dtype("i1")


def compress(
    ids: NDArray[np.int32], vectors: NDArray[np.float32], projection: NDArray[np.float32]
) -> TokenVectors:
    """Token vectors of shape (n, d) through a projection of shape (d, k)."""
    small = vectors @ projection
    longest = np.maximum(np.abs(small).max(axis=1, keepdims=True, initial=0.0), np.finfo(np.float32).tiny)
    return TokenVectors(ids.astype(np.int32), np.rint(small * (_TOP / longest)).astype(np.int8))


def pack(tokens: TokenVectors) -> bytes:
    """One run of bytes: k, then the ids, then the vectors row by row."""
    width = np.array([tokens.vectors.shape[1]], _ID)
    return b"".join((width.tobytes(), tokens.ids.astype(_ID).tobytes(), tokens.vectors.tobytes()))


def unpack(packed: bytes) -> TokenVectors:
    """What `pack` was given; the arrays are views of `packed`."""
    width = int(np.frombuffer(packed, _ID, 1)[0])
    count = (len(packed) - _ID.itemsize) // (_ID.itemsize + width)
    start = _ID.itemsize * (1 + count)
    ids = np.frombuffer(packed, _ID, count, _ID.itemsize)
    vectors = np.frombuffer(packed, _NUMBER, count * width, start).reshape(count, width)
    return TokenVectors(ids.astype(np.int32, copy=False), vectors)
