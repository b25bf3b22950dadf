"""What processes of one PostgreSQL use, so that nobody removes it under them: advisory locks on its name.

They end with the process, or with its machine, as those of `advisory.py` do.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Connection, Engine, func, select

from service.catalogue.connecting import FOR_EVER, LOCK_WAIT_S, server_engine, translated
from service.errors import CatalogueUnavailable

LOOK_AGAIN_S = 0.1
KEPT_S = 300.0
"""How long something counts as used by a process that gives no sign of life."""


class Use:
    """A process uses something, together with any others that do, until it is closed.

    Args:
        url: the database's.
        name: of what is used; it is waited for while somebody is alone with it.
    """

    def __init__(self, url: str, name: str) -> None:
        self._engine = _engine(url, KEPT_S)
        self._number = _number(name)
        self._one_at_a_time = threading.Lock()
        self._held: Connection | None = None
        self.renew()

    def renew(self) -> None:
        """Gives a sign of life; takes it again where the connection was lost.

        Raises:
            CatalogueUnavailable: the database does not answer.
        """
        with self._one_at_a_time:
            if self._held is not None:
                try:
                    with translated():
                        self._held.scalar(select(1))
                    return
                except CatalogueUnavailable:
                    self._let_go()
            with translated():
                connection = self._engine.connect()
                try:
                    connection.scalar(select(func.pg_advisory_lock_shared(self._number)))
                except BaseException:
                    connection.close()
                    raise
            self._held = connection

    def close(self) -> None:
        """Uses it no more."""
        with self._one_at_a_time:
            self._let_go()
            self._engine.dispose()

    def _let_go(self) -> None:
        if (held := self._held) is not None:
            self._held = None
            held.invalidate()  # the lock goes with its connection
            held.close()


@contextmanager
def alone_with(url: str, name: str, wait_s: float = 0) -> Iterator[bool]:
    """Whether nobody uses what has this name; if so, nobody begins to before the block ends.

    Somebody who does is waited for so many seconds.
    """
    engine = _engine(url)
    try:
        with translated():
            connection = engine.connect()
        with closing(connection):
            take, until = select(func.pg_try_advisory_lock(_number(name))), time.monotonic() + wait_s
            with translated():
                while not (alone := bool(connection.scalar(take))) and time.monotonic() < until:
                    time.sleep(LOOK_AGAIN_S)
            yield alone
    finally:
        engine.dispose()  # the connection is in its pool again, and the lock goes with it


def _engine(url: str, idle_s: float = FOR_EVER) -> Engine:
    engine = server_engine(url, LOCK_WAIT_S, 1, idle_s)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _number(name: str) -> int:
    """The number under which the server knows the lock; those of documents begin with another mark."""
    return int.from_bytes(hashlib.blake2b(f"use {name}".encode(), digest_size=8).digest(), signed=True)
