"""The HTTP application: routes behind the layers that every request passes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from uuid import UUID

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from service import problem
from service.access import Access
from service.description import PROBLEMS, DescribedApp, api_key
from service.engine import Engine
from service.metrics import Metrics
from service.middleware import (
    AuthenticationMiddleware,
    CallingMiddleware,
    CrossSiteMiddleware,
    FramingMiddleware,
    HostMiddleware,
    ObservingMiddleware,
    RateLimitMiddleware,
    ReceiveDeadlineMiddleware,
    SecurityHeadersMiddleware,
)
from service.routes import administration, asking, documents, drifting, explaining, health, openai
from service.routes.context import ClientLeft, Services, on_client_left
from service.routes.uploads import MAX_FIELD_BYTES
from service.settings import Settings
from service.sharing.limiting import RateLimits
from service.sharing.waiting_room import WaitingRoom

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    engine: Engine,
    settings: Settings,
    *,
    access: Access | None = None,
    limits: RateLimits | None = None,
    metrics: Metrics | None = None,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The application over an open `engine`, which stays the caller's to close.

    With `access` each request needs an API key; without, everybody is the local user. `limits` count what is
    asked; without them nothing is. `metrics` are those of the process, where others count there too.
    """
    metrics = metrics or Metrics(settings.generate)
    app = DescribedApp(
        title="Footnote",
        version=version("footnote"),
        description="Answers over your own documents, with a checked footnote on every sentence.",
        # The documentation pages load their scripts from another host; the description itself is here.
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        middleware=_layers(settings, metrics, access),
        lifespan=lifespan,
    )
    app.state.services = Services(engine, settings, metrics, WaitingRoom(settings.api), access, limits)
    problem.install(app, settings.api, metrics.observe_error)
    app.add_exception_handler(ClientLeft, on_client_left)
    _add_routes(app, settings, with_keys=access is not None)
    return app


def _add_routes(app: FastAPI, settings: Settings, *, with_keys: bool) -> None:
    json_bytes = settings.api.max_json_bytes
    app.include_router(health.router, max_body_size=json_bytes)
    described = [Depends(api_key)] if with_keys else []
    for module in (asking, explaining, drifting, documents, openai, *([administration] if with_keys else [])):
        app.include_router(module.router, max_body_size=json_bytes, dependencies=described)
    files = settings.api.max_upload_files
    app.include_router(
        documents.uploads_for_groups if with_keys else documents.uploads,
        # A source for each file, the metadata, and room for a wrong field that is then named.
        form_limits={"max_files": files, "max_fields": files + 8, "max_part_size": MAX_FIELD_BYTES},
        dependencies=described,
    )


def _layers(settings: Settings, metrics: Metrics, access: Access | None) -> list[Middleware]:
    """Outermost first: what is noted about a request, then what is refused, cheapest check first."""
    limits = settings.api
    return [
        Middleware(CorrelationIdMiddleware, transformer=_canonical),
        Middleware(CallingMiddleware),
        Middleware(ObservingMiddleware, metrics),
        Middleware(SecurityHeadersMiddleware),
        Middleware(RateLimitMiddleware),
        Middleware(problem.ProblemMiddleware, limits),
        Middleware(FramingMiddleware),
        Middleware(HostMiddleware, limits.allowed_hosts),
        Middleware(CrossSiteMiddleware),
        *([Middleware(AuthenticationMiddleware, access.authenticator)] if access else []),
        Middleware(RequestBodyLimitMiddleware, limits.max_body_bytes),
        Middleware(ReceiveDeadlineMiddleware, limits.receive_timeout_s),
    ]


def _canonical(identifier: str) -> str:
    """A caller's request id in one form, so that nothing but hexadecimal digits reaches the logs."""
    return UUID(identifier).hex
