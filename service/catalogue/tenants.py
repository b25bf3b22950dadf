"""Tenants: made, given quotas, and taken away with all that is theirs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from service.catalogue.access_models import AuditRow, KeyRow
from service.catalogue.admission import usage
from service.catalogue.audit import entry_of, note
from service.catalogue.database import Database, clock, insert_new, move_epoch
from service.catalogue.identity import checked_tenant
from service.catalogue.models import (
    AnswerRow,
    DocumentRow,
    FeedbackRow,
    IdempotencyRow,
    JobRow,
    PurgeRow,
    TallyRow,
    TenantRow,
)
from service.catalogue.variant_models import SampleRow
from service.errors import Conflict, NotFound
from service.tenancy import BY_OPERATOR, UNLIMITED, Actor, Quotas, Tenant
from service.types import EVERY_GROUP, Scope

OF_A_TENANT: tuple[InstrumentedAttribute[str], ...] = (
    KeyRow.tenant,
    FeedbackRow.tenant,
    AnswerRow.tenant,
    SampleRow.tenant,
    IdempotencyRow.tenant,
    TallyRow.tenant,
    AuditRow.tenant,
)
"""What is a tenant's beside its documents and their jobs."""


class Tenants:
    """All tenants. Who may see or change one is for the caller to know."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, quotas: Quotas = UNLIMITED, actor: Actor = BY_OPERATOR) -> Tenant:
        """A new tenant, or a new one of a name that was deleted.

        Raises:
            Conflict: there is one of that name, or one that is still being deleted.
            InvalidInput: the name is not fit to be one.
        """
        with self._database.writing() as connection:
            insert_new(connection, TenantRow, [{"name": checked_tenant(name), "state": "deleted"}])
            row = _locked(connection, name)
            if row["state"] != "deleted":
                what = "is being deleted" if row["state"] == "deleting" else "is there already"
                raise Conflict(f"the tenant {name!r} {what}")
            moment = clock(connection)
            fields = {"state": "active", "created_at": moment, "state_since": moment, **_columns(quotas)}
            _change(connection, name, {**fields, "audits_questions": False})
            move_epoch(connection, name)
            note(connection, entry_of(name, actor, "tenant.create", name))
            return _tenant(connection, _locked(connection, name))

    def all(self) -> list[Tenant]:
        """Every tenant, by name."""
        query = select(*TenantRow.__table__.columns).where(TenantRow.state != "deleted")
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(TenantRow.name)).mappings().all()
            return [_tenant(connection, row) for row in rows]

    def get(self, name: str) -> Tenant:
        """One tenant.

        Raises:
            NotFound: there is none of that name.
        """
        query = select(*TenantRow.__table__.columns).where(
            TenantRow.name == name, TenantRow.state != "deleted"
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                raise NotFound(f"there is no tenant {name!r}")
            return _tenant(connection, row)

    def set_quotas(self, name: str, quotas: Quotas, actor: Actor = BY_OPERATOR) -> Tenant:
        """Gives a tenant other quotas; what it has beyond them stays.

        Raises:
            NotFound: there is none of that name.
        """
        detail = {field: value for field, value in _columns(quotas).items() if value is not None}
        return self._set(name, _columns(quotas), actor, detail)

    def set_audits_questions(self, name: str, audits: bool, actor: Actor) -> Tenant:
        """Decides whether the tenant's audit log holds the questions themselves from now on.

        Raises:
            NotFound: there is none of that name.
        """
        changed = {"audits_questions": audits}
        return self._set(name, changed, actor, changed)

    def _set(self, name: str, fields: dict[str, Any], actor: Actor, detail: dict[str, Any]) -> Tenant:
        with self._database.writing() as connection:
            active(connection, name)
            _change(connection, name, fields)
            note(connection, entry_of(name, actor, "tenant.update", name, detail=detail))
            return _tenant(connection, _locked(connection, name))

    # --- deleting ----------------------------------------------------------------------------

    def begin_delete(self, name: str, actor: Actor = BY_OPERATOR) -> None:
        """From here on the tenant takes no uploads, and its keys are not known any more.

        Raises:
            NotFound: there is none of that name.
        """
        with self._database.writing() as connection:
            if _locked(connection, name)["state"] == "deleting":
                return
            active(connection, name)
            _change(connection, name, {"state": "deleting", "state_since": clock(connection)})
            note(connection, entry_of(name, actor, "tenant.delete", name, outcome="begun"))

    def leaving(self, since_s: float) -> list[str]:
        """The tenants that have been on their way out for so long that no process knows their keys."""
        with self._database.reading() as connection:
            before = clock(connection) - timedelta(seconds=since_s)
            query = select(TenantRow.name).where(
                TenantRow.state == "deleting", TenantRow.state_since <= before
            )
            return list(connection.scalars(query.order_by(TenantRow.name)))

    def documents_of(self, name: str) -> list[str]:
        """The ids of a tenant's documents, also of those that only wait to be read in."""
        live = select(DocumentRow.id).where(DocumentRow.tenant == name)
        uploaded = select(JobRow.document_id).where(JobRow.tenant == name)
        with self._database.reading() as connection:
            return sorted({*connection.scalars(live), *connection.scalars(uploaded)})

    def finish_delete(self, name: str) -> bool:
        """Removes what is left of a tenant without documents but a line that says so; whether it did.

        It does not if there is a document left, or a delete of one that is not proved yet.
        """
        with self._database.writing() as connection:
            row = _locked(connection, name)
            unproved = select(PurgeRow.document_id).where(PurgeRow.tenant == name).limit(1)
            left = any(usage(connection, name)) or connection.scalar(unproved) is not None
            if row["state"] != "deleting" or left:
                return False
            for of_tenant in OF_A_TENANT:
                connection.execute(delete(of_tenant.class_).where(of_tenant == name))
            connection.execute(delete(JobRow).where(JobRow.tenant == name))
            cleared: dict[str, Any] = {**_columns(UNLIMITED), "created_at": None, "audits_questions": False}
            cleared["isolation"] = "shared"  # a collection of its own goes with the next look at moves
            moment = clock(connection)
            _change(connection, name, {"state": "deleted", "state_since": moment, **cleared})
            note(connection, entry_of(name, BY_OPERATOR, "tenant.delete", name))
            return True


