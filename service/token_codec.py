"""Token vectors as one run of bytes, and back."""

from __future__ import annotations

import numpy as np

from service.types import TokenVectors

_ID, _NUMBER = np.dtype("<i4"), np.dtype("i1")


def pack(tokens: TokenVectors) -> bytes:
    """One run of bytes: k, then the ids, then the vectors row by row."""
    width = np.array([tokens.vectors.shape[1]], _ID)
    return b"".join((width.tobytes(), tokens.ids.astype(_ID).tobytes(), tokens.vectors.tobytes()))


def unpack(packed: bytes) -> TokenVectors:
    """What `pack` was given; the arrays are views of `packed`."""
    width = int.from_bytes(packed[: _ID.itemsize], "little")
    count = (len(packed) - _ID.itemsize) // (_ID.itemsize + width)
    start = _ID.itemsize * (1 + count)
    ids = np.frombuffer(packed, _ID, count, _ID.itemsize)
    vectors = np.frombuffer(packed, _NUMBER, count * width, start).reshape(count, width)
    return TokenVectors(ids.astype(np.int32, copy=False), vectors)
