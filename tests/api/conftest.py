"""Fixtures of the HTTP tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import httpx
import pytest

from service.engine import Engine
from service.records import Upload
from service.types import LOCAL
from tests.api.calling import WARRANTY, calling, small_limits
from tests.fakes import FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    fake = FakeEngine()
    checked: Engine = fake  # the fake keeps to the protocol
    assert checked is fake
    return fake


@pytest.fixture
def document_id(engine: FakeEngine) -> str:
    """A document that answers questions about the warranty."""
    upload = Upload("manual.txt", "manual.txt", BytesIO(WARRANTY.encode()))
    coroutine = engine.upload(LOCAL, [upload], metadata={"year": 2024}, groups=(), idempotency_key=None)
    return asyncio.run(coroutine)[0].document_id


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(engine, small_limits()) as caller:
        yield caller
