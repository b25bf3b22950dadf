"""`/keys`, `/audit`, `/tenant`, `/tenants/{name}`: for a tenant's administrators, each of his own alone."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from service.access import Access
from service.access.noting import actor_of
from service.errors import NotFound
from service.routes.context import CurrentCaller, services_of
from service.routes.documents import Cursor, Id, Limit
from service.routes.guarding import GuardedRoute, admin
from service.schemas.access import (
    AuditOut,
    IsolationIn,
    KeyOut,
    KeysOut,
    NewKeyIn,
    NewKeyOut,
    TenantIn,
    TenantOut,
)
from service.schemas.variants import VariantOut, VariantsOut

router = APIRouter(tags=["administration"], route_class=GuardedRoute)


def _access(request: Request) -> Access:
    access = services_of(request).access
    assert access is not None  # without it these routes are not served
    return access


CurrentAccess = Annotated[Access, Depends(_access)]


@router.get("/keys", operation_id="list_keys", dependencies=[admin()])
async def keys(
    caller: CurrentCaller, access: CurrentAccess, cursor: Cursor = None, limit: Limit = 50
) -> KeysOut:
    """The tenant's keys, revoked and expired ones too, a part at a time."""
    return KeysOut.of(await asyncio.to_thread(access.keys.page, caller.scope.tenant, cursor, limit))


@router.post("/keys", operation_id="create_key", status_code=201, dependencies=[admin()])
async def create_key(body: NewKeyIn, caller: CurrentCaller, access: CurrentAccess) -> NewKeyOut:
    """Make a key. Its secret is in this answer and nowhere else."""
    key, secret = await asyncio.to_thread(
        access.keys.create, caller.scope.tenant, body.to_new_key(), actor_of(caller)
    )
    return NewKeyOut.with_secret(key, secret)


@router.delete("/keys/{key_id}", operation_id="revoke_key", dependencies=[admin()])
async def revoke_key(key_id: Id, caller: CurrentCaller, access: CurrentAccess) -> KeyOut:
    """End a key for good: it is refused by every process within `access.key_cache_s`."""
    revoked = await asyncio.to_thread(access.keys.revoke, caller.scope.tenant, key_id, actor_of(caller))
    return KeyOut.model_validate(revoked)


@router.get("/audit", operation_id="list_audit_entries", dependencies=[admin()])
async def audit(
    caller: CurrentCaller, access: CurrentAccess, cursor: Cursor = None, limit: Limit = 50
) -> AuditOut:
    """Who asked, ingested, deleted and administered, newest first, a part at a time."""
    return AuditOut.of(await asyncio.to_thread(access.audit.page, caller.scope.tenant, cursor, limit))


@router.get("/tenant", operation_id="get_tenant", dependencies=[admin()])
async def tenant(caller: CurrentCaller, access: CurrentAccess) -> TenantOut:
    """What the tenant has, and how much it may have."""
    return TenantOut.of(await asyncio.to_thread(access.tenants.get, caller.scope.tenant))


@router.put("/tenant", operation_id="change_tenant", dependencies=[admin()])
async def change_tenant(body: TenantIn, caller: CurrentCaller, access: CurrentAccess) -> TenantOut:
    """Decide what is the tenant's to decide."""
    changed = await asyncio.to_thread(
        access.tenants.set_audits_questions, caller.scope.tenant, body.audits_questions, actor_of(caller)
    )
    return TenantOut.of(changed)


@router.get("/variants", operation_id="list_variants", dependencies=[admin()])
async def variants(access: CurrentAccess) -> VariantsOut:
    """Which variants of the service answer users, or did; an answer of one names it in `variant`."""
    known = await asyncio.to_thread(access.variants.all)
    return VariantsOut(variants=[VariantOut.model_validate(one) for one in known])


@router.put("/tenant/isolation", operation_id="isolate_tenant", status_code=202, dependencies=[admin()])
async def isolate_tenant(body: IsolationIn, caller: CurrentCaller, access: CurrentAccess) -> TenantOut:
    """Give the tenant a vector collection of its own, or take it back among the others.

    It is moved while it is served; `moving` of `GET /tenant` says how long that takes.
    """
    name = caller.scope.tenant
    await asyncio.to_thread(access.placements.ask_for, name, body.isolation, actor_of(caller))
    return TenantOut.of(await asyncio.to_thread(access.tenants.get, name))


@router.delete("/tenants/{name}", operation_id="delete_tenant", status_code=202, dependencies=[admin()])
async def delete_tenant(name: Id, caller: CurrentCaller, access: CurrentAccess) -> TenantOut:
    """Delete the tenant itself, named so that nobody does it by mistake: its documents, keys and answers.

    From here on its keys are refused, this one too, by every process within `access.key_cache_s`. What is the
    tenant's goes after that.
    """
    if name != caller.scope.tenant:
        raise NotFound("There is no such tenant.")
    await asyncio.to_thread(access.tenants.begin_delete, name, actor_of(caller))
    return TenantOut.of(await asyncio.to_thread(access.tenants.get, name))
