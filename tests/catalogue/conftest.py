"""A catalogue of the test's own, on each of the databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from service.catalogue import Database
from tests.catalogue.writing import OpenDatabase
from tests.fakes_core import quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, folder: Path) -> str:
    """Where an empty catalogue is, on each of the databases."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'catalogue.sqlite3'}"
    postgres_url: str = request.getfixturevalue("postgres_url")
    return postgres_url


@pytest.fixture
def open_database(url: str) -> Iterator[OpenDatabase]:
    """Opens the same catalogue as another process would."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Database(url)))


@pytest.fixture
def database(open_database: OpenDatabase) -> Database:
    return open_database()
