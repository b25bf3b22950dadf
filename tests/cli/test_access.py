"""`footnote tenants` and `footnote keys`: what an operator does, on the catalogue itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from typing import Any

import pytest
import typer

from service.catalogue import AuditLog, Database, Indexes, Keys
from service.catalogue.secret import hash_of, is_well_formed
from service.cli.app import app
from service.errors import Conflict, InvalidInput, Misconfigured, NotFound, SchemaMismatch
from tests.postgres import PostgresServer

Footnote = Callable[..., str]


@pytest.fixture
def footnote(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Footnote:
    """A command on an empty catalogue; what it printed."""
    monkeypatch.setenv("FOOTNOTE_CATALOGUE__URL", postgres_url)

    def run(*arguments: str) -> str:
        app([*arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with closing(Database(postgres_url)) as opened:
        yield opened


def read(footnote: Footnote, *arguments: str) -> Any:
    return json.loads(footnote(*arguments, "--json"))


def test_from_nothing_to_a_key_that_is_known(footnote: Footnote, database: Database) -> None:
    footnote("tenants", "create", "acme")
    secret = footnote("keys", "create", "acme", "--role", "admin").strip()
    assert is_well_formed(secret)
    known = Keys(database).find(hash_of(secret))
    assert known is not None
    assert (known.key.tenant, known.key.role, known.key.expires_at) == ("acme", "admin", None)


def test_a_key_has_the_groups_the_name_and_the_days_that_it_is_given(footnote: Footnote) -> None:
    footnote("tenants", "create", "acme")
    given = ("--group", "sales", "--group", "legal", "--name", "intranet", "--days", "30")
    made = read(footnote, "keys", "create", "acme", *given)
    assert (made["groups"], made["name"], made["role"]) == (["legal", "sales"], "intranet", "reader")
    assert made["expires_at"] > made["created_at"]


def test_secrets_are_in_no_list(footnote: Footnote) -> None:
    footnote("tenants", "create", "acme")
    made = read(footnote, "keys", "create", "acme")
    for listed in (footnote("keys", "list", "acme"), footnote("keys", "list", "acme", "--json")):
        assert made["id"] in listed
        assert made["secret"] not in listed


def test_a_revoked_key_is_known_no_more(footnote: Footnote, database: Database) -> None:
    footnote("tenants", "create", "acme")
    made = read(footnote, "keys", "create", "acme")
    assert "revoked" in footnote("keys", "revoke", "acme", made["id"])
    assert Keys(database).find(hash_of(made["secret"])) is None
    assert "revoked" in footnote("keys", "list", "acme")


def test_quotas_that_are_not_given_stay(footnote: Footnote) -> None:
    footnote("tenants", "create", "acme", "--documents", "10", "--bytes", "1000")
    (changed,) = read(footnote, "tenants", "quota", "acme", "--bytes", "none", "--questions-per-minute", "30")
    assert changed["quotas"] == {"documents": 10, "bytes": None, "questions_per_minute": 30}
    assert "0 of 10 documents" in footnote("tenants", "show", "acme")


@pytest.mark.parametrize("wrong", ["many", "-1", "1.5", "9" * 16])
def test_a_quota_is_a_number(footnote: Footnote, wrong: str) -> None:
    with pytest.raises(typer.BadParameter):
        footnote("tenants", "create", "acme", "--documents", wrong)


def test_a_tenant_is_deleted_only_by_who_is_sure(footnote: Footnote, monkeypatch: pytest.MonkeyPatch) -> None:
    footnote("tenants", "create", "acme")
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    with pytest.raises(typer.Abort):
        footnote("tenants", "delete", "acme")
    (going,) = read(footnote, "tenants", "delete", "acme", "--yes")
    assert going["deleting"] is True
    assert "being deleted" in footnote("tenants", "list")


def test_what_is_wrong_is_said(footnote: Footnote) -> None:
    footnote("tenants", "create", "acme")
    for arguments, error in (
        (("tenants", "create", "acme"), Conflict),
        (("tenants", "create", "A C M E"), InvalidInput),
        (("tenants", "show", "globex"), NotFound),
        (("keys", "create", "globex"), NotFound),
        (("keys", "list", "globex"), NotFound),
        (("keys", "revoke", "acme", "nothing"), NotFound),
    ):
        with pytest.raises(error):
            footnote(*arguments)


def test_what_an_operator_does_is_noted_as_his(footnote: Footnote, database: Database) -> None:
    footnote("tenants", "create", "acme")
    footnote("keys", "create", "acme")
    noted = AuditLog(database).page("acme", None, 10).items
    assert [(one.action, one.key_id) for one in noted] == [
        ("key.create", "operator"),
        ("tenant.create", "operator"),
    ]


@pytest.mark.parametrize("command", [("tenants", "list"), ("keys", "list", "acme")])
def test_without_a_server_it_says_which_setting_is_missing(command: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured) as caught:
        app([*command], standalone_mode=False)
    assert "FOOTNOTE_CATALOGUE__URL" in caught.value.hint


def test_tables_that_are_not_there_yet_are_not_made_in_passing(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server.database("template0") as url:
        monkeypatch.setenv("FOOTNOTE_CATALOGUE__URL", url)
        with pytest.raises(SchemaMismatch, match="not there yet"):
            app(["tenants", "list"], standalone_mode=False)


def test_a_tenant_is_asked_to_have_a_collection_of_its_own_and_back(
    footnote: Footnote, database: Database
) -> None:
    footnote("tenants", "create", "acme")
    assert "on its way to a collection of its own" in footnote("tenants", "isolate", "acme", "dedicated")
    (shown,) = read(footnote, "tenants", "show", "acme")
    assert (shown["isolation"], shown["moving"]) == ("dedicated", True)
    (shown,) = read(footnote, "tenants", "isolate", "acme", "shared")
    assert (shown["isolation"], shown["moving"]) == ("shared", False)
    noted = [entry.action for entry in AuditLog(database).page("acme", None, 2).items]
    assert noted == ["tenant.isolate", "tenant.isolate"]
    with pytest.raises(NotFound):
        footnote("tenants", "isolate", "nobody", "dedicated")


def test_what_keeps_a_tenant_from_being_moved_is_said(
    footnote: Footnote, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    Indexes(database).begin("half-built")
    footnote("tenants", "create", "acme")
    app(["tenants", "isolate", "acme", "dedicated"], standalone_mode=False)
    assert "It waits: a reindex was cut off" in " ".join(capsys.readouterr().err.split())


def test_embedded_mode_says_why_its_tenant_cannot_be_isolated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FOOTNOTE_CATALOGUE__URL", raising=False)
    with pytest.raises(Misconfigured, match="one tenant, whose vectors lie in a folder of its own already"):
        app(["tenants", "isolate", "acme", "dedicated"], standalone_mode=False)
