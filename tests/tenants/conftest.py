"""An application with credentials, over an engine in memory and a catalogue of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from service.access import Access
from service.app import create_app
from service.catalogue import Database
from tests.api.calling import calling_app
from tests.fakes import FakeEngine
from tests.fakes_core import quick_folder
from tests.tenants.keyed import Keyed, server_settings


@pytest.fixture(scope="session")
def empty_catalogue() -> Iterator[Path]:
    """A folder with a catalogue of the newest schema, to make others from."""
    with quick_folder() as folder:
        Database.in_folder(folder).close()
        yield folder


@pytest.fixture
def database(empty_catalogue: Path) -> Iterator[Database]:
    with quick_folder() as folder:
        shutil.copytree(empty_catalogue, folder, dirs_exist_ok=True)
        with closing(Database.in_folder(folder)) as opened:
            yield opened


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def keyed(database: Database, engine: FakeEngine) -> AsyncIterator[Keyed]:
    """The application, its tenants `acme` and `globex`, and whatever keys a test makes."""
    settings = server_settings()
    access = Access.of(settings, database)
    for tenant in ("acme", "globex"):
        access.tenants.create(tenant)
    app = create_app(engine, settings, access=access)
    async with calling_app(app) as client:
        yield Keyed(app, access, engine, client)


@pytest.fixture
def client(keyed: Keyed) -> httpx.AsyncClient:
    return keyed.client
