"""In which collection each tenant's vectors lie: the one that tenants share, or one of the tenant's own.

`isolation` is what was asked for. A move to it goes in steps, each a transaction, so that whoever takes it up
knows how far it is:

    settled     step ""         vectors are read from `home`, and written there alone
    begun       step filling    written to both places, read from `home`; the other one is being filled
    switched    step emptying   `home` is the other one; the earlier one is being emptied
    settled     step ""

`moves` counts the steps, so that a process that read from one place can tell whether that was right until it
had read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from service.catalogue.audit import entry_of, note
from service.catalogue.database import Database
from service.catalogue.models import TenantRow
from service.catalogue.tenants import active
from service.errors import Conflict
from service.tenancy import BY_OPERATOR, Isolation, Placement

COLUMNS = (TenantRow.home, TenantRow.step, TenantRow.moves, TenantRow.isolation)
PLACE = select(*COLUMNS).where(TenantRow.name == bindparam("tenant"))
"""Made once: every question needs it."""


class Placements:
    """Where tenants' vectors lie, for every process of an installation at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask_for(self, tenant: str, isolation: Isolation) -> None:
        """Wants the tenant's vectors to lie there; the process that leads moves them, while all go on.

        Raises:
            NotFound: there is no such tenant.
        """
        with self._database.writing() as connection:
            active(connection, tenant)
            changed = update(TenantRow).where(TenantRow.name == tenant).values(isolation=isolation)
            connection.execute(changed)
            detail = {"isolation": isolation}
            note(connection, entry_of(tenant, BY_OPERATOR, "tenant.isolate", tenant, detail=detail))

    def look(self, tenant: str) -> Placement:
        """Where the tenant's vectors lie now."""
        row = self._database.ask(lambda connection: connection.execute(PLACE, {"tenant": tenant}).first())
        return Placement() if row is None else _placement(row)

    def dedicated(self) -> Sequence[str]:
        """The tenants that have a collection of their own, or are about to."""
        theirs = (TenantRow.home == "dedicated") | (TenantRow.step == "filling")
        with self._database.reading() as connection:
            return connection.scalars(select(TenantRow.name).where(theirs).order_by(TenantRow.name)).all()

    def moving(self) -> Sequence[str]:
        """The tenants that are not, or not only, where they should be."""
        unsettled = (TenantRow.isolation != TenantRow.home) | (TenantRow.step != "")
        with self._database.reading() as connection:
            query = select(TenantRow.name).where(unsettled).order_by(TenantRow.name)
            return connection.scalars(query).all()

    def under_way(self) -> Sequence[str]:
        """The tenants whose move has begun and has not ended."""
        with self._database.reading() as connection:
            query = select(TenantRow.name).where(TenantRow.step != "").order_by(TenantRow.name)
            return connection.scalars(query).all()

    def begin(self, tenant: str, before: Placement) -> Placement:
        """From now on whatever is written goes to both places."""
        return self._step(tenant, before, step="filling")

    def switch(self, tenant: str, before: Placement) -> Placement:
        """From now on the tenant lives in the other place."""
        return self._step(tenant, before, home=before.other, step="emptying")

    def give_up(self, tenant: str, before: Placement) -> Placement:
        """The tenant stays where it was; what the other place has already is to be removed."""
        return self._step(tenant, before, step="emptying")

    def finish(self, tenant: str, before: Placement) -> Placement:
        """Nothing of the tenant lies elsewhere any more."""
        return self._step(tenant, before, step="")

    def _step(self, tenant: str, before: Placement, **changed: Any) -> Placement:
        """Raises `Conflict` if another process has gone on with the move since."""
        ours = (TenantRow.name == tenant) & (TenantRow.moves == before.moves)
        stepped = update(TenantRow).where(ours).values(**changed, moves=before.moves + 1)
        with self._database.writing() as connection:
            row = connection.execute(stepped.returning(*COLUMNS)).first()
        if row is None:
            raise Conflict(f"the tenant {tenant!r} is being moved by another process")
        return _placement(row)


def _placement(row: Any) -> Placement:
    return Placement(row.home, row.step, row.moves, row.isolation)
