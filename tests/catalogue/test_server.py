"""A catalogue on a server of its own: its schema, its snapshots, and what goes wrong between it and us."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import select, text

from service.catalogue import CatalogueReader, Database, Jobs
from service.catalogue.database import SCHEMA, migrate
from service.catalogue.models import IndexPropertyRow
from service.errors import CatalogueBusy, CatalogueUnavailable, SchemaMismatch, StorageFull
from tests.catalogue.writing import ACME, OpenDatabase, a_job
from tests.postgres import PostgresServer


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database("template0") as url:
        yield url


@pytest.fixture
def server(postgres_url: str) -> Iterator[Database]:
    with closing(Database(postgres_url, lock_wait_s=0.05)) as database:
        yield database


def test_reads_in_one_block_see_one_state_whatever_others_write(open_database: OpenDatabase) -> None:
    reader, writer = open_database(), open_database()
    writer.set_index_property("index", "old")
    value = select(IndexPropertyRow.value)
    with reader.reading() as connection:
        before = connection.scalar(value)
        writer.set_index_property("index", "new")
        assert (before, connection.scalar(value)) == ("old", "old")
    assert reader.index_property("index") == "new"


# --- the schema ------------------------------------------------------------------------------


def test_a_server_without_tables_is_refused_with_the_command_that_makes_them(empty_url: str) -> None:
    with pytest.raises(SchemaMismatch) as caught:
        Database(empty_url)
    assert "footnote migrate" in caught.value.hint
    assert migrate(empty_url) is None
    with closing(Database(empty_url)) as database:
        assert database.check() == "readable and writable"


def test_a_schema_that_a_newer_version_made_is_refused(open_database: OpenDatabase, url: str) -> None:
    with open_database().writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opening in (Database, migrate):
        with pytest.raises(SchemaMismatch, match="9999"):
            opening(url)


def test_processes_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    together = threading.Barrier(4)

    def one() -> str | None:
        together.wait()
        return migrate(empty_url)

    with ThreadPoolExecutor(4) as threads:
        found = [running.result() for running in [threads.submit(one) for _ in range(4)]]
    assert set(found) <= {None, SCHEMA}
    Database(empty_url).close()


# --- what goes wrong -------------------------------------------------------------------------


def test_a_write_that_waited_in_vain_for_a_lock_says_that_trying_again_helps(
    server: Database, postgres_url: str
) -> None:
    with closing(Database(postgres_url)) as other, other.writing() as connection:
        connection.execute(text("LOCK TABLE jobs"))
        with pytest.raises(CatalogueBusy):
            Jobs(server).add(ACME, [a_job(ACME, "manual.md")])
    assert len(Jobs(server).add(ACME, [a_job(ACME, "manual.md")])) == 1


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("53100", StorageFull),
        ("40001", CatalogueBusy),
        ("40P01", CatalogueBusy),
        ("53300", CatalogueBusy),
        ("57P01", CatalogueUnavailable),
        ("XX001", CatalogueUnavailable),
    ],
)
def test_each_failure_of_the_server_is_one_of_ours(
    server: Database, sqlstate: str, expected: type[CatalogueUnavailable | StorageFull]
) -> None:
    failing = text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$")
    with pytest.raises(expected) as caught, server.writing() as connection:
        connection.execute(failing)
    assert type(caught.value) is expected


def test_connections_that_a_restart_of_the_server_has_cut_are_made_anew(
    server: Database, postgres_server: PostgresServer
) -> None:
    server.set_index_property("index", "one")
    postgres_server.stop()
    try:
        attempts: list[Callable[[], object]] = [lambda: server.index_property("index"), server.check]
        for attempt in attempts:
            with pytest.raises(CatalogueUnavailable):
                attempt()
    finally:
        postgres_server.start()
    server.set_index_property("index", "two")
    assert server.index_property("index") == "two"


def test_a_question_does_not_notice_that_its_connection_was_cut(
    server: Database, cut: Callable[[], None]
) -> None:
    reader = CatalogueReader(server)
    assert reader.epoch(ACME) == 0
    cut()
    assert reader.epoch(ACME) == 0


def test_a_question_that_finds_no_server_says_so(server: Database, postgres_server: PostgresServer) -> None:
    reader = CatalogueReader(server)
    reader.epoch(ACME)
    postgres_server.stop()
    try:
        with pytest.raises(CatalogueUnavailable):
            reader.epoch(ACME)
    finally:
        postgres_server.start()
    assert reader.epoch(ACME) == 0


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_is_not_told(
    postgres_server: PostgresServer,
) -> None:
    url = postgres_server.url("nothing").replace("postgres@", "postgres:secret@")
    with pytest.raises(CatalogueUnavailable) as caught:
        Database(url)
    assert "secret" not in f"{caught.value} {caught.value.hint}"
