"""`/identity`: how the server of a data folder proves to the command line that it is the one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from service.routes.guarding import GuardedRoute, everybody


def identity_router(path: str, header: str, prove: Callable[[str], str]) -> APIRouter:
    """One route, for this machine's command line alone and so no part of the API's description."""
    router = APIRouter(include_in_schema=False, route_class=GuardedRoute, dependencies=[everybody])

    @router.get(path)
    async def identity(challenge: Annotated[str, Query(pattern="^[0-9a-f]{64}$")]) -> Response:
        return Response(status_code=204, headers={header: prove(challenge)})

    return router
