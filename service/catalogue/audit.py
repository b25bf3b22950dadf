"""Who did what: kept for a while, for the tenant's administrators to read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from service.catalogue.access_models import AuditRow
from service.catalogue.cursors import encoded, number_of
from service.catalogue.database import Database, insert_new, now
from service.records import Page
from service.storable import MAX_INTEGER
from service.tenancy import Actor, AuditEntry
from service.types import Scalar


class AuditLog:
    """What was noted, tenant by tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Writes entries, all in one transaction; one that is there already stays as it is."""
        with self._database.writing() as connection:
            insert_new(connection, AuditRow, [_row(entry) for entry in entries])

    def page(self, tenant: str, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """A page of a tenant's entries, newest first.

        Raises:
            InvalidInput: the cursor was not given out by this method.
        """
        query = select(*AuditRow.__table__.columns).where(AuditRow.tenant == tenant)
        if cursor is not None:
            query = query.where(AuditRow.sequence < number_of(cursor, MAX_INTEGER))
        with self._database.reading() as connection:
            rows = (
                connection.execute(query.order_by(AuditRow.sequence.desc()).limit(limit + 1)).mappings().all()
            )
        items = tuple(_entry(row) for row in rows[:limit])
        return Page(items, encoded(str(rows[limit - 1]["sequence"])) if len(rows) > limit else None)


def entry_of(
    tenant: str,
    actor: Actor,
    action: str,
    object: str = "",
    outcome: str = "done",
    detail: Mapping[str, Scalar | tuple[str, ...]] | None = None,
) -> AuditEntry:
    """An entry of this moment."""
    return AuditEntry(
        id=str(uuid.uuid4()),
        at=now(),
        tenant=tenant,
        key_id=actor.key_id,
        action=action,
        object=object,
        outcome=outcome,
        request_id=actor.request_id,
        detail=detail or {},
    )


def note(connection: Connection, entry: AuditEntry) -> None:
    """Writes an entry in the transaction of what it tells of."""
    insert_new(connection, AuditRow, [_row(entry)])


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "tenant": entry.tenant,
        "key_id": entry.key_id,
        "action": entry.action,
        "object": entry.object,
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "detail": {
            name: list(value) if isinstance(value, tuple) else value for name, value in entry.detail.items()
        },
    }


def _entry(row: RowMapping) -> AuditEntry:
    values = {name: row[name] for name in _COLUMNS}
    detail = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row["detail"].items()
    }
    return AuditEntry(**values, detail=detail)


_COLUMNS = ("id", "at", "tenant", "key_id", "action", "object", "outcome", "request_id")
