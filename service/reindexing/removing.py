"""The index that was replaced goes when no process answers from it any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.catalogue import Database, Indexes
from service.footing import Footing
from service.reindexing.holding import held_up
from service.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0


@dataclass
class Removal:
    """Removes indexes that are not in force."""

    settings: Settings
    footing: Footing
    _unused: str = ""
    """The superseded one, if nobody used it at the last look."""

    def look(self) -> None:
        """Removes the superseded index if nobody used it at this look and the one before.

        One look is not enough: after PostgreSQL was started again processes need a moment to say that they
        still use it.
        """
        if not (name := Indexes(self.footing.database).names().superseded):
            return
        with self.footing.alone_with(name) as alone:
            if alone and self._unused == name:
                self.remove(name)
            self._unused = name if alone else ""

    def remove_superseded(self) -> bool:
        """Removes the superseded index if nobody uses it; whether there is none any more."""
        if not (name := Indexes(self.footing.database).names().superseded):
            return True
        with self.footing.alone_with(name) as alone:
            if alone:
                self.remove(name)
            return alone

    def remove(self, name: str) -> None:
        """Removes the index with all of its vectors; cut off, it is done again."""
        from service.store.server_indexes import remove_collection

        remove_collection(self.settings.store.server, name)
        self.footing.token_table(name).remove_all()
        Indexes(self.footing.database).forget(name)
        log.info("the index %s is removed: no process used it any more", name)


def index_checks(database: Database, url: str, index: str) -> Mapping[str, Callable[[], str]]:
    """What `/readyz` is told of the index, where another process may put another one in force.

    A process whose index was replaced is ready: it answers from the earlier one.
    """

    def check() -> str:
        names = Indexes(database).names()
        said = names.described(index)
        waiting = names.building and held_up(database, url)
        return f"{said}; {waiting}" if waiting else said

    return {"index": check} if index else {}
