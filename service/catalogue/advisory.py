"""The locks and the lead that processes on one PostgreSQL share: advisory locks, which a session holds.

A session ends with its process, with its machine, and after a while without a statement; its locks are free
then. Whoever was merely slow finds out late or never, so no lock is trusted where it matters: writes to the
index carry epochs, and those of a job's results its lease.

They need sessions of their own: through a pooler that shares sessions between transactions (PgBouncer's
`transaction` mode) they exclude nobody.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, func, select, text
from typing_extensions import override

from service.catalogue.connecting import LOCK_WAIT_S, server_engine, translated
from service.errors import CatalogueBusy, CatalogueUnavailable
from service.locks import DocumentLocks
from service.types import Scope

log = logging.getLogger(__name__)

TAKE = text("SELECT pg_advisory_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")
FREE = text("SELECT pg_advisory_unlock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")
LEAD = 0x6C656164
"""The number of the lock that the leader holds."""
LEAD_KEPT_S = 300.0
"""How long the lead stays with a process that gives no sign of life; it gives one every minute."""


class ServerLocks(DocumentLocks):
    """The locks of all processes on one database.

    A thread that holds some takes further ones on the same connection, so that none waits for a connection
    while others wait for what it holds.

    Args:
        url: the database's.
        wait_s: how long a lock is waited for.
        kept_s: how long a lock stays with a process that gives no sign of life while it holds it.
        max_connections: how many threads can hold locks, or wait for some, at a time.
    """

    def __init__(self, url: str, wait_s: float, kept_s: float, max_connections: int) -> None:
        engine = server_engine(url, wait_s, max_connections, idle_s=kept_s)
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._of_thread = threading.local()

    @override
    @contextmanager
    def holding(self, scope: Scope, document_ids: Collection[str]) -> Iterator[None]:
        keys = sorted({_key(scope, document_id) for document_id in document_ids})
        with self._session() as connection:
            try:
                _take(connection, keys)
                yield
            finally:
                _free(connection, keys)

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        """The connection on which this thread holds locks already, or one of the pool."""
        if (mine := getattr(self._of_thread, "connection", None)) is not None:
            yield mine
            return
        with translated():
            connection = self._engine.connect()
        with connection:
            self._of_thread.connection = connection
            try:
                yield connection
            finally:
                del self._of_thread.connection

    def close(self) -> None:
        """Lets go of every connection, and so of every lock."""
        self._engine.dispose()


class Leadership:
    """One process of those on a database leads, as long as its connection lives.

    Args:
        url: the database's.
    """

    def __init__(self, url: str) -> None:
        engine = server_engine(url, LOCK_WAIT_S, 1, idle_s=LEAD_KEPT_S)
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._one_at_a_time = threading.Lock()
        self._held: Connection | None = None

    def leads(self) -> bool:
        """Whether this process leads now; takes the lead if nobody has it.

        Raises:
            CatalogueUnavailable: the database does not answer; then this process does not lead.
        """
        with self._one_at_a_time, translated():
            if self._held is not None and self._still_holds(self._held):
                return True
            connection = self._engine.connect()
            if connection.scalar(select(func.pg_try_advisory_lock(LEAD))):
                log.info("this process leads: it completes deletes and tidies up")
                self._held = connection
                return True
            connection.close()
            return False

    def _still_holds(self, connection: Connection) -> bool:
        try:
            with translated():
                connection.scalar(select(1))
        except BaseException:
            self._give_up(connection)
            raise
        return True

    def _give_up(self, connection: Connection) -> None:
        log.warning("this process leads no more: its connection is lost")
        self._held = None
        connection.invalidate()
        connection.close()

    def close(self) -> None:
        """Gives the lead to whoever asks next."""
        with self._one_at_a_time:
            if (held := self._held) is not None:
                self._held = None
                # A connection that is lost holds nothing any more.
                with suppress(CatalogueUnavailable), translated():
                    held.scalar(select(func.pg_advisory_unlock(LEAD)))
                held.close()
        self._engine.dispose()


def _key(scope: Scope, document_id: str) -> int:
    """The number under which the server knows the lock."""
    name = f"{len(scope.tenant)}:{scope.tenant}{document_id}"
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def _take(connection: Connection, keys: Sequence[int]) -> None:
    """Takes locks in the order of their numbers, in one round trip."""
    if connection.invalidated:
        raise CatalogueUnavailable("the locks of documents that were held are lost: their connection is")
    try:
        with translated():
            connection.execute(TAKE, {"numbers": list(keys)})
    except CatalogueBusy as error:
        raise CatalogueBusy(
            "others are changing the same documents (catalogue.lock_wait_s)", hint="try again in a moment"
        ) from error


def _free(connection: Connection, keys: Sequence[int]) -> None:
    """Frees locks, also those of which it is not known whether they were taken.

    One that is lost is no error: what was done under it is done, and the epochs guard it.
    """
    if not connection.invalidated:
        try:
            with translated():
                connection.execute(FREE, {"numbers": list(keys)})
            return
        except CatalogueUnavailable:
            connection.invalidate()
    log.warning("locks of documents were lost before they were given back")
