"""How many answers were of which kind, hour by hour and tenant by tenant: what a drift is seen in.

At most a row for each bin of each quantity and hour, whatever the traffic is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from service.catalogue.database import INSERTS, Database, now
from service.catalogue.models import TallyRow
from service.drift import Drift, Measure, Overall, Tally, compared
from service.drift.measures import OUTCOME, QUANTITIES
from service.drift.shift import LEAST_NOW
from service.types import Scope

HOUR = timedelta(hours=1)
NOW_LEAST, NOW_MOST = timedelta(days=1), timedelta(days=7)
"""What is looked at: a whole day, as nights are other than days, and more where there were few answers."""
BEFORE = timedelta(days=28)
"""What it is compared with: whole weeks, as weekends are other than weekdays."""

Tallied = tuple[str, datetime, Measure]
"""Of which tenant, when, what."""


class Tallies:
    """Reads what was counted; `add` writes it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: Mapping[str, Overall] = {}
        """What this process saw of all tenants when it last looked; empty before."""

    def drift(self, scope: Scope, moment: datetime | None = None) -> Drift:
        """What has changed for the scope's tenant until `moment`, which is now unless given."""
        return self._drift(scope.tenant, moment or now())

    def look(self) -> None:
        """Looks at every tenant, for the metrics."""
        moment = now()
        recent = select(TallyRow.tenant).where(TallyRow.hour >= moment - NOW_MOST).distinct()
        with self._database.reading() as connection:
            tenants = connection.scalars(recent).all()
        shifts = [one for tenant in tenants for one in self._drift(tenant, moment).shifts if one.enough]
        of_quantity = {name: [one for one in shifts if one.quantity == name] for name in QUANTITIES}
        self.seen = {
            name: Overall(max(found, key=lambda one: one.of_limit), sum(one.alarm for one in found))
            for name, found in of_quantity.items()
            if found
        }

    def _drift(self, tenant: str, moment: datetime) -> Drift:
        with self._database.reading() as connection:
            since = _since(connection, tenant, moment)
            here = _summed(connection, tenant, since, moment)
            before = _summed(connection, tenant, since - BEFORE, since)
        known = [name for name in QUANTITIES if name in here or name in before]
        return Drift(
            since, tuple(compared(name, here.get(name, Tally()), before.get(name, Tally())) for name in known)
        )


def add(connection: Connection, tallied: Iterable[Tallied]) -> None:
    """Counts measures, in the caller's transaction."""
    rows: dict[tuple[str, datetime, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for tenant, moment, one in tallied:
        row = rows[tenant, moment.replace(minute=0, second=0, microsecond=0), one.quantity, one.bin]
        row[0] += 1
        row[1] += one.value
        row[2] += one.value**2
    if not rows:
        return
    names = ("tenant", "hour", "quantity", "bin")
    # In one order, so that two processes never wait for each other.
    values: Sequence[Mapping[str, Any]] = [
        {**dict(zip(names, key, strict=True)), "count": count, "total": total, "squares": squares}
        for key, (count, total, squares) in sorted(rows.items())
    ]
    statement = INSERTS[connection.dialect.name](TallyRow)
    more = {
        name: getattr(TallyRow, name) + statement.excluded[name] for name in ("count", "total", "squares")
    }
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(names), set_=more), [dict(row) for row in values]
    )


def _since(connection: Connection, tenant: str, moment: datetime) -> datetime:
    """The last day, or as much more as `LEAST_NOW` answers take."""
    counted = (
        select(TallyRow.hour, func.sum(TallyRow.count))
        .where(TallyRow.tenant == tenant, TallyRow.quantity == OUTCOME)
        .where(TallyRow.hour >= moment - NOW_MOST, TallyRow.hour <= moment)
        .group_by(TallyRow.hour)
        .order_by(TallyRow.hour.desc())
    )
    since, answers = moment - NOW_LEAST, 0
    for hour, count in connection.execute(counted):
        if hour < since and answers >= LEAST_NOW:
            break
        since, answers = min(since, hour), answers + count
    return since


def _summed(connection: Connection, tenant: str, since: datetime, until: datetime) -> Mapping[str, Tally]:
    """The tallies of each quantity from `since` on, before `until`."""
    sums = (func.sum(TallyRow.count), func.sum(TallyRow.total), func.sum(TallyRow.squares))
    query = (
        select(TallyRow.quantity, TallyRow.bin, *sums)
        .where(TallyRow.tenant == tenant, TallyRow.hour >= since, TallyRow.hour < until)
        .group_by(TallyRow.quantity, TallyRow.bin)
    )
    found: dict[str, list[tuple[str, int, float, float]]] = defaultdict(list)
    for quantity, bin, count, total, squares in connection.execute(query):
        found[quantity].append((bin, int(count), total, squares))
    return {
        quantity: Tally(
            {bin: count for bin, count, _, _ in bins},
            sum(total for _, _, total, _ in bins),
            sum(squares for _, _, _, squares in bins),
        )
        for quantity, bins in found.items()
    }
