"""What is wrong with the database itself is an error of ours, and says nothing of what was to be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from service.catalogue import Database, Jobs, Listing
from service.errors import CatalogueBusy, CatalogueUnavailable
from tests.catalogue.test_answers import written_by_others
from tests.catalogue.writing import ACME, a_job
from tests.postgres import PostgresServer

FILE = "catalogue.sqlite3"


def opened(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / FILE}", lock_wait_s=0)


def made(folder: Path) -> None:
    opened(folder).close()


def without_its_tables(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA foreign_keys=OFF; DROP TABLE jobs; DROP TABLE tenants;")


def no_database(file: Path) -> None:
    for log in file.parent.glob(f"{FILE}-*"):
        log.unlink()
    file.write_bytes(b"this is no database at all, whoever wrote it" * 100)


DAMAGES: list[Callable[[Path], None]] = [without_its_tables, no_database]


def test_a_write_that_waited_in_vain_says_that_trying_again_helps(folder: Path) -> None:
    with closing(opened(folder)) as database:
        with written_by_others(folder), pytest.raises(CatalogueBusy) as caught:
            Jobs(database).add(ACME, [a_job(ACME, "a secret name")])
        assert (caught.value.status, caught.value.retryable) == (503, True)
        assert "secret" not in f"{caught.value} {caught.value.hint}"
        assert len(Jobs(database).add(ACME, [a_job(ACME, "manual.md")])) == 1


def test_reading_goes_on_while_others_write(folder: Path) -> None:
    with closing(opened(folder)) as database, written_by_others(folder):
        assert Listing(database).documents(ACME, None, 10).items == ()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_catalogue_is_unavailable_to_readers_and_writers(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    made(folder)
    damage(folder / FILE)
    with pytest.raises(CatalogueUnavailable), closing(opened(folder)) as database:
        Jobs(database).depth()
    with pytest.raises(CatalogueUnavailable), closing(opened(folder)) as database:
        Jobs(database).add(ACME, [a_job(ACME, "manual.md")])


def test_a_catalogue_that_cannot_be_opened_is_unavailable(folder: Path) -> None:
    (folder / FILE).mkdir()
    with pytest.raises(CatalogueUnavailable):
        opened(folder)


def test_a_check_says_whether_it_is_being_written_without_waiting(folder: Path) -> None:
    with closing(Database.in_folder(folder)) as database:
        assert database.check() == "readable and writable"
        with written_by_others(folder):
            assert database.check() == "readable, and being written"


@pytest.mark.parametrize("damage", [without_its_tables])
def test_a_check_finds_a_catalogue_that_was_damaged_while_it_was_open(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    with closing(opened(folder)) as database:
        damage(folder / FILE)
        with pytest.raises(CatalogueUnavailable):
            database.check()


def test_a_server_that_says_nothing_any_more_is_given_up_and_used_again_once_it_speaks(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    with closing(Database(postgres_url, lock_wait_s=0.1)) as database:
        jobs = Jobs(database)
        assert jobs.depth() == 0
        with postgres_server.paused():
            with pytest.raises(CatalogueUnavailable, match="catalogue"):
                jobs.depth()
            with pytest.raises(CatalogueUnavailable):
                jobs.add(ACME, [a_job(ACME, "manual.md")])
        assert len(jobs.add(ACME, [a_job(ACME, "manual.md")])) == 1
