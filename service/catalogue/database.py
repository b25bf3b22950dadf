"""The connection to SQL: a SQLite file or a PostgreSQL server, its schema kept by Alembic.

Everything in which the two differ is in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import NullPool

from service.catalogue.models import Base, IndexPropertyRow, TenantRow
from service.disk import ROOM
from service.errors import CatalogueBusy, CatalogueUnavailable, FootnoteError, SchemaMismatch, StorageFull

SCHEMA = "0007"
"""The newest migration's revision."""

LOCK_WAIT_S = 30
"""How long a write waits for another one: longer than any transaction of an ingest takes."""
WITHOUT_LIMIT = 0
"""To a server; a file takes it for not waiting at all."""
CONNECT_WAIT_S = 10
MAX_CONNECTIONS = 16
"""To a server; who needs one more waits as long as a write waits for another."""
MIGRATION_LOCK = 0x666F6F74
"""The number of the lock under which a server's schema is changed."""

INSERTS: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
FULL = ("SQLITE_FULL", "53100")
BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03", "57014", "40P01", "40001", "53300")
"""Locks and statements that took too long, a deadlock, a serialization failure, too many connections."""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


class Database:
    """A catalogue at a SQLAlchemy URL, `sqlite:///FILE` or `postgresql+psycopg://...`.

    Opening a file brings its schema up to date; a server is used by many processes, so its schema changes
    only when `migrate` is called. What goes wrong with the database itself leaves every method as
    `CatalogueUnavailable`; an `IntegrityError` or a `ProgrammingError` is a mistake of ours and stays one.

    Raises:
        SchemaMismatch: the schema is another than this version of Footnote needs.
    """

    def __init__(
        self, url: str, lock_wait_s: float = LOCK_WAIT_S, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self._is_file = make_url(url).get_backend_name() == "sqlite"
        if self._is_file:
            self._engine = _file(url, lock_wait_s)
            self._readers = self._engine
            self._impatient = _file(url, 0, poolclass=NullPool)
        else:
            self._engine = _server(url, lock_wait_s, max_connections)
            self._readers = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        try:
            with _translated():
                _check_schema(self._engine, may_migrate=self._is_file)
        except BaseException:
            self.close()
            raise

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The catalogue of a data folder."""
        return cls(f"sqlite:///{folder / 'catalogue.sqlite3'}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one snapshot of the data."""
        with _translated(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block.

        On a server others write at the same time, so what is read here in order to be written is locked
        (`with_for_update`), rows of several tables in this order: jobs, documents, tenants.
        """
        with _writing(self._engine) as connection:
            yield connection

    def check(self) -> str:
        """Reads, and tries whether it could write, without waiting for it; says what it found.

        Raises:
            CatalogueUnavailable: it cannot be read or written.
        """
        with self.reading() as connection:
            connection.execute(select(TenantRow.name).limit(1)).all()
        try:
            with _writing(self._impatient if self._is_file else self._engine) as connection:
                if not self._is_file and connection.scalar(select(func.pg_is_in_recovery())):
                    raise CatalogueUnavailable("the catalogue's server is a standby, which takes no writes")
                connection.execute(select(TenantRow.name).limit(1)).all()
        except CatalogueBusy:
            return "readable, and being written"
        return "readable and writable"

    def index_property(self, name: str) -> str | None:
        """A property of the index as a whole, or None."""
        with self.reading() as connection:
            return connection.scalar(select(IndexPropertyRow.value).where(IndexPropertyRow.name == name))

    def set_index_property(self, name: str, value: str) -> None:
        """Keeps a property of the index."""
        with self.writing() as connection:
            upsert(connection, IndexPropertyRow, {"name": name, "value": value}, {"value": value})

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()


def migrate(url: str) -> str | None:
    """Brings the schema at the URL up to date, once however many try at a time; the schema that it had.

    Raises:
        SchemaMismatch: a newer version of Footnote has made it.
        CatalogueUnavailable: it cannot be reached.
    """
    is_file = make_url(url).get_backend_name() == "sqlite"
    engine = _file(url, LOCK_WAIT_S) if is_file else _server(url, WITHOUT_LIMIT, 1)
    try:
        with _translated():
            return _check_schema(engine, may_migrate=True)
    finally:
        engine.dispose()


def insert_new(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows but for those that are there already; how many were new."""
    insert = INSERTS[connection.dialect.name](table).values([dict(row) for row in rows])
    new = insert.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return int(connection.execute(new).rowcount)


def upsert(
    connection: Connection, table: type[Base], row: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    """Inserts a row, or gives the one of the same primary key these fields; either way it is locked."""
    insert = INSERTS[connection.dialect.name](table).values(**row)
    key = [column.name for column in table.__table__.primary_key]
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=fields))


def move_epoch(connection: Connection, tenant: str) -> None:
    """Tells every cache of the tenant that its corpus has changed."""
    upsert(connection, TenantRow, {"name": tenant, "epoch": 1}, {"epoch": TenantRow.epoch + 1})


def clock(connection: Connection) -> datetime:
    """This moment by the database's clock, the one clock that all processes share."""
    if connection.dialect.name == "sqlite":
        return now()
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def _file(url: str, lock_wait_s: float, **options: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": lock_wait_s}, **options)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _server(url: str, lock_wait_s: float, max_connections: int) -> Engine:
    """Connections that give up waiting, and that are tried before use: the server may have been restarted."""
    limits = {
        "timezone": "UTC",
        "lock_timeout": f"{int(lock_wait_s * 1000)}ms",
        "statement_timeout": f"{int(lock_wait_s * 2000)}ms",
        "idle_in_transaction_session_timeout": f"{LOCK_WAIT_S * 10}s",
    }
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return create_engine(
        url,
        connect_args={"options": options, "connect_timeout": CONNECT_WAIT_S},
        pool_size=max_connections,
        max_overflow=0,
        pool_timeout=LOCK_WAIT_S,
        pool_pre_ping=True,
    )


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with _translated(), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where SQL's errors become ours."""
    try:
        yield
    except NoConnection as error:
        raise CatalogueUnavailable("all connections to the catalogue are in use") from error
    except DBAPIError as error:
        if type(error) not in (OperationalError, InternalError, InterfaceError, DatabaseError):
            raise
        raise _unavailable(error) from error


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


def _check_schema(engine: Engine, *, may_migrate: bool) -> str | None:
    """The schema that was found; brings it up to date where that is allowed."""
    with engine.connect() as connection:
        found = _revision(connection)
    if found is not None and found > SCHEMA:
        raise SchemaMismatch(
            f"the catalogue's schema is {found}, and this version of Footnote knows {SCHEMA}",
            hint="a newer version has made it: update this one",
        )
    if found != SCHEMA:
        if not may_migrate:
            raise SchemaMismatch(
                f"the catalogue's schema is {found or 'not there yet'}, and {SCHEMA} is needed",
                hint="run `footnote migrate`",
            )
        _migrate(engine)
    return found


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate(engine: Engine) -> None:
    """One transaction; a second process waits for its end, and then finds nothing to do."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(writes=True) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
