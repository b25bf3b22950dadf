"""How rare each token id of the embedder's tokenizer is, as it lies in a learned model's file.

One byte a token id, in base64: the file stays small, and what is lost is less than such a weight can say.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from service.match.late_interaction import Floats


def write_rarity(rarity: NDArray[np.floating], steps: int) -> str:
    """The weights, none below 0, in `steps` a unit: up to 255 of them."""
    levels = np.clip(np.rint(rarity * steps), 0, 255).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode("ascii")


def read_rarity(text: str, steps: int) -> Floats:
    """What `write_rarity` was given, to half a step.

    Raises:
        ValueError: it is not base64.
    """
    levels = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    rarity: Floats = levels.astype(np.float32) / np.float32(steps)
    return rarity
