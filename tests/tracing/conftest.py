"""The real engine over a fake model, and a receiver of its traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from service.local_engine import LocalEngine
from tests.fakes_core import FakeEmbedder, a_tokenizer, opened, quick_folder
from tests.tracing.receiver import Receiver, receiving

Open = Callable[..., AbstractContextManager[LocalEngine]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def open_engine() -> Iterator[Open]:
    """Opens the engine with these sections of settings; its traces have arrived once it is closed."""
    with quick_folder() as folder:
        embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
        yield partial(_opened, folder / "data", embedder)


def _opened(folder: Path, embedder: FakeEmbedder, **sections: object) -> AbstractContextManager[LocalEngine]:
    return opened(folder, embedder, **sections)
