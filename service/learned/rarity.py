"""A weight for each token id of an embedder's tokenizer, as it lies in a file: a byte each."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

_LARGEST = 255


def write_rarity(rarity: NDArray[np.floating], steps: int) -> str:
    """The weights in so many steps a unit, up to 255 steps."""
    levels = np.clip(np.rint(rarity * steps), 0, _LARGEST).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode("ascii")


def read_rarity(text: str, steps: int) -> NDArray[np.float32]:
    """What `write_rarity` was given, to a step.

    Raises:
        ValueError: it is in another form.
    """
    levels = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    rarity: NDArray[np.float32] = levels.astype(np.float32) / np.float32(steps)
    return rarity
