"""What a route asks of its caller, checked before the request's body is read, and noted afterwards.

Each route says so in its `dependencies`: `reader`, `editor`, `admin` or `everybody`, in a router whose routes
are `GuardedRoute`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from typing_extensions import override

from service.access.noting import Detail
from service.errors import FootnoteError, Forbidden
from service.routes.context import ClientLeft, caller_of, services_of
from service.routes.parameters import only_known_parameters
from service.types import Caller, Role

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

ROLES: tuple[Role, ...] = ("reader", "editor", "admin")
"""Each may do all that those before it may."""

MAX_OBJECT_CHARACTERS = 100
"""Of what a request was about: ids are shorter, and what is longer was made up."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route needs: a role (None: not even a key), and the name under which its use is noted.

    `at_once`: it is noted before the answer goes out. Without an action only refusals are noted.
    """

    role: Role | None
    action: str = ""
    at_once: bool = False

    async def __call__(self, request: Request) -> None:
        """As a dependency: the role was checked before the body was read, the parameters are here."""
        only_known_parameters(request)

    def check(self, caller: Caller) -> None:
        """Let the caller pass.

        Raises:
            Forbidden: the role is not enough.
        """
        if self.role is not None and ROLES.index(caller.role) < ROLES.index(self.role):
            raise Forbidden(
                f"This needs a key of the role {self.role}, and this one is of the role {caller.role}."
            )


def reader(action: str = "") -> Any:
    """Whoever has a key may do it."""
    return Depends(Needs("reader", action))


def editor(action: str = "", *, at_once: bool = False) -> Any:
    """Who puts documents in and takes them out may do it."""
    return Depends(Needs("editor", action, at_once))


def admin() -> Any:
    """Who administers the tenant may do it; what it changes is noted in the transaction that changes it."""
    return Depends(Needs("admin"))


everybody = Depends(Needs(None))
"""Without a key: nothing of any tenant is seen."""


class GuardedRoute(APIRoute):
    """A route whose caller is looked at before its body is."""

    @property
    def needs(self) -> Needs:
        """What the route was declared with."""
        (found,) = [one.dependency for one in self.dependencies if isinstance(one.dependency, Needs)]
        return found

    @override
    def get_route_handler(self) -> Handler:
        """Check, handle, note."""
        handle, needs = super().get_route_handler(), self.needs

        async def guarded(request: Request) -> Response:
            if needs.role is None:
                return await handle(request)
            return await _guarded(request, needs, handle)

        return guarded


def about(request: Request, object: str = "", **detail: Any) -> None:
    """Says what a request is about, for the audit log."""
    request.state.about = (object, detail)


def about_question(request: Request, question: str) -> None:
    """Says that a request asks this; the text itself is noted only where the tenant has switched that on."""
    kept = {"question": question} if caller_of(request).audits_questions else {}
    about(request, characters=len(question), **kept)


async def _guarded(request: Request, needs: Needs, handle: Handler) -> Response:
    try:
        needs.check(caller_of(request))
    except Forbidden as error:
        await _note(request, needs, error.code)
        raise
    if not needs.action:
        return await handle(request)
    try:
        response = await handle(request)
    except Exception as error:
        await _note(request, needs, _outcome(error))
        raise
    await _note(request, needs, "done", at_once=needs.at_once)
    return response


async def _note(request: Request, needs: Needs, outcome: str, *, at_once: bool = False) -> None:
    access = services_of(request).access
    if access is None:
        return
    described: tuple[str, Detail] = getattr(request.state, "about", ("", {}))
    object = described[0] or next(iter(request.path_params.values()), "")
    action = needs.action or f"{request.method} {request.scope['route'].path}"
    detail = {
        name: _plain(value) if isinstance(value, str) else value for name, value in described[1].items()
    }
    await access.auditor.note(
        caller_of(request), action, _plain(object)[:MAX_OBJECT_CHARACTERS], outcome, detail, at_once=at_once
    )


def _plain(text: str) -> str:
    """What every catalogue can hold: one entry that it cannot would hold up all others."""
    return "".join(character if character.isprintable() else " " for character in text)


def _outcome(error: Exception) -> str:
    if isinstance(error, FootnoteError):
        return error.code
    if isinstance(error, ClientLeft):
        return "client_left"
    return "invalid_input" if isinstance(error, RequestValidationError | HTTPException) else "internal"
