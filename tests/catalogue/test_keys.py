"""API keys: shown once, kept as a hash, known until they are revoked or expire."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from service.catalogue import Database, Keys, Tenants
from service.catalogue.database import now
from service.catalogue.secret import ALPHABET, hash_of, is_well_formed, new_secret, prefix_of
from service.errors import InvalidInput, NotFound
from service.tenancy import BY_OPERATOR, Actor, Key, NewKey, Quotas

ADMIN = Actor("key-of-the-admin", "request-1")


@pytest.fixture
def keys(database: Database) -> Keys:
    for tenant in ("acme", "globex"):
        Tenants(database).create(tenant)
    return Keys(database)


def a_key(keys: Keys, tenant: str = "acme", name: str = "ci") -> tuple[Key, str]:
    return keys.create(tenant, NewKey(name, "reader", ("sales", "legal")), ADMIN)


# --- secrets ---------------------------------------------------------------------------------


def test_a_secret_says_what_it_is_and_is_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(
        secret.startswith("fn_") and len(secret) == 41 and is_well_formed(secret) for secret in secrets
    )


def test_any_one_mistyped_character_is_told_without_a_database() -> None:
    secret = new_secret()
    for place in range(3, len(secret)):
        other = next(letter for letter in ALPHABET if letter != secret[place])
        assert not is_well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize("text", ["", "fn_", "Bearer", "fn_" + "é" * 38, "sk-" + "a" * 38])
def test_what_is_no_secret_is_told_as_well(text: str) -> None:
    assert not is_well_formed(text)


# --- keys ------------------------------------------------------------------------------------


def test_a_key_is_known_by_its_secret_with_all_that_it_may(keys: Keys) -> None:
    key, secret = a_key(keys)
    known = keys.find(hash_of(secret))
    assert known is not None
    assert (known.key, known.sha256) == (key, hash_of(secret))
    assert (key.tenant, key.name, key.role, key.groups) == ("acme", "ci", "reader", ("legal", "sales"))


def test_of_a_secret_only_its_hash_and_its_beginning_are_kept(database: Database, keys: Keys) -> None:
    key, secret = a_key(keys)
    assert key.prefix == prefix_of(secret) == secret[:7]
    with database.reading() as connection:
        row = connection.execute(text("SELECT * FROM keys")).one()
        noted = connection.execute(text("SELECT * FROM audit")).all()
    assert hash_of(secret) in row
    assert secret[7:] not in repr([row, noted])


def test_an_unknown_secret_is_nobody_s(keys: Keys) -> None:
    assert keys.find(hash_of(new_secret())) is None


def test_a_revoked_key_is_not_known_any_more_and_still_listed(keys: Keys) -> None:
    key, secret = a_key(keys)
    assert keys.revoke("acme", key.id, ADMIN).revoked_at is not None
    assert keys.find(hash_of(secret)) is None
    assert [one.id for one in keys.page("acme", None, 10).items] == [key.id]


def test_a_key_that_is_revoked_twice_keeps_the_moment_of_the_first(keys: Keys) -> None:
    key, _ = a_key(keys)
    first = keys.revoke("acme", key.id, ADMIN)
    assert keys.revoke("acme", key.id, ADMIN) == first


def test_an_expired_key_is_not_known_any_more(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = keys.create("acme", NewKey("ci", "reader", (), now() + timedelta(hours=1)), ADMIN)
    assert keys.find(hash_of(secret)) is not None
    later = now() + timedelta(hours=2)
    monkeypatch.setattr("service.catalogue.keys.now", lambda: later)
    assert keys.find(hash_of(secret)) is None


def test_a_key_of_another_tenant_is_neither_listed_nor_revoked(keys: Keys) -> None:
    key, secret = a_key(keys, "globex")
    assert keys.page("acme", None, 10).items == ()
    with pytest.raises(NotFound):
        keys.revoke("acme", key.id, ADMIN)
    assert keys.find(hash_of(secret)) is not None


def test_keys_are_listed_a_part_at_a_time(keys: Keys) -> None:
    made = {a_key(keys, name=f"key {n}")[0].id for n in range(5)}
    first = keys.page("acme", None, 3)
    second = keys.page("acme", first.next_cursor, 3)
    assert ({key.id for key in (*first.items, *second.items)}, second.next_cursor) == (made, None)


def test_a_key_needs_a_tenant(keys: Keys) -> None:
    with pytest.raises(NotFound, match="umbrella"):
        a_key(keys, "umbrella")


def test_a_key_cannot_be_made_expired(keys: Keys) -> None:
    with pytest.raises(InvalidInput, match="past"):
        keys.create("acme", NewKey("ci", "reader", (), now() - timedelta(seconds=1)), ADMIN)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\x07b", "a\0b"])
def test_a_name_that_cannot_be_shown_is_none(keys: Keys, name: str) -> None:
    for new in (NewKey(name, "reader"), NewKey("ci", "reader", (name,))):
        with pytest.raises(InvalidInput):
            keys.create("acme", new, ADMIN)


def test_the_last_use_only_moves_forward(keys: Keys) -> None:
    key, _ = a_key(keys)
    moment = now()
    keys.used({key.id: moment})
    keys.used({key.id: moment - timedelta(minutes=1), "gone": moment})
    assert keys.page("acme", None, 1).items[0].last_used_at == moment


def test_whether_anybody_could_come_in_at_all(keys: Keys) -> None:
    assert not keys.any_usable()
    key, _ = a_key(keys)
    assert keys.any_usable()
    keys.revoke("acme", key.id, ADMIN)
    assert not keys.any_usable()


def test_a_key_comes_with_what_its_tenant_decides(database: Database, keys: Keys) -> None:
    _, secret = a_key(keys)
    Tenants(database).set_quotas("acme", Quotas(questions_per_minute=30))
    Tenants(database).set_audits_questions("acme", True, ADMIN)
    known = keys.find(hash_of(secret))
    assert known is not None
    assert (known.questions_per_minute, known.audits_questions) == (30, True)


def test_the_keys_of_a_tenant_on_its_way_out_are_not_known(database: Database, keys: Keys) -> None:
    _, secret = a_key(keys)
    Tenants(database).begin_delete("acme", BY_OPERATOR)
    assert keys.find(hash_of(secret)) is None
    assert not keys.any_usable()
