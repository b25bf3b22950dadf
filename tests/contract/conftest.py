"""Every implementation of each protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from service.embed import Embedder
from service.embed.cpu import OpenVinoEmbedder
from service.settings import EmbedSettings, default_cache_dir
from service.store import Store, TokenStore
from tests.contract.stores import STORES, TOKEN_STORES

ROOT = Path(__file__).resolve().parents[2]


class Closing(Protocol):
    def close(self) -> None: ...


AnyStore = TypeVar("AnyStore", bound=Closing)


@contextmanager
def reopening(places: AbstractContextManager[Callable[[], AnyStore]]) -> Iterator[Callable[[], AnyStore]]:
    """A function that opens one store, closing it first where it is open."""
    current: list[AnyStore] = []
    with places as opener:

        def again() -> AnyStore:
            if current:
                current.pop().close()
            current.append(opener())
            return current[0]

        yield again
        for store in current:
            store.close()


@pytest.fixture(params=sorted(STORES))
def reopen(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test, again where it is open."""
    with reopening(STORES[request.param](request.getfixturevalue)) as again:
        yield again


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


@pytest.fixture(scope="module", params=sorted(STORES))
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store for tests that only read."""
    with reopening(STORES[request.param](request.getfixturevalue)) as again:
        yield again()


@pytest.fixture(params=sorted(TOKEN_STORES))
def reopen_tokens(request: pytest.FixtureRequest) -> Iterator[Callable[[], TokenStore]]:
    """Opens the token store of this test, again where it is open."""
    with reopening(TOKEN_STORES[request.param](request.getfixturevalue)) as again:
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
