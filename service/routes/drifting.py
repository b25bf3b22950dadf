"""`GET /drift`."""

from __future__ import annotations

from fastapi import APIRouter

from service.routes.context import CurrentScope, CurrentServices
from service.routes.guarding import GuardedRoute, admin
from service.schemas.drifting import DriftOut

router = APIRouter(tags=["administration"], route_class=GuardedRoute)


@router.get("/drift", operation_id="get_drift", dependencies=[admin()])
async def drift(scope: CurrentScope, services: CurrentServices) -> DriftOut:
    """Whether the answers to the tenant's questions have become other than they were."""
    return DriftOut.of(await services.engine.drift(scope))
