"""Which index is in force, which one is built beside it, and which one it has replaced.

They are properties in the catalogue, so that they change in one transaction with what depends on them. A
version is published only while the index that its chunks were put into is in force, and only when nobody
answers from an earlier one any more: there its readers would find neither the old version nor the new one.
The switch waits for publications that have begun, and keeps others out until it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from service.catalogue.database import Database, upsert
from service.catalogue.models import IndexPropertyRow
from service.errors import IndexChanging, IndexMismatch

IN_FORCE = "index"
BUILDING, SUPERSEDED, MODEL = "index.building", "index.superseded", "index.model"


@dataclass(frozen=True, slots=True)
class IndexNames:
    """The indexes of an installation; "" where there is none."""

    in_force: str = ""
    building: str = ""
    superseded: str = ""
    model: str = ""
    """What `embed.model` has to be for the index in force, if a reindex has put it there."""

    def check(self, index: str) -> None:
        """Raises unless versions may be published into this index.

        Raises:
            IndexMismatch: it is not the one in force.
            IndexChanging: somebody still answers from an earlier one.
        """
        if self.in_force != index:
            raise IndexMismatch(
                "the index of this process has been replaced by another model's: it answers questions from "
                "the earlier one, and reads no documents in",
                hint=f"restart it with FOOTNOTE_EMBED__MODEL={self.model}",
            )
        if self.superseded:
            raise IndexChanging(
                "documents wait: there are processes that answer questions from the earlier model's index",
                hint=f"restart them with FOOTNOTE_EMBED__MODEL={self.model}",
            )

    def described(self, index: str) -> str:
        """How the index does, in words."""
        try:
            self.check(index)
        except (IndexMismatch, IndexChanging) as error:
            return f"{error}: {error.hint}"
        return "in force"


class Indexes:
    """The names of the indexes, for every process of an installation at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self) -> IndexNames:
        """What they are now."""
        with self._database.reading() as connection:
            return _names(connection)

    def beside(self, index: str) -> Sequence[str]:
        """All but this one."""
        found = self.names()
        names = dict.fromkeys((found.in_force, found.building, found.superseded))
        return [one for one in names if one not in ("", index)]

    def begin(self, index: str) -> None:
        """From now on whoever changes a document's labels, or removes it, does so in this index too."""
        with self._database.writing() as connection:
            _set(connection, BUILDING, index)

    @contextmanager
    def switching(self, index: str, model: str) -> Iterator[Callable[[], None]]:
        """Nothing is published while the block runs; at its end this index is in force.

        Gives what is to be called every few minutes: a transaction without a sign of life is ended by the
        server.

        Raises:
            CatalogueUnavailable: the transaction was lost; nothing has changed.
        """
        with self._database.writing() as connection:
            mine = select(IndexPropertyRow.value).where(IndexPropertyRow.name == IN_FORCE).with_for_update()
            before = connection.execute(mine).scalar_one()
            yield lambda: connection.execute(select(1)).close()
            for name, value in ((IN_FORCE, index), (SUPERSEDED, before), (BUILDING, ""), (MODEL, model)):
                _set(connection, name, value)

    def forget(self, index: str) -> None:
        """This one is gone, whether it was replaced or never done."""
        named = IndexPropertyRow.name.in_((BUILDING, SUPERSEDED)) & (IndexPropertyRow.value == index)
        with self._database.writing() as connection:
            connection.execute(update(IndexPropertyRow).where(named).values(value=""))


def check_publishable(connection: Connection, index: str) -> None:
    """Whether a version may be published into this index; that holds until the transaction ends.

    Raises:
        IndexMismatch, IndexChanging: it may not; see `IndexNames.check`.
    """
    mine = select(IndexPropertyRow.value).where(IndexPropertyRow.name == IN_FORCE)
    # Not waited for: whoever switches may wait for the lock of the document that is to be published here.
    if connection.scalar(mine.with_for_update(read=True, skip_locked=True)) is None:
        raise IndexChanging("documents wait: another model's index is being put in force")
    _names(connection).check(index)


def _names(connection: Connection) -> IndexNames:
    named = IndexPropertyRow.name.in_((IN_FORCE, BUILDING, SUPERSEDED, MODEL))
    rows = connection.execute(select(IndexPropertyRow.name, IndexPropertyRow.value).where(named))
    found = {row.name: row.value for row in rows}
    return IndexNames(*(found.get(name, "") for name in (IN_FORCE, BUILDING, SUPERSEDED, MODEL)))


def _set(connection: Connection, name: str, value: str) -> None:
    upsert(connection, IndexPropertyRow, {"name": name, "value": value}, {"value": value})
