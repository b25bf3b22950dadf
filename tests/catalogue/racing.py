"""Two processes that do something to the same rows at once, the same way in each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, func, select, text
from typing_extensions import override

from service.catalogue import Database

First = TypeVar("First")
Second = TypeVar("Second")


class _Pausing(Database):
    """Calls `written` when all of a transaction is written and nothing of it is committed."""

    written: Callable[[], None] = staticmethod(lambda: None)

    @contextmanager
    @override
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
            self.written()


def overtaking(
    url: str, first: Callable[[Database], First], second: Callable[[Database], Second]
) -> tuple[First, Second]:
    """What both return: `second` begins before `first` commits, and ends or waits before that goes on."""
    ended: list[Future[Second]] = []
    with (
        ThreadPoolExecutor(1) as threads,
        closing(_Pausing(url)) as ours,
        closing(Database(url)) as theirs,
        closing(Database(url)) as watching,
    ):

        def written() -> None:
            if not ended:
                ended.append(threads.submit(second, theirs))
                while not (ended[0].done() or _somebody_waits(watching)):
                    pass

        ours.written = written  # type: ignore[method-assign]
        result = first(ours)
        return result, ended[0].result()


def _somebody_waits(watching: Database) -> bool:
    """Whether a transaction waits for another one; a file has one writer at a time, so there each does."""
    with watching.reading() as connection:
        if connection.dialect.name == "sqlite":
            return True
        waiting = text("wait_event_type = 'Lock' AND datname = current_database()")
        found = select(func.count()).select_from(text("pg_stat_activity")).where(waiting)
        return bool(connection.scalar(found))
