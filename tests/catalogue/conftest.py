"""A catalogue in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalogue import Database
from tests.fakes_core import quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    database = Database.in_folder(folder)
    yield database
    database.close()
