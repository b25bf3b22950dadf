"""Every implementation of each protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from service.embed import Embedder
from service.embed.cpu import OpenVinoEmbedder
from service.settings import EmbedSettings, default_cache_dir
from service.store import Store, TokenStore
from tests.contract.stores import OPENERS, TOKEN_OPENERS, remove_from_server
from tests.fakes_core import quick_folder

ROOT = Path(__file__).resolve().parents[2]


class Closing(Protocol):
    def close(self) -> None: ...


AnyStore = TypeVar("AnyStore", bound=Closing)


@contextmanager
def reopening(opener: Callable[[Path], AnyStore]) -> Iterator[Callable[[], AnyStore]]:
    """A function that opens one store, closing it first where it is open."""
    current: list[AnyStore] = []
    with quick_folder() as folder:

        def again() -> AnyStore:
            if current:
                current.pop().close()
            current.append(opener(folder / "store"))
            return current[0]

        yield again
        for store in current:
            store.close()
        remove_from_server(folder / "store")


@pytest.fixture(params=sorted(OPENERS))
def reopen(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test, again where it is open."""
    with reopening(OPENERS[request.param]) as again:
        yield again


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


@pytest.fixture(scope="module", params=sorted(OPENERS))
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store for tests that only read."""
    with reopening(OPENERS[request.param]) as again:
        yield again()


@pytest.fixture(params=sorted(TOKEN_OPENERS))
def reopen_tokens(request: pytest.FixtureRequest) -> Iterator[Callable[[], TokenStore]]:
    """Opens the token store of this test, again where it is open."""
    with reopening(TOKEN_OPENERS[request.param]) as again:
        yield again


@pytest.fixture
def tokens(reopen_tokens: Callable[[], TokenStore]) -> TokenStore:
    return reopen_tokens()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small random models, compiled, with what their own library says of some texts in `said.json`."""
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "-m", "tests.contract.making_models", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return folder


@pytest.fixture(scope="session")
def default_embedder() -> Embedder:
    """The default model as it is served, compiled once into the user's cache."""
    return OpenVinoEmbedder(
        EmbedSettings(), Path(os.environ.get("FOOTNOTE_CACHE_DIR") or default_cache_dir()), 128
    )
