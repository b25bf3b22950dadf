"""The directions in which an embedder's token vectors differ most, most telling first.

Principal components of the token vectors' directions, not centred, because late interaction compares angles
at the origin. That of the default model comes with the package, so that every machine has the same one to the
bit; that of another model is computed when it is compiled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROJECTION = "projection.npy"
_SHIPPED = Path(__file__).parent / "projections"


def shipped(fingerprint: str) -> NDArray[np.float32] | None:
    """The projection that the package brings for an embedder; None where it brings none."""
    file = _SHIPPED / f"{fingerprint}.npy"
    if not file.is_file():
        return None
    projection: NDArray[np.float32] = np.load(file).astype(np.float32)
    return projection


def principal(token_vectors: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The projection of shape (d, d) for arrays of token vectors of shape (n, d)."""
    moment: NDArray[np.float64] | None = None
    for vectors in token_vectors:
        units = vectors.astype(np.float64)
        units /= np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-12)
        moment = units.T @ units + (0.0 if moment is None else moment)
    if moment is None:
        raise ValueError("a projection needs token vectors")
    directions = np.linalg.eigh(moment)[1][:, ::-1]
    # An eigenvector may point either way: its largest number is made positive.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None, :], axis=0)
    return np.asarray(directions * np.sign(largest), dtype=np.float32)


def fingerprint(projection: NDArray[np.float32]) -> str:
    """Identifies a projection: token vectors may only be compared through the same one."""
    return hashlib.sha256(np.ascontiguousarray(projection).tobytes()).hexdigest()[:8]
