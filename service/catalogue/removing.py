"""All rows of a document, and those of the answers that quoted it: removed, and counted afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from service.catalogue.models import (
    AnswerRow,
    ChunkRow,
    CitationRow,
    DocumentRow,
    FeedbackRow,
    JobRow,
    VersionRow,
)
from service.catalogue.variant_models import SampleDocumentRow, SampleRow
from service.types import Scope


def remove_rows(connection: Connection, scope: Scope, document_id: str) -> Mapping[str, int]:
    """Removes them, documents locked before answers; how many there were in each table."""
    ours = _ours(scope, document_id)
    connection.execute(ours.with_for_update())
    citing = _citing(scope, document_id)
    going = {
        "samples": delete(SampleRow).where(SampleRow.id.in_(_sampled(scope, document_id))),
        "feedback": delete(FeedbackRow).where(FeedbackRow.answer_id.in_(citing)),
        "answers": delete(AnswerRow).where(AnswerRow.id.in_(citing)),
        "chunks": delete(ChunkRow).where(ChunkRow.document_id.in_(ours)),
        "versions": delete(VersionRow).where(VersionRow.document_id.in_(ours)),
        "documents": delete(DocumentRow).where(DocumentRow.id.in_(ours)),
        "jobs": delete(JobRow).where(JobRow.document_id == document_id, JobRow.tenant == scope.tenant),
    }
    return {table: connection.execute(rows).rowcount for table, rows in going.items()}


def count_rows(connection: Connection, scope: Scope, document_id: str) -> Mapping[str, int]:
    """How many rows there are in each table."""
    ours, citing = _ours(scope, document_id), _citing(scope, document_id)
    of_document = (JobRow.document_id == document_id) & (JobRow.tenant == scope.tenant)
    counts: dict[str, Select[Any]] = {
        "documents": select(func.count()).select_from(ours.subquery()),
        "versions": select(func.count()).where(VersionRow.document_id.in_(ours)),
        "chunks": select(func.count()).where(ChunkRow.document_id.in_(ours)),
        "jobs": select(func.count()).select_from(JobRow).where(of_document),
        "answers": select(func.count()).select_from(citing.subquery()),
        "feedback": select(func.count()).where(FeedbackRow.answer_id.in_(citing)),
        "samples": select(func.count()).select_from(_sampled(scope, document_id).subquery()),
    }
    return {table: int(connection.scalar(query) or 0) for table, query in counts.items()}


def file_hashes(connection: Connection, scope: Scope, document_id: str) -> frozenset[str]:
    """The files of all versions and jobs of a document."""
    of_versions = (
        select(VersionRow.sha256)
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(DocumentRow.id == document_id, DocumentRow.tenant == scope.tenant)
    )
    of_jobs = select(JobRow.sha256).where(JobRow.document_id == document_id, JobRow.tenant == scope.tenant)
    return frozenset([*connection.scalars(of_versions), *connection.scalars(of_jobs)])


def _ours(scope: Scope, document_id: str) -> Select[str]:
    return select(DocumentRow.id).where(DocumentRow.id == document_id, DocumentRow.tenant == scope.tenant)


def _citing(scope: Scope, document_id: str) -> Select[str]:
    """The ids of the tenant's answers that quoted the document."""
    return (
        select(CitationRow.answer_id)
        .join(AnswerRow, AnswerRow.id == CitationRow.answer_id)
        .where(CitationRow.document_id == document_id, AnswerRow.tenant == scope.tenant)
    )


def _sampled(scope: Scope, document_id: str) -> Select[str]:
    """The ids of the tenant's samples that quote the document."""
    return (
        select(SampleDocumentRow.sample_id)
        .join(SampleRow, SampleRow.id == SampleDocumentRow.sample_id)
        .where(SampleDocumentRow.document_id == document_id, SampleRow.tenant == scope.tenant)
    )
