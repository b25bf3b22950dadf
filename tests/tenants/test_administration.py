"""A tenant's administrator makes keys, revokes them, and sees what the tenant has."""

from __future__ import annotations

from typing import Any

import pytest

from service.middleware import OPEN_PATHS
from service.tenancy import Quotas
from tests.tenants.keyed import Keyed

READER = {"name": "intranet", "role": "reader", "groups": ["sales"]}


async def test_a_secret_is_shown_once_and_works_at_once(keyed: Keyed) -> None:
    admin = keyed.key("admin")
    response = await keyed.call("POST", "/keys", admin, json=READER)
    made = response.json()
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert made["secret"].startswith(made["prefix"])
    asked = await keyed.call("POST", "/search", made["secret"], json={"query": "pumps"})
    assert asked.status_code == 200
    listed = await keyed.call("GET", "/keys", admin)
    assert made["secret"] not in listed.text
    assert made["id"] in {key["id"] for key in listed.json()["keys"]}


async def test_a_revoked_key_is_listed_as_such(keyed: Keyed) -> None:
    admin = keyed.key("admin")
    made = (await keyed.call("POST", "/keys", admin, json=READER)).json()
    revoked = (await keyed.call("DELETE", f"/keys/{made['id']}", admin)).json()
    assert revoked["revoked_at"] is not None
    assert (await keyed.call("POST", "/search", made["secret"], json={"query": "pumps"})).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "owner"},
        {"name": ""},
        {"name": "a\0b"},
        {"groups": ["+everyone"]},
        {"groups": ["x"] * 65},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"tenant": "globex"},
        {"secret": "fn_mine"},
    ],
)
async def test_a_key_that_cannot_be_is_refused(keyed: Keyed, wrong: dict[str, Any]) -> None:
    response = await keyed.call("POST", "/keys", keyed.key("admin"), json={**READER, **wrong})
    assert response.status_code == 422


async def test_a_tenant_sees_what_it_has_and_may_have(keyed: Keyed) -> None:
    keyed.access.tenants.set_quotas("acme", Quotas(documents=10, questions_per_minute=30))
    shown = (await keyed.call("GET", "/tenant", keyed.key("admin"))).json()
    assert shown["name"] == "acme"
    assert shown["quotas"] == {"documents": 10, "bytes": None, "questions_per_minute": 30}
    assert (shown["documents"], shown["bytes"], shown["audits_questions"]) == (0, 0, False)


async def test_a_tenant_sees_which_variants_ran_and_nothing_of_what_others_asked(keyed: Keyed) -> None:
    keyed.access.variants.begin("bold", "f")
    keyed.access.variants.take_back("bold", "f", "abstained 0.20 to 0.90")
    response = await keyed.call("GET", "/variants", keyed.key("admin"))
    (shown,) = response.json()["variants"]
    assert (shown["name"], shown["state"], set(shown)) == (
        "bold",
        "rolled_back",
        {"name", "state", "since"},
    )
    assert await keyed.noted() == [("variant.rolled_back", "bold", "done")]


@pytest.mark.parametrize("change", [{}, {"quotas": {"documents": 1}}, {"audits_questions": 1}])
async def test_a_tenant_does_not_decide_its_own_quotas(keyed: Keyed, change: dict[str, Any]) -> None:
    response = await keyed.call("PUT", "/tenant", keyed.key("admin"), json=change)
    assert response.status_code == 422


async def test_a_tenant_sees_where_its_vectors_lie_and_does_not_decide_it(keyed: Keyed) -> None:
    admin, wish = keyed.key("admin"), {"isolation": "dedicated"}
    assert (await keyed.call("PUT", "/tenant", admin, json=wish)).status_code == 422
    assert (await keyed.call("PUT", "/tenant/isolation", admin, json=wish)).status_code == 404
    assert (await keyed.call("GET", "/tenant", admin)).json()["isolation"] == "shared"


async def test_every_route_of_administrators_is_described(keyed: Keyed) -> None:
    described = (await keyed.client.get("/openapi.json")).json()
    assert {"/keys", "/keys/{key_id}", "/audit", "/tenant"} <= set(described["paths"])
    schemas = described["components"]["schemas"]
    form = next(schema for name, schema in schemas.items() if name.startswith("Body_upload"))
    assert set(form["properties"]) == {"file", "source", "metadata", "groups"}


async def test_the_description_says_which_routes_need_a_key(keyed: Keyed) -> None:
    described = (await keyed.client.get("/openapi.json")).json()
    (scheme,) = described["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, operations in described["paths"].items():
        needs_key = {"security" in operation for operation in operations.values()}
        assert needs_key == {path not in OPEN_PATHS}


async def test_a_tenant_that_deletes_itself_is_closed_at_once(keyed: Keyed) -> None:
    admin, reader = keyed.key("admin"), keyed.key("reader")
    response = await keyed.call("DELETE", "/tenants/acme", admin)
    assert (response.status_code, response.json()["deleting"]) == (202, True)
    assert (await keyed.call("POST", "/search", reader, json={"query": "pumps"})).status_code == 401
    assert await keyed.noted() == [("tenant.delete", "acme", "begun")]


async def test_nobody_deletes_another_tenant(keyed: Keyed) -> None:
    assert (await keyed.call("DELETE", "/tenants/globex", keyed.key("admin"))).status_code == 404
    assert not keyed.access.tenants.get("globex").deleting
