"""A request's key becomes its caller, in one place, before anything of the body is read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from service.access import Access, Authenticator
from service.access.failures import MAX_ADDRESSES, Failures
from service.catalogue import Database, Keys, Tenants
from service.catalogue.database import now
from service.catalogue.secret import new_secret
from service.errors import TooManyFailures, Unauthenticated
from service.settings import AccessSettings
from service.tenancy import BY_OPERATOR, NewKey, Quotas
from service.types import Scope
from tests.api.calling import serving
from tests.fakes import FakeEngine
from tests.tenants.keyed import Keyed, bearer, server_settings

HERE = "203.0.113.5"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Counted(Keys):
    """Counts how often keys are looked up."""

    looked_up = 0

    def find(self, sha256: str):  # type: ignore[no-untyped-def] # as in `Keys`
        self.looked_up += 1
        return super().find(sha256)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(database: Database) -> Counted:
    Tenants(database).create("acme", Quotas(questions_per_minute=30))
    return Counted(database)


@pytest.fixture
def authenticator(keys: Counted, clock: Clock) -> Authenticator:
    return Authenticator(keys, AccessSettings(key_cache_s=5, max_failures_per_minute=3), clock)


def made(keys: Keys, role: str = "reader", *groups: str) -> str:
    return keys.create("acme", NewKey("ci", role, groups), BY_OPERATOR)[1]  # type: ignore[arg-type] # a role


# --- callers ---------------------------------------------------------------------------------


async def test_a_key_says_whose_it_is_and_what_it_may(authenticator: Authenticator, keys: Counted) -> None:
    caller = await authenticator.caller(f"Bearer {made(keys, 'editor', 'sales')}", HERE)
    assert (caller.scope, caller.role) == (Scope("acme", frozenset({"sales"})), "editor")
    assert caller.scope.user == caller.key_id
    assert (caller.questions_per_minute, caller.audits_questions) == (30, False)


async def test_an_administrator_is_in_every_group(authenticator: Authenticator, keys: Counted) -> None:
    caller = await authenticator.caller(f"Bearer {made(keys, 'admin')}", HERE)
    assert caller.scope.reads_everything


@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "Bearer  {} "])
async def test_the_scheme_is_read_as_http_has_it(
    authenticator: Authenticator, keys: Counted, header: str
) -> None:
    assert (await authenticator.caller(header.format(made(keys)), HERE)).role == "reader"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "fn_abc", "Bearer fn_abc"])
async def test_what_is_no_key_is_refused_without_a_look_at_the_database(
    authenticator: Authenticator, keys: Counted, header: str | None
) -> None:
    with pytest.raises(Unauthenticated):
        await authenticator.caller(header, HERE)
    assert keys.looked_up == 0


async def test_a_key_that_never_was_is_refused(authenticator: Authenticator) -> None:
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {new_secret()}", HERE)


# --- remembered ------------------------------------------------------------------------------


async def test_a_key_is_looked_up_once_in_the_time_that_it_is_remembered(
    authenticator: Authenticator, keys: Counted, clock: Clock
) -> None:
    header = f"Bearer {made(keys)}"
    for _ in range(3):
        await authenticator.caller(header, HERE)
    assert keys.looked_up == 1
    clock.seconds += 5
    await authenticator.caller(header, HERE)
    assert keys.looked_up == 2


async def test_a_revoked_key_is_refused_once_that_time_is_over(
    authenticator: Authenticator, keys: Counted, clock: Clock
) -> None:
    key, secret = keys.create("acme", NewKey("ci", "reader"), BY_OPERATOR)
    await authenticator.caller(f"Bearer {secret}", HERE)
    keys.revoke("acme", key.id, BY_OPERATOR)
    clock.seconds += 5
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {secret}", HERE)


async def test_a_remembered_key_expires_at_its_moment(
    authenticator: Authenticator, keys: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = now() + timedelta(hours=1)
    _, secret = keys.create("acme", NewKey("ci", "reader", (), expires), BY_OPERATOR)
    await authenticator.caller(f"Bearer {secret}", HERE)
    for module in ("service.access.authenticating.now", "service.catalogue.keys.now"):
        monkeypatch.setattr(module, lambda: expires)
    with pytest.raises(Unauthenticated):
        await authenticator.caller(f"Bearer {secret}", HERE)


async def test_the_last_use_is_written_later(authenticator: Authenticator, keys: Counted) -> None:
    await authenticator.caller(f"Bearer {made(keys)}", HERE)
    assert keys.page("acme", None, 1).items[0].last_used_at is None
    await asyncio.to_thread(authenticator.note_uses)
    assert keys.page("acme", None, 1).items[0].last_used_at is not None


# --- who tries many --------------------------------------------------------------------------


async def fail(authenticator: Authenticator, times: int, address: str = HERE) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await authenticator.caller(f"Bearer {new_secret()}", address)


async def test_an_address_that_tries_many_keys_is_not_listened_to_for_a_minute(
    authenticator: Authenticator, keys: Counted, clock: Clock
) -> None:
    header = f"Bearer {made(keys)}"
    await fail(authenticator, 3)
    looked_up = keys.looked_up
    with pytest.raises(TooManyFailures, match=r"access\.max_failures_per_minute"):
        await authenticator.caller(header, HERE)
    assert keys.looked_up == looked_up
    assert await authenticator.caller(header, "203.0.113.6")
    clock.seconds += 60
    assert await authenticator.caller(header, HERE)


async def test_a_key_that_is_remembered_works_beside_a_neighbour_who_tries_many(
    authenticator: Authenticator, keys: Counted
) -> None:
    header = f"Bearer {made(keys)}"
    await authenticator.caller(header, HERE)
    await fail(authenticator, 3)
    assert await authenticator.caller(header, HERE)


async def test_a_key_that_was_good_is_looked_up_again_beside_a_neighbour_who_tries_many(
    authenticator: Authenticator, keys: Counted, clock: Clock
) -> None:
    header = f"Bearer {made(keys)}"
    await authenticator.caller(header, HERE)
    clock.seconds += 6  # longer than a key is remembered, shorter than its address is shut out
    await fail(authenticator, 3)
    assert await authenticator.caller(header, HERE)


def test_a_network_of_ipv6_is_one_address(clock: Clock) -> None:
    failures = Failures(2, clock)
    for address in ("2001:db8::1", "2001:db8::2"):
        failures.add(address)
    assert failures.too_many("2001:db8::3")
    assert not failures.too_many("2001:db8:0:1::1")


def test_the_same_address_in_two_spellings_is_one(clock: Clock) -> None:
    failures = Failures(1, clock)
    failures.add("::ffff:203.0.113.5")
    assert failures.too_many("::FFFF:203.0.113.5")
    assert not failures.too_many("::ffff:203.0.113.6")


def test_only_so_many_addresses_are_remembered(clock: Clock) -> None:
    failures = Failures(1, clock)
    for n in range(MAX_ADDRESSES + 1):
        failures.add(f"client-{n}")
    assert not failures.too_many("client-0")
    assert failures.too_many("client-1")


# --- over HTTP -------------------------------------------------------------------------------


async def test_who_sends_no_key_is_told_how(keyed: Keyed) -> None:
    response = await keyed.call("POST", "/query", None, json={"query": "How long?"})
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="footnote"'
    assert response.headers["content-type"] == "application/problem+json"
    assert "Bearer fn_" in response.json()["hint"]


async def test_the_scope_of_a_question_is_that_of_its_key(keyed: Keyed) -> None:
    secret = keyed.key("reader", "sales", tenant="globex")
    response = await keyed.call("POST", "/query", secret, json={"query": "How long?"})
    assert response.status_code == 200
    assert keyed.engine.scopes == [Scope("globex", frozenset({"sales"}))]


async def test_clients_of_openai_send_their_key_in_the_same_header(keyed: Keyed) -> None:
    asked = {"model": "footnote", "messages": [{"role": "user", "content": "How long?"}]}
    response = await keyed.call("POST", "/v1/chat/completions", keyed.key("reader"), json=asked)
    assert response.status_code == 200


async def test_a_secret_is_in_no_answer_to_a_request_that_failed(keyed: Keyed) -> None:
    secret = new_secret()
    response = await keyed.call("GET", "/documents", secret)
    assert response.status_code == 401
    assert secret[7:] not in response.text


async def unreadable() -> object:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize(("secret", "status"), [(None, 401), ("fn_wrong", 401), ("reader", 403)])
async def test_nothing_of_a_body_is_read_for_who_may_not_send_it(
    keyed: Keyed, secret: str | None, status: int
) -> None:
    secret = keyed.key("reader") if secret == "reader" else secret
    headers = {**bearer(secret), "Content-Type": "multipart/form-data; boundary=x"}
    response = await keyed.client.post("/documents", headers=headers, content=unreadable())  # type: ignore[arg-type] # a generator
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
async def test_those_who_run_the_service_need_no_key(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/nowhere", "/healthz/", "//healthz", "/metrics/x", "/keys"])
async def test_a_path_that_only_looks_like_theirs_needs_one(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


async def test_the_address_of_a_request_is_that_of_its_connection(keyed: Keyed) -> None:
    most = 20  # as the setting has it
    for _ in range(most):
        await keyed.call("GET", "/documents", "fn_wrong", headers={"X-Forwarded-For": "203.0.113.77"})
    response = await keyed.call("GET", "/documents", keyed.key("reader"))
    assert (response.status_code, response.json()["code"]) == (429, "too_many_failures")
    assert response.headers["retry-after"]


@pytest.mark.parametrize(("proxies", "status"), [(("127.0.0.1",), 200), (("203.0.113.9",), 429)])
async def test_only_a_trusted_proxy_says_where_a_request_comes_from(
    database: Database, proxies: tuple[str, ...], status: int
) -> None:
    settings = server_settings(max_failures_per_minute=1, trusted_proxies=proxies)
    access = Access.of(settings, database)
    access.tenants.create("acme")
    secret = made(access.keys)
    async with serving(FakeEngine(), settings, access) as served, httpx.AsyncClient() as client:
        url = f"{served.address}/documents"
        wrong = {**bearer(new_secret()), "X-Forwarded-For": "203.0.113.5"}
        assert (await client.get(url, headers=wrong)).status_code == 401
        right = {**bearer(secret), "X-Forwarded-For": "203.0.113.6"}
        assert (await client.get(url, headers=right)).status_code == status
