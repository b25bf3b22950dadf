"""Every route, for every role and without a key, with one's own ids and with those of others."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.middleware import OPEN_PATHS
from service.records import Feedback
from service.routes import administration
from service.routes.guarding import GuardedRoute
from service.tenancy import BY_OPERATOR, NewKey
from service.types import EVERY_GROUP, Role, Scope
from tests.api.calling import small_limits
from tests.fakes import FakeEngine
from tests.tenants.keyed import Keyed
from tests.tenants.matrix import MATRIX, Ids, call_of, routes_of

ROLES: tuple[Role, ...] = ("reader", "editor", "admin")
CANARY = "warranty CANARY-7f3a of globex"
NOBODYS = {
    name: f"00000000-0000-4000-8000-00000000000{n}"
    for n, name in enumerate(("document", "job", "answer", "key"))
}


async def ids_of(keyed: Keyed, tenant: str, text: str) -> Ids:
    """Something of everything, of this tenant."""
    document = await keyed.document("manual.txt", tenant=tenant, text=text)
    job = next(id for id, (_, job) in keyed.engine.jobs.items() if job.document_id == document)
    answer = f"answer-of-{tenant}"
    keyed.engine.given.add((tenant, answer))
    key, _ = keyed.access.keys.create(tenant, NewKey("another", "reader"), BY_OPERATOR)
    return {"document": document, "job": job, "answer": answer, "key": key.id, "tenant": tenant}


# --- declared --------------------------------------------------------------------------------


def test_every_route_is_in_the_matrix_and_says_what_it_needs(keyed: Keyed) -> None:
    routes = routes_of(keyed.app)
    assert set(routes) == set(MATRIX)
    assert all(isinstance(route, GuardedRoute) for route in routes.values())
    declared = {name: route.needs.role for name, route in routes.items() if isinstance(route, GuardedRoute)}
    assert declared == {name: entry.role for name, entry in MATRIX.items()}


def test_what_needs_no_key_is_let_in_without_one_and_nothing_else(keyed: Keyed) -> None:
    without = {name.split()[1] for name, entry in MATRIX.items() if entry.role is None}
    assert without | {"/openapi.json"} == OPEN_PATHS


def test_embedded_mode_has_the_same_routes_but_those_of_administrators() -> None:
    routes = routes_of(create_app(FakeEngine(), small_limits()))
    administrators = routes_of(FastAPI(routes=administration.router.routes))
    assert set(routes) == set(MATRIX) - set(administrators)


# --- roles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", MATRIX)
async def test_a_route_is_for_the_roles_that_it_names(keyed: Keyed, route: str) -> None:
    ids = await ids_of(keyed, "acme", "the warranty lasts")
    needed = MATRIX[route].role
    for role in (None, *ROLES):
        secret = keyed.key(role) if role else None
        method, path, parts = call_of(route, ids)
        status = (await keyed.call(method, path, secret, **parts)).status_code
        if needed is None or (role is not None and ROLES.index(role) >= ROLES.index(needed)):
            assert status not in (401, 403), role
        else:
            assert status == (401 if role is None else 403), role


async def test_who_may_not_is_told_what_it_takes(keyed: Keyed) -> None:
    refused = (await keyed.call("GET", "/keys", keyed.key("editor"))).json()
    assert (refused["code"], refused["retryable"]) == ("forbidden", False)
    assert refused["detail"] == "This needs a key of the role admin, and this one is of the role editor."


# --- of others -------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [name for name, entry in MATRIX.items() if entry.takes])
async def test_what_is_anothers_is_as_if_it_were_not_there(keyed: Keyed, route: str) -> None:
    foreign = await ids_of(keyed, "globex", CANARY)
    await ids_of(keyed, "acme", "the warranty lasts")
    secret = keyed.key("admin")
    told = []
    for ids in (foreign, NOBODYS):
        method, path, parts = call_of(route, ids)
        response = await keyed.call(method, path, secret, **parts)
        assert response.status_code == (200 if MATRIX[route].empties else 404)
        assert "CANARY" not in response.text
        told.append(without_ids(response, ids))
    assert told[0] == told[1]


def without_ids(response: httpx.Response, ids: Ids) -> str:
    """A response without what differs between any two."""
    body = response.json()
    for name in ("request_id", "id", "trace_id"):
        body.pop(name, None)
    text = str(body)
    for value in ids.values():
        text = text.replace(value, "ID")
    return text


@pytest.mark.parametrize("route", [name for name, entry in MATRIX.items() if entry.role])
async def test_nothing_of_another_tenant_is_seen_or_changed(keyed: Keyed, route: str) -> None:
    foreign = await ids_of(keyed, "globex", CANARY)
    before = await state_of(keyed, foreign)
    secret = keyed.key("admin")
    method, path, parts = call_of(route, foreign)
    response = await keyed.call(method, path, secret, **parts)
    assert "CANARY" not in response.text
    assert not any(
        value in response.text for name, value in foreign.items() if name not in MATRIX[route].takes
    )
    assert await state_of(keyed, foreign) == before


async def state_of(keyed: Keyed, ids: Ids) -> object:
    """All that the other tenant has."""
    globex = Scope("globex", frozenset({EVERY_GROUP}))
    return (
        await keyed.engine.documents(globex, None, 100),
        await keyed.engine.document_text(globex, ids["document"], None),
        await keyed.engine.find_jobs(globex, (), None, 100),
        [one for one in keyed.engine.feedbacks if isinstance(one, Feedback)],
        keyed.access.keys.page("globex", None, 100),
        keyed.access.tenants.get("globex"),
        keyed.access.audit.page("globex", None, 100),
    )


@pytest.mark.parametrize("route", ["GET /documents", "GET /jobs", "GET /keys", "GET /audit"])
async def test_a_cursor_of_another_tenant_leads_to_nothing_of_it(keyed: Keyed, route: str) -> None:
    for n in range(3):
        await keyed.document(f"{n}.txt", tenant="globex", text=CANARY)
        keyed.key("reader", tenant="globex")
    method, path = route.split()
    theirs = await keyed.call(method, f"{path}?limit=1", keyed.key("admin", tenant="globex"))
    cursor = theirs.json()["next_cursor"]
    assert cursor
    ours = await keyed.call(method, path, keyed.key("admin"), params={"cursor": cursor})
    assert ours.status_code in (200, 422)
    assert "globex" not in ours.text
    assert "CANARY" not in ours.text


# --- names that would widen a scope ----------------------------------------------------------

HOSTILE = [
    "",
    ".",
    "a.b",
    "a[]",
    "a[0].b",
    "metadata.tenant",
    "$or",
    "x' OR '1'='1",
    "x; DROP TABLE documents",
    'x"',
    "a b",
    "tenant\0",
    "ten\u0430nt\ud83d",
    "x" * 1000,
]


@pytest.mark.parametrize("route", ["/query", "/search"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_filter_on_a_name_that_is_none_is_refused(keyed: Keyed, route: str, name: str) -> None:
    asked = {"query": "warranty", "filters": {"metadata": {name: "globex"}}}
    response = await keyed.call("POST", route, keyed.key("reader"), content=json.dumps(asked))
    assert response.status_code == 422
    assert keyed.engine.scopes == []


@pytest.mark.parametrize("field", ["tenant", "groups", "scope", "promoted", "role"])
@pytest.mark.parametrize("place", ["body", "filters"])
async def test_no_field_of_a_request_says_whose_documents_are_searched(
    keyed: Keyed, field: str, place: str
) -> None:
    asked: dict[str, object] = {"query": "warranty", "filters": {}}
    (asked if place == "body" else asked["filters"])[field] = "globex"  # type: ignore[index] # both are dicts
    response = await keyed.call("POST", "/search", keyed.key("reader"), json=asked)
    assert response.status_code == 422


@pytest.mark.parametrize("header", ["X-Tenant", "X-Footnote-Tenant", "X-Groups", "X-Forwarded-User"])
async def test_no_header_does_either(keyed: Keyed, header: str) -> None:
    asked = {"query": "warranty"}
    await keyed.call("POST", "/search", keyed.key("reader"), json=asked, headers={header: "globex"})
    assert {scope.tenant for scope in keyed.engine.scopes} == {"acme"}


@pytest.mark.parametrize("route", ["/query", "/search"])
@pytest.mark.parametrize("wanted", ["globex", ["globex"], {"gte": 1}])
async def test_a_filter_named_tenant_is_refused_although_it_could_only_narrow(
    keyed: Keyed, route: str, wanted: object
) -> None:
    asked = {"query": "warranty", "filters": {"metadata": {"tenant": wanted}}}
    response = await keyed.call("POST", route, keyed.key("reader"), json=asked)
    assert response.status_code == 422
    assert "key" in response.json()["detail"]
    assert keyed.engine.scopes == []


async def test_a_document_may_say_of_itself_who_the_tenant_is(keyed: Keyed) -> None:
    lease = {"files": {"file": ("lease.txt", b"The warranty.")}, "data": {"metadata": '{"tenant": "globex"}'}}
    response = await keyed.call("POST", "/documents", keyed.key("editor"), **lease)
    assert response.status_code == 202
    listed = (await keyed.call("GET", "/documents", keyed.key("reader"))).json()["documents"]
    assert [one["metadata"] for one in listed] == [{"tenant": "globex"}]
    theirs = await keyed.call("GET", "/documents", keyed.key("reader", tenant="globex"))
    assert theirs.json()["documents"] == []


async def test_the_receipts_of_another_tenant_are_not_seen(keyed: Keyed) -> None:
    theirs, document = keyed.key("admin", tenant="globex"), await keyed.document("a.txt", tenant="globex")
    assert (await keyed.call("DELETE", f"/documents/{document}", theirs)).status_code == 200
    assert document in (await keyed.call("GET", "/receipts", theirs)).text
    assert (await keyed.call("GET", "/receipts", keyed.key("admin"))).json()["receipts"] == []


@pytest.mark.parametrize(("role", "shown"), [("reader", False), ("editor", True), ("admin", True)])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_reader_is_told_why_a_sentence_was_dropped_and_not_what_it_said(
    keyed: Keyed, role: Role, shown: bool, stream: bool
) -> None:
    await keyed.document("manual.txt")
    asked = {"query": "How long does the warranty last?", "explain": True, "stream": stream}
    told = (await keyed.call("POST", "/query", keyed.key(role), json=asked)).text
    assert '"reason":"unsupported"' in told
    assert ("It lasts for ever." in told) is shown
