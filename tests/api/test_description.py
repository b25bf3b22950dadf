"""`/openapi.json`, from which programs are generated: a name that changes there breaks them."""

from __future__ import annotations

import pkgutil
import re
from collections import Counter
from importlib import import_module

import httpx
from fastapi import APIRouter
from fastapi.routing import APIRoute

import service.routes
from service.routes.documents import uploads_for_groups

NAMES = {
    "POST /query": "query",
    "POST /search": "search",
    "POST /feedback": "give_feedback",
    "POST /documents": "upload_documents",
    "GET /documents": "list_documents",
    "GET /documents/{document_id}": "get_document",
    "GET /documents/{document_id}/text": "get_document_text",
    "GET /documents/{document_id}/chunks": "list_document_chunks",
    "DELETE /documents/{document_id}": "delete_document",
    "GET /jobs": "list_jobs",
    "GET /jobs/{job_id}": "get_job",
    "DELETE /jobs/{job_id}": "cancel_job",
    "POST /jobs/{job_id}/retry": "retry_job",
    "GET /receipts": "list_receipts",
    "GET /healthz": "check_health",
    "GET /readyz": "check_readiness",
    "GET /metrics": "get_metrics",
    "GET /v1/models": "list_models",
    "POST /v1/chat/completions": "create_chat_completion",
}


def routes() -> list[APIRoute]:
    """Those of every module, of the one for administrators too, as far as they are described."""
    modules = [
        import_module(f"service.routes.{one.name}") for one in pkgutil.iter_modules(service.routes.__path__)
    ]
    routers = [value for module in modules for value in vars(module).values() if isinstance(value, APIRouter)]
    found = [route for router in routers if router is not uploads_for_groups for route in router.routes]
    return [route for route in found if isinstance(route, APIRoute)]


async def test_the_operations_keep_the_names_that_generated_clients_call(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    named = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert {route: named.get(route) for route in NAMES} == NAMES


def test_every_operation_has_a_name_of_its_own_in_words() -> None:
    names = Counter(route.operation_id for route in routes())
    assert all(name and re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names), names
    assert names.most_common(1)[0][1] == 1


async def test_an_upload_is_described_as_files_for_old_generators_and_new(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    files = schemas["Body_upload_documents"]["properties"]["file"]
    binary = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    assert (files["type"], files["items"]) == ("array", binary)
