"""Variants of the pipeline: what became of each, and what its canary has shown. Without words of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import Connection, delete, select, update

from service.catalogue.audit import entry_of, note
from service.catalogue.database import INSERTS, Database, clock, insert_new
from service.catalogue.models import TenantRow
from service.catalogue.variant_models import VariantRow, VariantSumsRow
from service.errors import NotFound
from service.records import KnownVariant, Sums, VariantState
from service.tenancy import BY_OPERATOR, Actor

Side = Literal["served", "candidate"]
SumsOfSides = Mapping[tuple[Side, str], Sums]
"""By side and measure."""

BY_ITSELF = Actor("rollback")
"""In place of a key's id: the test that takes a variant back."""


class Variants:
    """What is known of variants. One with other settings is another one, of which nothing is known."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, name: str, fingerprint: str) -> KnownVariant:
        """What is known of it; one that nothing is known of runs from now on."""
        with self._database.writing() as connection:
            row = {"name": name, "fingerprint": fingerprint, "state": "running", "reason": ""}
            insert_new(connection, VariantRow, [{**row, "since": clock(connection)}])
        return self.get(name, fingerprint)

    def get(self, name: str, fingerprint: str) -> KnownVariant:
        """What became of it.

        Raises:
            NotFound: it never ran.
        """
        for known in self.all():
            if (known.name, known.fingerprint) == (name, fingerprint):
                return known
        raise NotFound(f"the variant {name!r} of these settings never ran")

    def all(self) -> list[KnownVariant]:
        """Every one that ever ran, the last change first."""
        query = select(*VariantRow.__table__.columns).order_by(VariantRow.since.desc(), VariantRow.name)
        with self._database.reading() as connection:
            return [KnownVariant(**row) for row in connection.execute(query).mappings()]

    def add(self, name: str, fingerprint: str, seen: SumsOfSides) -> SumsOfSides:
        """Adds what was seen of both sides; all that is known now."""
        with self._database.writing() as connection:
            for (side, measure), sums in sorted(seen.items(), key=lambda one: one[0]):
                _add(connection, (name, fingerprint, side, measure), sums)
        return self.sums(name, fingerprint)

    def sums(self, name: str, fingerprint: str) -> SumsOfSides:
        """What its canary has shown so far."""
        query = select(*VariantSumsRow.__table__.columns).where(
            VariantSumsRow.name == name, VariantSumsRow.fingerprint == fingerprint
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return {
            (row["side"], row["measure"]): Sums(row["count"], row["total"], row["squares"]) for row in rows
        }

    def take_back(self, name: str, fingerprint: str, reason: str) -> bool:
        """Ends a running one, and notes that for every tenant; whether this call did."""
        return self._change(name, fingerprint, "rolled_back", reason, BY_ITSELF)

    def stop(self, name: str, fingerprint: str, actor: Actor = BY_OPERATOR) -> bool:
        """Ends a running one; whether this call did.

        Raises:
            NotFound: it never ran.
        """
        self.get(name, fingerprint)
        return self._change(name, fingerprint, "stopped", "by an operator", actor)

    def start(self, name: str, fingerprint: str, actor: Actor = BY_OPERATOR) -> bool:
        """Lets one run again, which begins anew: what it had shown is forgotten; whether this call did."""
        if self.begin(name, fingerprint).state == "running":
            return False
        return self._change(name, fingerprint, "running", "", actor)

    def _change(self, name: str, fingerprint: str, state: VariantState, reason: str, actor: Actor) -> bool:
        ours = (VariantRow.name == name) & (VariantRow.fingerprint == fingerprint)
        before = VariantRow.state != "running" if state == "running" else VariantRow.state == "running"
        with self._database.writing() as connection:
            fields = {"state": state, "reason": reason, "since": clock(connection)}
            changed = connection.execute(update(VariantRow).where(ours, before).values(**fields)).rowcount
            if not changed:
                return False
            if state == "running":
                connection.execute(
                    delete(VariantSumsRow).where(
                        VariantSumsRow.name == name, VariantSumsRow.fingerprint == fingerprint
                    )
                )
            _note(connection, name, state, reason, actor)
            return True


def _add(connection: Connection, key: tuple[str, str, str, str], sums: Sums) -> None:
    name, fingerprint, side, measure = key
    insert = INSERTS[connection.dialect.name](VariantSumsRow).values(
        name=name,
        fingerprint=fingerprint,
        side=side,
        measure=measure,
        count=sums.count,
        total=sums.total,
        squares=sums.squares,
    )
    added = {
        column: VariantSumsRow.__table__.columns[column] + insert.excluded[column]
        for column in ("count", "total", "squares")
    }
    key_columns = [column.name for column in VariantSumsRow.__table__.primary_key]
    connection.execute(insert.on_conflict_do_update(index_elements=key_columns, set_=added))


def _note(connection: Connection, name: str, state: VariantState, reason: str, actor: Actor) -> None:
    """In every tenant's log: it is all tenants' users whom the variant answered."""
    detail = {"reason": reason} if reason else {}
    names = connection.scalars(select(TenantRow.name).where(TenantRow.state == "active")).all()
    for tenant in names:
        note(connection, entry_of(tenant, actor, f"variant.{state}", name, detail=detail))
