"""A catalogue of the test's own, on each of the databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

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


@pytest.fixture
def cut(postgres_url: str) -> Iterator[Callable[[], None]]:
    """Ends every other session on the database, as a restart or a lost network does."""
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    engine = create_engine(postgres_url)

    def end_all() -> None:
        with engine.connect() as connection:
            ending = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"
            assert connection.scalars(text(ending)).all()

    yield end_all
    engine.dispose()
