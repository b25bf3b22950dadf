"""`/documents`, `/jobs` and `/receipts`: files in, listed, read back and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Header, Path, Request, UploadFile
from fastapi import Query as Parameter
from pydantic import AfterValidator
from pydantic.config import JsonDict

from service.records import JobState
from service.routes.context import CurrentScope, CurrentServices, Services
from service.routes.guarding import GuardedRoute, about, admin, editor, reader
from service.routes.uploads import named_uploads, only_known_fields, parse_groups, parse_metadata
from service.schemas.asking import storable_text
from service.schemas.documents import (
    ChunksOut,
    DeletionOut,
    DocumentOut,
    DocumentsOut,
    DocumentTextOut,
    JobListOut,
    JobOut,
    JobsOut,
    ReceiptsOut,
)
from service.storable import MAX_TEXT_CHARACTERS
from service.types import Scope

router = APIRouter(tags=["documents"], route_class=GuardedRoute)
uploads = APIRouter(tags=["documents"], route_class=GuardedRoute)
"""Apart, because files may be larger than JSON."""
uploads_for_groups = APIRouter(tags=["documents"], route_class=GuardedRoute)
"""In its place where there are API keys, by which readers are told apart."""

Cursor = Annotated[str | None, Parameter(max_length=1000, description="`next_cursor` of the part before.")]
# Ids are given out here and short: what is longer is none, and is not repeated in an error.
Id = Annotated[str, Path(max_length=100), AfterValidator(storable_text)]
Limit = Annotated[int, Parameter(ge=1, le=200)]
Source = Annotated[str, Parameter(max_length=MAX_TEXT_CHARACTERS), AfterValidator(storable_text)]
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[\x21-\x7e]{1,255}$", description="Sending the same upload again with it is harmless."),
]
BINARY: JsonDict = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""A file as generators of clients know it (OpenAPI 3.0), and as JSON Schema says it (3.1)."""
Files = Annotated[
    list[UploadFile], File(description="One file or more.", json_schema_extra={"items": BINARY})
]
Sources = Annotated[list[str] | None, Form(description="One for each file; else its name.")]
Metadata = Annotated[
    str | None,
    Form(description="A JSON object of texts, numbers and booleans; left out: what the document has stays."),
]

Groups = Annotated[
    list[str] | None,
    Form(
        description="Who may read the documents, where there are API keys: each a group of yours; one empty "
        "value: everybody of the tenant. Left out: what the document has stays, a new one is open to all."
    ),
]


@uploads.post(
    "/documents",
    operation_id="upload_documents",
    status_code=202,
    dependencies=[editor("upload"), Depends(only_known_fields)],
)
async def upload(
    request: Request,
    scope: CurrentScope,
    services: CurrentServices,
    file: Files,
    source: Sources = None,
    metadata: Metadata = None,
    idempotency_key: IdempotencyKey = None,
) -> JobsOut:
    """Queue files to be read; the same source again is a new version of that document."""
    return await _upload(request, scope, services, file, source, metadata, None, idempotency_key)


@uploads_for_groups.post(
    "/documents",
    operation_id="upload_documents",
    status_code=202,
    dependencies=[editor("upload"), Depends(only_known_fields)],
)
async def upload_for_groups(
    request: Request,
    scope: CurrentScope,
    services: CurrentServices,
    file: Files,
    source: Sources = None,
    metadata: Metadata = None,
    groups: Groups = None,
    idempotency_key: IdempotencyKey = None,
) -> JobsOut:
    """Queue files to be read; the same source again is a new version of that document."""
    return await _upload(request, scope, services, file, source, metadata, groups, idempotency_key)


async def _upload(
    request: Request,
    scope: Scope,
    services: Services,
    file: list[UploadFile],
    source: list[str] | None,
    metadata: str | None,
    groups: list[str] | None,
    idempotency_key: str | None,
) -> JobsOut:
    jobs = await services.engine.upload(
        scope,
        named_uploads(file, source, services.settings.load.max_file_bytes),
        metadata=None if metadata is None else parse_metadata(metadata),
        groups=None if groups is None else parse_groups(groups),
        idempotency_key=idempotency_key,
    )
    about(request, documents=tuple(job.document_id for job in jobs))
    return JobsOut.of(jobs)