def everything_of(name: str) -> Scope:
    """The scope in which a tenant is taken away."""
    return Scope(name, frozenset({EVERY_GROUP}))


def _locked(connection: Connection, name: str) -> RowMapping:
    query = select(*TenantRow.__table__.columns).where(TenantRow.name == name).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"there is no tenant {name!r}")
    return row


def active(connection: Connection, name: str) -> None:
    """Locks the tenant.

    Raises:
        NotFound: there is none of that name, or it is on its way out.
    """
    if _locked(connection, name)["state"] != "active":
        raise NotFound(f"there is no tenant {name!r}")


def deleted(connection: Connection, names: Collection[str]) -> frozenset[str]:
    """Those of the tenants that are gone; none of the others goes before the transaction ends.

    For what is written a while after it was asked for, which would come after the delete.
    """
    theirs = select(TenantRow.name, TenantRow.state).where(TenantRow.name.in_(names))
    # Against the lock of a delete alone: epochs move meanwhile.
    rows = connection.execute(theirs.order_by(TenantRow.name).with_for_update(read=True, key_share=True))
    return frozenset(row.name for row in rows if row.state == "deleted")


def _change(connection: Connection, name: str, fields: dict[str, Any]) -> None:
    connection.execute(update(TenantRow).where(TenantRow.name == name).values(**fields))


def _columns(quotas: Quotas) -> dict[str, int | None]:
    return {
        "max_documents": quotas.documents,
        "max_bytes": quotas.bytes,
        "questions_per_minute": quotas.questions_per_minute,
    }


def _tenant(connection: Connection, row: RowMapping) -> Tenant:
    documents, size = usage(connection, row["name"])
    return Tenant(
        name=row["name"],
        created_at=row["created_at"],
        quotas=Quotas(row["max_documents"], row["max_bytes"], row["questions_per_minute"]),
        audits_questions=row["audits_questions"],
        deleting=row["state"] == "deleting",
        isolation=row["isolation"],
        moving=row["isolation"] != row["home"] or row["step"] != "",
        documents=documents,
        bytes=size,
    )
