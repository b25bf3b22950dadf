"""The rows of a new version, written in the transaction that makes it live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from service.catalogue.database import now, upsert
from service.catalogue.models import ChunkRow, DocumentRow, VersionRow
from service.catalogue.rows import row_of
from service.catalogue.versions import Labels, NewVersion
from service.types import Scalar, Scope


def write_version(connection: Connection, scope: Scope, new: NewVersion, keep_versions: int) -> int:
    """Makes `new` the live version of its document, which is locked until the end; its number."""
    _write_document(connection, scope, new)  # locks it: the next number is this transaction's alone
    number = _next_version(connection, new.document_id)
    _write_version(connection, new, number)
    ours = DocumentRow.id == new.document_id
    connection.execute(update(DocumentRow).where(ours).values(live_version=number))
    if number > 1:
        _forget_older(connection, new.document_id, number, keep_versions)
    return number


def _next_version(connection: Connection, document_id: str) -> int:
    last = connection.scalar(select(func.max(VersionRow.number)).where(VersionRow.document_id == document_id))
    return (last or 0) + 1


def _write_document(connection: Connection, scope: Scope, new: NewVersion) -> None:
    fields = {
        "title": new.title,
        "filename": new.filename,
        "media_type": new.media_type,
        "size_bytes": new.size_bytes,
        "language": new.language,
        "external_id": new.external_id,
        **labelled(new.source, new.own_metadata, new.labels),
        "updated_at": now(),
    }
    row = {
        "id": new.document_id,
        "tenant": scope.tenant,
        "source": new.source,
        "live_version": None,
        "created_at": now(),
        **fields,
    }
    upsert(connection, DocumentRow, row, fields)


def labelled(source: str, own: Mapping[str, Scalar], labels: Labels) -> dict[str, Any]:
    """The columns of a document that its labels decide."""
    return {
        "attributes": dict(labels.over(source, own).metadata),
        "own_metadata": dict(own),
        "given_metadata": dict(labels.metadata),
        "groups": list(labels.groups),
    }


def _write_version(connection: Connection, new: NewVersion, number: int) -> None:
    connection.execute(
        insert(VersionRow).values(
            document_id=new.document_id,
            number=number,
            sha256=new.sha256,
            made_by=new.made_by,
            text=new.text,
            receipt=dict(new.report.receipt or {}),
            chunks=len(new.chunks),
            created_at=now(),
        )
    )
    if new.chunks:
        connection.execute(insert(ChunkRow), [row_of(chunk, number) for chunk in new.chunks])


def _forget_older(connection: Connection, document_id: str, live: int, keep: int) -> None:
    """Only the live version has chunks; old texts stay for readers of old answers, a few of them."""
    connection.execute(delete(ChunkRow).where(ChunkRow.document_id == document_id, ChunkRow.version < live))
    connection.execute(
        delete(VersionRow).where(VersionRow.document_id == document_id, VersionRow.number <= live - keep)
    )
