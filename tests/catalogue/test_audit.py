"""Who did what: noted with what it tells of, listed newest first, kept for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from service.catalogue import AuditKeeper, AuditLog, Database, Expiry, Keys, Tenants
from service.catalogue.audit import entry_of
from service.catalogue.database import now
from service.errors import CatalogueUnavailable, InvalidInput
from service.settings import CatalogueSettings
from service.tenancy import Actor, AuditEntry, NewKey, Quotas

ADMIN = Actor("k1", "request-1")


@pytest.fixture
def audit(database: Database) -> AuditLog:
    return AuditLog(database)


def entries(*actions: str, tenant: str = "acme") -> list[AuditEntry]:
    return [entry_of(tenant, ADMIN, action, "object", detail={"characters": 12}) for action in actions]


def actions(audit: AuditLog, tenant: str = "acme") -> list[str]:
    return [entry.action for entry in audit.page(tenant, None, 100).items]


def test_an_entry_is_read_as_it_was_written(audit: AuditLog) -> None:
    entry = entry_of("acme", ADMIN, "upload", "", "quota_exceeded", {"documents": ("a", "b")})
    audit.write([entry])
    assert audit.page("acme", None, 10).items == (entry,)


def test_entries_are_listed_newest_first_and_of_one_tenant(audit: AuditLog) -> None:
    audit.write(entries("query", "search"))
    audit.write(entries("delete", tenant="globex"))
    audit.write(entries("upload"))
    assert actions(audit) == ["upload", "search", "query"]


def test_entries_are_listed_a_part_at_a_time(audit: AuditLog) -> None:
    audit.write(entries("1", "2", "3"))
    first = audit.page("acme", None, 2)
    second = audit.page("acme", first.next_cursor, 2)
    assert [one.action for one in (*first.items, *second.items)] == ["3", "2", "1"]
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "LTE=", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_cursor_that_was_made_up_is_refused(audit: AuditLog, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        audit.page("acme", cursor, 10)


def test_an_entry_that_is_written_twice_is_there_once(audit: AuditLog) -> None:
    (entry,) = entries("query")
    audit.write([entry])
    audit.write([entry])
    assert actions(audit) == ["query"]


def test_administration_is_noted_with_what_it_changes(database: Database, audit: AuditLog) -> None:
    tenants = Tenants(database)
    tenants.create("acme")
    key, _ = Keys(database).create("acme", NewKey("ci", "editor", ("sales",)), ADMIN)
    Keys(database).revoke("acme", key.id, ADMIN)
    tenants.set_quotas("acme", Quotas(documents=5), ADMIN)
    tenants.set_audits_questions("acme", True, ADMIN)
    found = [
        (one.action, one.object, one.key_id, dict(one.detail)) for one in audit.page("acme", None, 9).items
    ]
    assert found == [
        ("tenant.update", "acme", "k1", {"audits_questions": True}),
        ("tenant.update", "acme", "k1", {"max_documents": 5}),
        ("key.revoke", key.id, "k1", {}),
        ("key.create", key.id, "k1", {"role": "editor", "groups": ("sales",)}),
        ("tenant.create", "acme", "operator", {}),
    ]


def test_entries_go_after_their_time(database: Database, audit: AuditLog) -> None:
    audit.write(entries("query"))
    expiry = Expiry(database, CatalogueSettings(keep_audit_days=90))
    assert expiry.remove_expired(now() + timedelta(days=89))["audit"] == 0
    assert expiry.remove_expired(now() + timedelta(days=91))["audit"] == 1


@pytest.fixture
def keeper(audit: AuditLog) -> Iterator[AuditKeeper]:
    kept = AuditKeeper(audit, max_waiting=2)
    with kept.running():
        yield kept


def test_what_is_noted_behind_its_readers_back_is_there_after_a_flush(
    audit: AuditLog, keeper: AuditKeeper
) -> None:
    keeper.keep(entries("query")[0])
    keeper.flush()
    assert actions(audit) == ["query"]


def test_what_the_catalogue_does_not_take_is_counted_beyond_a_bound(audit: AuditLog) -> None:
    class Away(AuditLog):
        def write(self, entries: object) -> None:
            raise CatalogueUnavailable("gone")

    keeper = AuditKeeper(Away(audit._database), max_waiting=2)
    for entry in entries("1", "2", "3"):
        keeper.keep(entry)
    assert keeper.lost == 1
    with pytest.raises(CatalogueUnavailable):
        keeper.flush()
