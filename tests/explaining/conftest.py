"""The real engine over a fake model."""

from __future__ import annotations

from tests.core.conftest import embedder, engine, folder

__all__ = ["embedder", "engine", "folder"]
