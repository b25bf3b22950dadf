"""`/healthz`, `/readyz`, `/metrics`: for those who run the service."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from service.errors import NotReady
from service.problem import problem_of, problem_response
from service.routes.context import CurrentServices
from service.routes.guarding import GuardedRoute, everybody
from service.schemas.answers import Response as Body

router = APIRouter(tags=["health"], route_class=GuardedRoute, dependencies=[everybody])


class HealthOut(BaseModel):
    """The process answers; nothing more is said."""

    status: Literal["alive"] = "alive"
    version: str = version("footnote")


class ComponentOut(Body):
    """Whether one component can serve now."""

    component: str
    ready: bool
    detail: str


class ReadyOut(BaseModel):
    """Every component can serve."""

    ready: Literal[True] = True
    components: list[ComponentOut]


@router.get("/healthz", operation_id="check_health")
async def healthz() -> HealthOut:
    """Whether the process is alive."""
    return HealthOut()


@router.get("/readyz", operation_id="check_readiness", response_model=ReadyOut)
async def readyz(services: CurrentServices) -> ReadyOut | Response:
    """Whether queries can be answered now; if not, 503 and what is not ready."""
    found = [ComponentOut.model_validate(component) for component in await services.engine.readiness()]
    if services.closing.is_set():
        found.append(ComponentOut(component="server", ready=False, detail="shutting down"))
    missing = [component for component in found if not component.ready]
    if not missing:
        return ReadyOut(components=found)
    named = ", ".join(component.component for component in missing)
    components = [component.model_dump() for component in found]
    return problem_response(problem_of(NotReady(f"Not ready: {named}."), components=components))


@router.get("/metrics", operation_id="get_metrics", response_class=Response)
async def metrics(services: CurrentServices) -> Response:
    """What Prometheus scrapes."""
    rendered = services.metrics.render(await services.engine.state())
    return Response(rendered, media_type=services.metrics.content_type)
