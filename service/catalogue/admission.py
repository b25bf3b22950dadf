"""Which uploads are taken: those that the tenant's quotas have room for, of documents that are the caller's.

Asked in the transaction that queues them, under a lock on the tenant, so that two uploads at once do not
both take the last place.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, union

from service.catalogue.claiming import FINISHED
from service.catalogue.job_rows import NewJob
from service.catalogue.models import DocumentRow, JobRow, TenantRow
from service.catalogue.reading import groups_in_force, may_read
from service.errors import Forbidden, QuotaExceeded
from service.types import Scope

RECORDS = ".jsonl"
"""Files of records, each a document of the source `FILE#ID`."""
WAITING = JobRow.state.not_in(FINISHED)


def admit(connection: Connection, scope: Scope, new: Sequence[NewJob]) -> None:
    """Lets the uploads of a caller pass.

    Raises:
        Forbidden: one is of a document that the caller may not read, or it gives one to groups that are not
            the caller's.
        QuotaExceeded: the tenant has too much already.
    """
    if not scope.reads_everything:
        _check_groups(connection, scope, new)
    check_quotas(connection, scope, new)


def check_quotas(connection: Connection, scope: Scope, new: Sequence[NewJob]) -> None:
    """Whether the tenant has room for these.

    Raises:
        QuotaExceeded: it has not, or it is being deleted.
    """
    tenant = connection.execute(
        select(TenantRow.state, TenantRow.max_documents, TenantRow.max_bytes)
        .where(TenantRow.name == scope.tenant)
        .with_for_update()
    ).first()
    if tenant is None:
        return  # the embedded mode's, before its first document
    if tenant.state != "active":
        raise Forbidden("this tenant is being deleted")
    if tenant.max_documents is not None:
        needed = _documents(connection, scope.tenant, [one.document_id for one in new])
        _check("documents", needed, tenant.max_documents)
    if tenant.max_bytes is not None:
        _, size = usage(connection, scope.tenant)
        _check("bytes", size + sum(one.size_bytes for one in new), tenant.max_bytes)


def usage(connection: Connection, tenant: str) -> tuple[int, int]:
    """How many documents a tenant has, and how many bytes; uploads that wait count as well."""
    kept = select(func.sum(DocumentRow.size_bytes)).where(DocumentRow.tenant == tenant)
    waiting = select(func.sum(JobRow.size_bytes)).where(JobRow.tenant == tenant, WAITING)
    size = (connection.scalar(kept) or 0) + (connection.scalar(waiting) or 0)
    return _documents(connection, tenant, []), int(size)


def _documents(connection: Connection, tenant: str, more: Sequence[str]) -> int:
    """How many documents there are, with those of the ids `more` that are not there yet."""
    live = select(DocumentRow.id).where(DocumentRow.tenant == tenant)
    waiting = select(JobRow.document_id).where(JobRow.tenant == tenant, WAITING)
    both = union(live, waiting).subquery()
    there = connection.scalars(select(both.c.id).where(both.c.id.in_(more))) if more else ()
    count = connection.scalar(select(func.count()).select_from(both)) or 0
    return int(count) + len(set(more) - set(there))


def _check(quota: str, needed: int, most: int) -> None:
    if needed > most:
        raise QuotaExceeded(
            f"the tenant's quota is {most:,} {quota}, and with this upload there would be {needed:,}",
            hint="delete documents, or have the quota raised (`footnote tenants quota`)",
        )


def _check_groups(connection: Connection, scope: Scope, new: Sequence[NewJob]) -> None:
    given = {group for one in new for group in one.groups or ()}
    if foreign := sorted(given - scope.groups):
        raise Forbidden(
            f"groups: this key is not in {foreign[0]!r}, so it cannot give documents to it",
            hint="name groups of the key, or use an administrator's",
        )
    changed = {one.document_id for one in new}.union(*(_records(connection, scope, one) for one in new))
    in_force = groups_in_force(connection, scope, sorted(changed))
    if not all(may_read(scope, groups) for both in in_force.values() for groups in both):
        raise Forbidden("a document of this source is there, and this key may not change it")


def _records(connection: Connection, scope: Scope, new: NewJob) -> list[str]:
    """The documents that the records of such a file were and would be again."""
    if not new.filename.lower().endswith(RECORDS):
        return []
    begins = f"{new.source}#"
    live, uploaded = (
        select(identity).where(of == scope.tenant, func.substr(source, 1, len(begins)) == begins)
        for identity, of, source in (
            (DocumentRow.id, DocumentRow.tenant, DocumentRow.source),
            (JobRow.document_id, JobRow.tenant, JobRow.source),
        )
    )
    return list(connection.scalars(union(live, uploaded)))
