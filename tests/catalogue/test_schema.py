"""The migrations and the models say the same, and a catalogue opens as it was left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

import service.catalogue
from service.catalogue import Database
from service.catalogue.database import SCHEMA
from service.catalogue.models import Base


def test_migrations_give_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_schema_that_is_expected_is_the_newest_migration() -> None:
    folder = Path(service.catalogue.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [SCHEMA]


def test_a_catalogue_that_is_opened_again_keeps_its_facts(folder: Path) -> None:
    first = Database.in_folder(folder)
    first.set_fact("index", "one")
    first.set_fact("index", "two")
    first.close()
    again = Database.in_folder(folder)
    assert (again.fact("index"), again.fact("other")) == ("two", None)
    again.close()


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    from service.catalogue.models import FactRow

    def half() -> None:
        with database.writing() as connection:
            connection.execute(FactRow.__table__.insert().values(name="a", value="1"))
            connection.execute(FactRow.__table__.insert().values(name="a", value="2"))

    with pytest.raises(IntegrityError):
        half()
    assert database.fact("a") is None


def test_deleted_text_is_overwritten_in_the_file(database: Database, folder: Path) -> None:
    database.set_fact("secret", "nobody may read this " * 50)
    database.set_fact("secret", "")
    database.close()
    assert sqlite3.connect(folder / "catalogue.sqlite3").execute("PRAGMA integrity_check").fetchone() == (
        "ok",
    )
    assert b"nobody may read this" not in (folder / "catalogue.sqlite3").read_bytes()
