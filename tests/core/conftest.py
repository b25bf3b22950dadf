"""The real engine over a fake model, on a folder that a test may open again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.local_engine import LocalEngine
from tests.fakes_core import FakeEmbedder, a_tokenizer, opened, quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def embedder(folder: Path) -> FakeEmbedder:
    return FakeEmbedder(a_tokenizer(folder / "tokenizer"))


@pytest.fixture
def engine(folder: Path, embedder: FakeEmbedder) -> Iterator[LocalEngine]:
    with opened(folder / "data", embedder) as engine:
        yield engine
