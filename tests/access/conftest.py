"""An application with credentials, over an engine in memory and a catalogue of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import httpx
import pytest

from service.access import Access
from service.app import create_app
from service.catalogue import Database
from tests.access.keyed import Keyed, server_settings
from tests.api.calling import calling_app
from tests.fakes import FakeEngine
from tests.fakes_core import quick_folder


@pytest.fixture
def database() -> Iterator[Database]:
    with quick_folder() as folder, closing(Database.in_folder(folder)) as opened:
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
