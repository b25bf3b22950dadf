"""The connection to SQL: a SQLite file or a PostgreSQL server, its schema kept by Alembic.

Everything in which the two differ is in this module and in `connecting.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from service.catalogue.connecting import (
    GRACE_S,
    LOCK_WAIT_S,
    MAX_CONNECTIONS,
    WITHOUT_LIMIT,
    file_engine,
    server_engine,
    translated,
    was_cut,
)
from service.catalogue.models import Base, IndexPropertyRow, TenantRow
from service.errors import CatalogueBusy, CatalogueUnavailable, SchemaMismatch

SCHEMA = "0014"
"""The newest migration's revision."""

MIGRATION_LOCK = 0x666F6F74
"""The number of the lock under which a server's schema is changed."""

Result = TypeVar("Result")

INSERTS: Mapping[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


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
            self._engine = file_engine(url, lock_wait_s)
            self._readers = self._engine
            self._askers = file_engine(url, lock_wait_s, begins=False)
            self._impatient = file_engine(url, 0, poolclass=NullPool)
        else:
            half = max(1, max_connections // 2)
            self._engine = server_engine(url, lock_wait_s, half)
            self._readers = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._askers = server_engine(
                url, lock_wait_s, half, pool_pre_ping=False, isolation_level="AUTOCOMMIT"
            )
        try:
            with translated():
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
        with translated(), self._readers.connect() as connection:
            yield connection

    def ask(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` reads with statements each of which may see another state.

        No transaction is begun and ended. On a server each is one round trip rather than four, as the
        connection is not tried first either. Where it turns out to have been cut, all is done once more; a
        server that was silent is not waited for again.
        """
        began = time.monotonic()
        try:
            return self._asked(work)
        except CatalogueUnavailable as error:
            if not was_cut(error) or time.monotonic() - began > GRACE_S:
                raise
            return self._asked(work)

    def _asked(self, work: Callable[[Connection], Result]) -> Result:
        with translated(), self._askers.connect() as connection:
            return work(connection)

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

    def settle_index_property(self, name: str, value: str) -> str:
        """Keeps a property that there is none of yet; the value that holds, of whoever was first."""
        with self.writing() as connection:
            insert_new(connection, IndexPropertyRow, [{"name": name, "value": value}])
            query = select(IndexPropertyRow.value).where(IndexPropertyRow.name == name)
            return str(connection.scalar(query))

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()
        self._askers.dispose()


def migrate(url: str) -> str | None:
    """Brings the schema at the URL up to date, once however many try at a time; the schema that it had.

    Raises:
        SchemaMismatch: a newer version of Footnote has made it.
        CatalogueUnavailable: it cannot be reached.
    """
    is_file = make_url(url).get_backend_name() == "sqlite"
    engine = file_engine(url, LOCK_WAIT_S) if is_file else server_engine(url, WITHOUT_LIMIT, 1)
    try:
        with translated():
            return _check_schema(engine, may_migrate=True)
    finally:
        engine.dispose()


def insert_new(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows but for those that are there already; how many were new."""
    # Without the rows in it the statement is compiled once, however many there are.
    insert = INSERTS[connection.dialect.name](table).on_conflict_do_nothing()
    new = insert.execution_options(preserve_rowcount=True)
    return int(connection.execute(new, [dict(row) for row in rows]).rowcount)


def upsert(
    connection: Connection, table: type[Base], row: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    """Inserts a row, or gives the one of the same primary key these fields; either way it is locked."""
    insert = INSERTS[connection.dialect.name](table).values(**row)
    key = [column.name for column in table.__table__.primary_key]
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=fields))


def replace_older(connection: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows; those of the same primary key are replaced, unless they have a higher `epoch`."""
    columns = table.__table__.columns
    statement = INSERTS[connection.dialect.name](table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in table.__table__.primary_key],
            set_={
                column.name: statement.excluded[column.name] for column in columns if not column.primary_key
            },
            where=columns["epoch"] <= statement.excluded["epoch"],
        ),
        list(rows),
    )


def move_epoch(connection: Connection, tenant: str) -> None:
    """Tells every cache of the tenant that its corpus has changed."""
    upsert(connection, TenantRow, {"name": tenant, "epoch": 1}, {"epoch": TenantRow.epoch + 1})


def clock(connection: Connection) -> datetime:
    """This moment by the database's clock, the one clock that all processes share."""
    if connection.dialect.name == "sqlite":
        return now()
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def serving_since(connection: Connection) -> datetime:
    """When the database last began to answer, by its own clock; a file always does."""
    if connection.dialect.name == "sqlite":
        return datetime.min.replace(tzinfo=UTC)
    started: datetime = connection.execute(select(func.pg_postmaster_start_time())).scalar_one()
    return started


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with translated(), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


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
