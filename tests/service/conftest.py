"""Processes of server mode for this suite, on services that it may take away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.settings import CatalogueSettings, ReceiptSettings, RedisSettings, StoreSettings
from service.upkeep.receipts import new_key
from tests.e2e.asking import put
from tests.fakes_core import quick_folder
from tests.postgres import PostgresServer
from tests.qdrant_server import QdrantStandIn
from tests.redis_server import RedisServerProcess
from tests.service.running import MANUAL, SERVE, WORK, Running, running

QUICK = {
    "FOOTNOTE_CATALOGUE__LOCK_WAIT_S": "2",
    "FOOTNOTE_STORE__SERVER__TIMEOUT_S": "2",
    "FOOTNOTE_DECIDE__THRESHOLD": "0",
    "FOOTNOTE_ACCESS__KEY_CACHE_S": "1",
    "FOOTNOTE_ACCESS__MAX_FAILURES_PER_MINUTE": "100000",
    "FOOTNOTE_API__RECEIVE_TIMEOUT_S": "2",
}


@pytest.fixture(scope="package")
def qdrant() -> Iterator[QdrantStandIn]:
    """A stand-in that a test may stop and start, `QDRANT_URL` or not."""
    with closing(QdrantStandIn()) as server:
        yield server


@pytest.fixture(scope="package")
def own_services(
    postgres_server: PostgresServer, redis_process: RedisServerProcess, qdrant: QdrantStandIn
) -> Iterator[dict[str, Any]]:
    """The arguments of `Settings` for server mode."""
    redis_process.flush()
    with postgres_server.database() as url:
        yield {
            "mode": "server",
            "catalogue": CatalogueSettings(url=url),
            "store": StoreSettings(server=qdrant.settings),
            "redis": RedisSettings(url=redis_process.url),
            "receipts": ReceiptSettings(signing_key=new_key()),
        }


@pytest.fixture(scope="package")
def stack(own_services: dict[str, Any]) -> Iterator[Running]:
    """Two API processes and a worker over one document."""
    with quick_folder() as folder, running(folder, own_services, SERVE, SERVE, WORK, **QUICK) as stack:
        put(stack.client, "manual.md", MANUAL)
        yield stack


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path
