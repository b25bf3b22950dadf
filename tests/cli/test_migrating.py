"""`footnote migrate`: the tables of a catalogue's server, made and brought up to date by one command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from service.catalogue import Database
from service.catalogue.database import SCHEMA
from service.cli.app import app
from service.errors import Misconfigured
from tests.postgres import PostgresServer


@pytest.fixture
def url(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with postgres_server.database("template0") as url:
        monkeypatch.setenv("FOOTNOTE_CATALOGUE__URL", url)
        yield url


def migrated(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    app(["migrate", *arguments], standalone_mode=False)
    return capsys.readouterr().out


def test_the_tables_are_made_once_and_then_left_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(migrated(capsys, "--json")) == {"before": None, "now": SCHEMA}
    assert "up to date" in migrated(capsys)
    Database(url).close()


def test_without_a_server_it_says_which_setting_is_missing() -> None:
    with pytest.raises(Misconfigured) as caught:
        app(["migrate"], standalone_mode=False)
    assert "FOOTNOTE_CATALOGUE__URL" in caught.value.hint
