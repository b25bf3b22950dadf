"""The connection to SQL: SQLite with a write-ahead log, its schema kept current by Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select, text, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import NullPool

from service.catalogue.models import IndexPropertyRow, TenantRow
from service.disk import ROOM
from service.errors import CatalogueBusy, CatalogueUnavailable, FootnoteError, StorageFull

SCHEMA = "0004"
"""The newest migration's revision."""


LOCK_WAIT_S = 30
"""How long a write waits for another one: longer than any transaction of an ingest takes."""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


class Database:
    """A catalogue at a SQLAlchemy URL; opening it brings the schema up to date.

    What goes wrong with the database itself leaves every method as `CatalogueUnavailable`; an
    `IntegrityError` or a `ProgrammingError` is a mistake of ours and stays one.
    """

    def __init__(self, url: str, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._engine = _engine(create_engine(url, connect_args={"timeout": lock_wait_s}))
        self._impatient = _engine(create_engine(url, connect_args={"timeout": 0}, poolclass=NullPool))
        with _translated():
            if _revision(self._engine) != SCHEMA:
                _migrate(self._engine)

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The catalogue of a data folder."""
        return cls(f"sqlite:///{folder / 'catalogue.sqlite3'}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one snapshot of the data."""
        with _translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block."""
        with self._writing(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Connection]:
        with (
            _translated(),
            engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def check(self) -> str:
        """Reads, and takes the write lock without waiting for it; says what it found.

        Raises:
            CatalogueUnavailable: it cannot be read or written.
        """
        with self.reading() as connection:
            connection.execute(select(TenantRow.name).limit(1)).all()
        try:
            with self._writing(self._impatient) as connection:
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
            row = insert(IndexPropertyRow).values(name=name, value=value)
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()


def _engine(engine: Engine) -> Engine:
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def move_epoch(connection: Connection, tenant: str) -> None:
    """Tells every cache of the tenant that its corpus has changed."""
    row = insert(TenantRow).values(name=tenant, epoch=0)
    connection.execute(row.on_conflict_do_nothing())
    connection.execute(update(TenantRow).where(TenantRow.name == tenant).values(epoch=TenantRow.epoch + 1))


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
    name = getattr(error.orig, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return StorageFull("the catalogue cannot be written: the disk is full", hint=ROOM)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return CatalogueBusy("the catalogue is being written by others", hint="try again in a moment")
    return CatalogueUnavailable(
        f"the catalogue does not answer: {error.orig}", hint="look at the data folder and at its disk"
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


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
