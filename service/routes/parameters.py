"""Query parameters: those that a route documents, and no others."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute

from service.errors import InvalidInput


def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have: a misspelt `cursor` began the list anew.

    Raises:
        InvalidInput: there is an unknown one.
    """
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = {parameter.alias for parameter in route.dependant.query_params}
    if unknown := [name for name in request.query_params if name not in known]:
        offered = f"It has {', '.join(sorted(known))}." if known else "It has none."
        raise InvalidInput(f"{unknown[0][:100]}: there is no such query parameter here.", hint=offered)
