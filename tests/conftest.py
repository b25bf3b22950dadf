"""What every test starts from: no model hub, no telemetry, no settings of the person who runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before any test module imports a library that reads these at import.
os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "true",
        "UNSTRUCTURED_DISABLE_NOTICE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
)

import pytest

if TYPE_CHECKING:
    from service.settings import ServerStoreSettings
    from tests.postgres import PostgresServer
    from tests.redis_server import RedisServerProcess


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Settings come from the test alone, and data goes to a folder of its own.

    The cache folder stays the user's: a model that is compiled once serves all runs.
    """
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        if name != "FOOTNOTE_CACHE_DIR":
            monkeypatch.delenv(name)
    empty: Path = tmp_path_factory.mktemp("settings")
    (empty / "footnote.toml").touch()
    monkeypatch.setenv("FOOTNOTE_CONFIG", str(empty / "footnote.toml"))
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(empty / "data"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL for the whole run; where Debian's package is missing its tests are skipped."""
    from tests import postgres

    if (found := postgres.binaries()) is None:
        why = "PostgreSQL is not installed: `sh deploy/install-system.sh` does it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with postgres.running(found) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty catalogue on PostgreSQL, of the newest schema."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def qdrant_server() -> Iterator[ServerStoreSettings]:
    """The Qdrant server that `QDRANT_URL` names, or a stand-in for one, for the whole run."""
    from tests import qdrant_server

    with qdrant_server.running() as server:
        yield server


@pytest.fixture
def services(
    postgres_server: PostgresServer, qdrant_server: ServerStoreSettings, redis_url: str
) -> Iterator[dict[str, Any]]:
    """The arguments of `Settings` for server mode, on a database and an alias of the test's own."""
    from service.settings import CatalogueSettings, ReceiptSettings, RedisSettings, StoreSettings
    from service.upkeep.receipts import new_key
    from tests.qdrant_server import own_alias

    with postgres_server.database() as url, own_alias(qdrant_server) as server:
        yield {
            "mode": "server",
            "catalogue": CatalogueSettings(url=url),
            "store": StoreSettings(server=server),
            "redis": RedisSettings(url=redis_url),
            "receipts": ReceiptSettings(signing_key=new_key()),
        }


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisServerProcess]:
    """A private Redis for the whole run; where Debian's package is missing its tests are skipped."""
    from tests import redis_server

    if (found := redis_server.binary()) is None:
        why = "Redis is not installed: `sh deploy/install-system.sh` does it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with redis_server.running(found) as server:
        yield server


@pytest.fixture
def redis_server(redis_process: RedisServerProcess) -> RedisServerProcess:
    """The private Redis, with nothing in it."""
    redis_process.flush()
    return redis_process


@pytest.fixture
def redis_url(redis_server: RedisServerProcess) -> str:
    """The address of an empty Redis."""
    return redis_server.url