@router.get("/jobs/{job_id}", operation_id="get_job", dependencies=[editor()])
async def job(job_id: Id, scope: CurrentScope, services: CurrentServices) -> JobOut:
    """How far one file's ingest is."""
    return JobOut.of(await services.engine.job(scope, job_id))


@router.get("/jobs", operation_id="list_jobs", dependencies=[editor()])
async def find_jobs(
    scope: CurrentScope,
    services: CurrentServices,
    state: Annotated[list[JobState] | None, Parameter(description="One state or more; else all.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobListOut:
    """Ingests, oldest first, a part at a time."""
    return JobListOut.of(await services.engine.find_jobs(scope, state or (), cursor, limit))


@router.delete(
    "/jobs/{job_id}",
    operation_id="cancel_job",
    status_code=204,
    dependencies=[editor("cancel", at_once=True)],
)
async def cancel_job(job_id: Id, scope: CurrentScope, services: CurrentServices) -> None:
    """Take a queued upload back; one that runs already is a conflict."""
    await services.engine.cancel_job(scope, job_id)


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retry_job",
    status_code=202,
    dependencies=[editor("retry", at_once=True)],
)
async def retry_job(job_id: Id, scope: CurrentScope, services: CurrentServices) -> JobOut:
    """Queue a failed upload again; a conflict if it has not failed, is not the last one or lost its file."""
    return JobOut.of(await services.engine.retry_job(scope, job_id))


@router.get("/receipts", operation_id="list_receipts", dependencies=[admin()])
async def receipts(
    scope: CurrentScope, services: CurrentServices, cursor: Cursor = None, limit: Limit = 50
) -> ReceiptsOut:
    """The signed receipts of deletes, a part at a time."""
    engine = services.engine
    return ReceiptsOut.of(await engine.receipts(scope, cursor, limit), engine.receipts_key())


@router.get("/documents", operation_id="list_documents", dependencies=[reader()])
async def documents(
    scope: CurrentScope,
    services: CurrentServices,
    source: Annotated[Source, Parameter(description="The one of this source.")] = "",
    source_prefix: Annotated[Source, Parameter(description="Those whose sources begin with it.")] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DocumentsOut:
    """All documents, or those that are named, a part at a time."""
    page = await services.engine.documents(scope, cursor, limit, source=source, source_prefix=source_prefix)
    return DocumentsOut.of(page)


@router.get("/documents/{document_id}", operation_id="get_document", dependencies=[reader()])
async def document(document_id: Id, scope: CurrentScope, services: CurrentServices) -> DocumentOut:
    """One document, with the receipt of what was read from its file."""
    return DocumentOut.of(await services.engine.document(scope, document_id))


@router.get("/documents/{document_id}/text", operation_id="get_document_text", dependencies=[reader()])
async def document_text(
    document_id: Id,
    scope: CurrentScope,
    services: CurrentServices,
    version: Annotated[int | None, Parameter(ge=1, le=2**31 - 1)] = None,
) -> DocumentTextOut:
    """The text that citations point into."""
    return DocumentTextOut.model_validate(await services.engine.document_text(scope, document_id, version))


@router.get("/documents/{document_id}/chunks", operation_id="list_document_chunks", dependencies=[reader()])
async def chunks(
    document_id: Id, scope: CurrentScope, services: CurrentServices, cursor: Cursor = None, limit: Limit = 50
) -> ChunksOut:
    """The pieces in which a document is searched."""
    return ChunksOut.of(await services.engine.chunks(scope, document_id, cursor, limit))


@router.delete(
    "/documents/{document_id}", operation_id="delete_document", dependencies=[editor("delete", at_once=True)]
)
async def delete(document_id: Id, scope: CurrentScope, services: CurrentServices) -> DeletionOut:
    """Remove a document, its versions, uploads and the answers that quote it; prove that nothing is left."""
    return DeletionOut.model_validate(await services.engine.delete(scope, document_id))
