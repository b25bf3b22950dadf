"""What routes are given: the scope of the caller, the engine, and a slot for a query."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.responses import Response

from service.access import Access
from service.engine import Engine
from service.errors import ShuttingDown
from service.metrics import Metrics
from service.settings import Settings
from service.sharing.limiting import RateLimits
from service.sharing.waiting_room import WaitingRoom
from service.types import LOCAL_CALLER, Caller, Scope

Result = TypeVar("Result")


@dataclass(frozen=True)
class Services:
    """What one application holds."""

    engine: Engine
    settings: Settings
    metrics: Metrics
    room: WaitingRoom
    access: Access | None = None
    """None in embedded mode, which has no credentials."""
    limits: RateLimits | None = None
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server begins to stop; open streams end then."""


def services_of(request: Request) -> Services:
    """What this application holds."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


async def current_services(request: Request) -> Services:
    """What this application holds; asynchronous, because a thread would be asked for it otherwise."""
    return services_of(request)


def caller_of(request: Request) -> Caller:
    """Who is asking, as the request's key says.

    The embedded service listens on this machine alone and has one tenant, so everybody is the local user.
    """
    if services_of(request).access is None:
        return LOCAL_CALLER
    caller = request.state.caller  # of `AuthenticationMiddleware`
    assert isinstance(caller, Caller)
    return caller


async def current_caller(request: Request) -> Caller:
    """Who is asking."""
    return caller_of(request)


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def current_scope(caller: CurrentCaller) -> Scope:
    """What the caller may read and write."""
    return caller.scope


async def _count(request: Request, limits: RateLimits | None, caller: Caller) -> None:
    """Count the question, and refuse it where its key or its tenant has asked too often."""
    if limits is None or not limits.concern(caller):
        return
    taken = await asyncio.to_thread(limits.take, caller)
    request.state.allowances = taken.allowances
    if taken.refusal is not None:
        raise taken.refusal


async def _in_turn(request: Request, caller: CurrentCaller) -> AsyncIterator[Caller]:
    """Wait for a turn, and hold it until the response is complete, streamed ones included."""
    services = services_of(request)
    await _count(request, services.limits, caller)
    if services.closing.is_set():
        raise ShuttingDown("The service stops.", hint="Ask again in a moment.")
    room = services.room
    if not room.enter_at_once():
        await while_connected(request, room.enter(caller.scope.tenant))
    try:
        yield caller
    finally:
        room.leave()


CallerInTurn = Annotated[Caller, Depends(_in_turn)]
"""Who asks a question, once there is a place for it."""

CurrentServices = Annotated[Services, Depends(current_services)]
CurrentScope = Annotated[Scope, Depends(current_scope)]


class ClientLeft(Exception):
    """The caller closed the connection; nobody reads the answer."""


async def on_client_left(request: Request, error: Exception) -> Response:
    """What nobody reads, for the log and the measurements; 499 is nginx's status for it."""
    return Response(status_code=499)


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is cancelled when the caller leaves, and waited for until it has ended.

    Raises:
        ClientLeft: nobody waits for the result any more.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientLeft
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # what follows the body is of no interest
