"""Every route, what it needs, and how it is called: a route that is not here fails the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from service.types import Role
from tests.tenants.keyed import WARRANTY

Ids = Mapping[str, str]
"""Of a document, a job, an answer, a key and the tenant: the caller's, another's, or nobody's."""

QUESTION = {"query": "How long does the warranty last?"}
CHAT = {"model": "footnote", "messages": [{"role": "user", "content": "How long does the warranty last?"}]}
UPLOAD = {"files": {"file": ("new.txt", WARRANTY.encode())}}


@dataclass(frozen=True)
class Entry:
    """What a route needs (None: no key), and a call of it with these ids.

    `takes`: the ids that a call names, so that one may be another tenant's. `empties`: where nothing of
    another tenant is found it answers with an empty list rather than 404.
    """

    role: Role | None
    parts: Callable[[Ids], dict[str, Any]] = lambda ids: {}
    takes: tuple[str, ...] = ()
    empties: bool = False


def _only(ids: Ids) -> dict[str, Any]:
    return {"json": {**QUESTION, "filters": {"document_ids": [ids["document"]]}}}


def _expected(ids: Ids) -> dict[str, Any]:
    return {"json": {**QUESTION, "expected_document_id": ids["document"]}}


MATRIX: dict[str, Entry] = {
    "GET /healthz": Entry(None),
    "GET /readyz": Entry(None),
    "GET /metrics": Entry(None),
    "POST /query": Entry("reader", _only, ("document",), empties=True),
    "POST /explain": Entry("editor", _expected, ("document",), empties=True),
    "POST /search": Entry("reader", _only, ("document",), empties=True),
    "POST /feedback": Entry(
        "reader", lambda ids: {"json": {"query_id": ids["answer"], "rating": "up"}}, ("answer",)
    ),
    "GET /v1/models": Entry("reader"),
    "POST /v1/chat/completions": Entry("reader", lambda ids: {"json": CHAT}),
    "GET /documents": Entry("reader"),
    "POST /documents": Entry("editor", lambda ids: UPLOAD),
    "GET /documents/{document_id}": Entry("reader", takes=("document",)),
    "GET /documents/{document_id}/text": Entry("reader", takes=("document",)),
    "GET /documents/{document_id}/chunks": Entry("reader", takes=("document",)),
    "DELETE /documents/{document_id}": Entry("editor", takes=("document",)),
    "GET /jobs": Entry("editor"),
    "GET /jobs/{job_id}": Entry("editor", takes=("job",)),
    "DELETE /jobs/{job_id}": Entry("editor", takes=("job",)),
    "POST /jobs/{job_id}/retry": Entry("editor", takes=("job",)),
    "GET /drift": Entry("admin"),
    "GET /receipts": Entry("admin"),
    "GET /keys": Entry("admin"),
    "POST /keys": Entry("admin", lambda ids: {"json": {"name": "new", "role": "reader"}}),
    "DELETE /keys/{key_id}": Entry("admin", takes=("key",)),
    "GET /audit": Entry("admin"),
    "GET /tenant": Entry("admin"),
    "GET /variants": Entry("admin"),
    "DELETE /tenants/{name}": Entry("admin", takes=("tenant",)),
    "PUT /tenant": Entry("admin", lambda ids: {"json": {"audits_questions": True}}),
    "PUT /tenant/isolation": Entry("admin", lambda ids: {"json": {"isolation": "dedicated"}}),
}


def call_of(route: str, ids: Ids) -> tuple[str, str, dict[str, Any]]:
    """Method, path and parts of a call of the route with these ids."""
    method, path = route.split()
    for name, value in ids.items():
        path = path.replace("{name}" if name == "tenant" else f"{{{name}_id}}", value)
    return method, path, MATRIX[route].parts(ids)


def routes_of(app: FastAPI) -> dict[str, APIRoute]:
    """All routes of an application, but for the description of them."""
    found = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            found.update({f"{method} {context.path}": route for method in route.methods})
    return found
