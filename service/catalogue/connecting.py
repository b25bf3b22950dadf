"""Connections to SQL as the catalogue needs them, and what goes wrong with them in errors of ours."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Dialect, Engine, Text, create_engine, event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

from service.disk import ROOM
from service.errors import CatalogueBusy, CatalogueUnavailable, FootnoteError, StorageFull

LOCK_WAIT_S = 30.0
"""How long a write waits for another one: longer than any transaction of an ingest takes."""
WITHOUT_LIMIT = 0
"""To a server; a file takes it for not waiting at all."""
CONNECT_WAIT_S = 10
GRACE_S = 1
"""A server ends by itself what takes twice as long as a write waits for another. One that is silent for this
much longer stands still, or the network between does."""
MAX_CONNECTIONS = 16
"""To a server; who needs one more waits as long as a write waits for another."""
KEEPALIVE_S = 10
FOR_EVER = 0
BINARY = 1
"""The driver's number for answers that are not written out as text."""
FULL = ("SQLITE_FULL", "53100")
BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "57014", "40P01", "40001", "53300")
"""Locks and statements that took too long, a deadlock, a serialization failure, too many connections."""

_ANYTHING = TypeAdapter[Any](Any)


def file_engine(url: str, lock_wait_s: float, *, begins: bool = True, **options: Any) -> Engine:
    """Connections to a file, whose writers wait for each other.

    Where it does not `begin` transactions each statement is one, and nobody listens for what to begin: that
    alone takes SQLAlchemy ten times as long as the file needs to answer a small question.
    """
    engine = create_engine(url, connect_args={"timeout": lock_wait_s}, json_deserializer=read_json, **options)
    event.listen(engine, "connect", _set_pragmas)
    if begins:
        event.listen(engine, "begin", _begin)
    return engine


def server_engine(
    url: str, lock_wait_s: float, max_connections: int, idle_s: float = FOR_EVER, **options: Any
) -> Engine:
    """Connections that give up waiting, and that are tried before use: the server may have been restarted.

    After `idle_s` without a statement the server ends them, and when their machine is gone. In a transaction
    it does so after `lock_wait_s`: a process that stands still holds nobody up for longer than others wait.
    """
    limits = {
        "timezone": "UTC",
        "lock_timeout": f"{int(lock_wait_s * 1000)}ms",
        "statement_timeout": f"{int(lock_wait_s * 2000)}ms",
        "idle_in_transaction_session_timeout": f"{int(lock_wait_s * 1000)}ms",
        "idle_session_timeout": f"{int(idle_s * 1000)}ms",
        "tcp_keepalives_idle": KEEPALIVE_S,
        "tcp_keepalives_interval": KEEPALIVE_S,
        "tcp_keepalives_count": 3,
    }
    connect_wait_s = min(CONNECT_WAIT_S, math.ceil(lock_wait_s) or CONNECT_WAIT_S)
    given = " ".join(f"-c {name}={value}" for name, value in limits.items())
    engine = create_engine(
        url,
        connect_args={"options": given, "connect_timeout": connect_wait_s},
        pool_size=max_connections,
        max_overflow=0,
        pool_timeout=max(lock_wait_s, 1),
        json_deserializer=read_json,
        **{"pool_pre_ping": True, **options},
    )
    event.listen(engine, "before_cursor_execute", _answer_in_binary)
    if lock_wait_s > WITHOUT_LIMIT:
        connect = _impatient(lock_wait_s * 2 + GRACE_S)
        event.listen(engine, "do_connect", lambda _dialect, _record, given, named: connect(*given, **named))
    return engine


def _impatient(silence_s: float) -> Callable[..., Any]:
    """Makes connections of the driver that give up a server which says nothing for so long.

    The system keeps such a connection open: a process that is stopped acknowledges what it does not read.
    """
    import psycopg

    class Impatient(psycopg.Connection[Any]):
        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            """What the server answers; each statement waits here."""
            began = time.monotonic()
            try:
                return super().wait(gen, interval, silence_s if timeout is None else timeout)
            except psycopg.OperationalError:
                if timeout is None and time.monotonic() - began >= silence_s:
                    self.close()  # its answer may still come, and would be taken for that of the next one
                raise

    return Impatient.connect


def _answer_in_binary(
    _connection: object, cursor: Any, _statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    """What was executed with the option `binary` is answered so: bytes as text are twice as long."""
    if context is not None and context.execution_options.get("binary"):
        cursor.format = BINARY


def read_json(text: str | bytes) -> Any:
    """As `json.loads`, in a fifth of the time: a question reads some three hundred short texts of JSON."""
    try:
        return _ANYTHING.validate_json(text)
    except ValueError:  # half of a surrogate pair, which a document's warning may repeat, is no Unicode
        return json.loads(text)


@contextmanager
def translated() -> Iterator[None]:
    """The one place where SQL's errors become ours."""
    try:
        yield
    except NoConnection as error:
        raise CatalogueUnavailable(
            "all connections to the catalogue are in use (catalogue.max_connections)",
            hint="raise FOOTNOTE_CATALOGUE__MAX_CONNECTIONS, or start more processes",
        ) from error
    except DBAPIError as error:
        if type(error) not in (OperationalError, InternalError, InterfaceError, DatabaseError):
            raise
        raise _unavailable(error) from error


def was_cut(error: CatalogueUnavailable) -> bool:
    """Whether its connection has ended, as all do with a restart of the server."""
    return isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated


class Texts(TypeDecorator[list[str]]):
    """Any number of texts as one parameter: an array, or in a file's SQL, which has none, JSON."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    @override
    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" else json.dumps(value)


class among(FunctionElement[Any]):  # noqa: N801 # written like a function of SQL
    """Whether a column's value is one of a parameter of `Texts`.

    However many there are, the statement is the same: it is not written anew for each question, and a server
    plans it once. `in_` has a parameter for each.
    """

    inherit_cache = True


@compiles(among, "sqlite")
def _among_json(element: among, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"


@compiles(among, "postgresql")
def _among_array(element: among, compiler: Any, **options: Any) -> str:
    column, texts = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({texts})"


class unindexed(FunctionElement[str]):  # noqa: N801 # as `among`
    """A column by which nothing is looked up.

    A file has no statistics, and takes each condition that has an index for as good as any other. A server
    has some, and would know less of an expression than of a column.
    """

    type = Text()
    inherit_cache = True


@compiles(unindexed, "sqlite")
def _signed(element: unindexed, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(unindexed)
def _column(element: unindexed, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


def _unavailable(error: DBAPIError) -> FootnoteError:
    """What is wrong, in the driver's words: those of SQLAlchemy repeat what was to be written."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""
    if name.startswith(FULL):
        return StorageFull("the catalogue cannot be written: the disk is full", hint=ROOM)
    if name.startswith(BUSY):
        return CatalogueBusy("the catalogue is being written by others", hint="try again in a moment")
    return CatalogueUnavailable(
        f"the catalogue does not answer: {error.orig}",
        hint="look at the data folder and its disk, or at the server that catalogue.url names",
    )


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are opened by `_begin`, not by the driver
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "mmap_size=268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Writers take the write lock at once, so that none finds out half way that another was first."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
