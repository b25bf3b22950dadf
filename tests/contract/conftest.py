"""Every implementation of each protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from service.store import Store
from tests.contract.stores import OPENERS
from tests.fakes_core import quick_folder


@contextmanager
def reopening(engine: str) -> Iterator[Callable[[], Store]]:
    """A function that opens one store, closing it first where it is open."""
    current: list[Store] = []
    with quick_folder() as folder:

        def again() -> Store:
            if current:
                current.pop().close()
            current.append(OPENERS[engine](folder / "store"))
            return current[0]

        yield again
        for store in current:
            store.close()


@pytest.fixture(params=sorted(OPENERS))
def reopen(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test, again where it is open."""
    with reopening(request.param) as again:
        yield again


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


@pytest.fixture(scope="module", params=sorted(OPENERS))
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store for tests that only read."""
    with reopening(request.param) as again:
        yield again()
