"""A server that nobody or anybody could use does not start."""

from __future__ import annotations

from contextlib import closing

import pytest
from pydantic import SecretStr

from service.access import open_access
from service.catalogue import Database, Keys, Tenants
from service.errors import Misconfigured
from service.health.readiness import Readinesses
from service.listening import listen
from service.settings import BlobSettings, Settings
from service.tenancy import BY_OPERATOR, NewKey
from tests.api.calling import small_limits
from tests.tenants.keyed import server_settings


def start(settings: Settings, database: Database) -> bool:
    """Whether there are credentials."""
    with closing(Readinesses({})) as parts, open_access(settings, database, parts) as access:
        return access is not None


@pytest.fixture
def with_a_key(database: Database) -> Database:
    Tenants(database).create("acme")
    Keys(database).create("acme", NewKey("first", "admin"), BY_OPERATOR)
    return database


def test_a_server_without_a_key_does_not_start_and_says_how_to_make_one(database: Database) -> None:
    with pytest.raises(Misconfigured, match="no API key") as refused:
        start(server_settings(), database)
    assert "footnote keys create" in refused.value.hint


def test_a_server_with_a_key_starts(with_a_key: Database) -> None:
    assert start(server_settings(), with_a_key)


def test_embedded_mode_has_no_credentials(database: Database) -> None:
    assert not start(small_limits(), database)


@pytest.mark.parametrize("password", ["postgres", "changeme", "CHANGE-ME", "footnote"])
def test_a_server_does_not_start_on_a_secret_that_everybody_knows(
    with_a_key: Database, password: str
) -> None:
    settings = server_settings()
    url = SecretStr(f"postgresql+psycopg://footnote:{password}@db/footnote")
    known = settings.model_copy(update={"catalogue": settings.catalogue.model_copy(update={"url": url})})
    with pytest.raises(Misconfigured, match=r"catalogue\.url") as refused:
        start(known, with_a_key)
    assert f":{password}@" not in str(refused.value)
    blobs = BlobSettings(secret_access_key=SecretStr(password))
    with pytest.raises(Misconfigured, match=r"blobs\.secret_access_key"):
        start(settings.model_copy(update={"blobs": blobs}), with_a_key)


def at(host: str, settings: Settings) -> Settings:
    return settings.model_copy(update={"api": settings.api.model_copy(update={"host": host})})


def test_a_server_without_tls_in_front_listens_on_this_machine_alone() -> None:
    with pytest.raises(Misconfigured, match="TLS") as refused:
        listen(at("0.0.0.0", server_settings()), 1)
    assert "FOOTNOTE_ACCESS__BEHIND_TLS" in refused.value.hint
    listen(at("127.0.0.1", server_settings()), 1).close()


def test_a_server_that_is_told_of_tls_in_front_listens_for_other_machines() -> None:
    listen(at("0.0.0.0", server_settings(behind_tls=True)), 1).close()


def test_embedded_mode_listens_for_no_other_machine_whatever_is_in_front() -> None:
    embedded = server_settings(behind_tls=True).model_copy(update={"mode": "embedded"})
    with pytest.raises(Misconfigured, match="no credentials"):
        listen(at("0.0.0.0", embedded), 1)
