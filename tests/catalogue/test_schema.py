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
from service.catalogue import Database, Documents, Jobs, Listing
from service.catalogue.database import SCHEMA
from service.catalogue.models import Base
from tests.catalogue.writing import ACME, OpenDatabase


def test_migrations_give_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_schema_that_is_expected_is_the_newest_migration() -> None:
    folder = Path(service.catalogue.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [SCHEMA]


def test_a_catalogue_that_is_opened_again_keeps_its_properties(open_database: OpenDatabase) -> None:
    first = open_database()
    first.set_index_property("index", "one")
    first.set_index_property("index", "two")
    first.close()
    again = open_database()
    assert (again.index_property("index"), again.index_property("other")) == ("two", None)


def test_a_catalogue_of_the_first_schema_is_brought_up_to_date_with_all_that_it_holds(folder: Path) -> None:
    with sqlite3.connect(folder / "catalogue.sqlite3") as connection:
        connection.executescript((Path(__file__).parent / "schema_0001.sql").read_text("utf-8"))
        connection.execute(
            "INSERT INTO answers SELECT 'an answer', 'acme', '', 'answered', json_array(chunk_id), created_at"
            " FROM chunks JOIN versions USING (document_id)"
        )
    connection.close()
    database = Database.in_folder(folder)
    (document,) = Listing(database).documents(ACME, None, 10).items
    assert (document.source, document.metadata, document.version) == ("manual.md", {"year": 2024}, 1)
    assert Listing(database).text(ACME, document.id, 1).text == "The pump hums."
    assert [chunk.text for chunk in Documents(database, 1).live_chunks(ACME, document.id)] == ["hums"]
    assert Jobs(database).claim(1, 100)[0].metadata == {"year": 2025}
    assert database.index_property("index") == "one"
    assert Jobs(database).new_epoch() > 1_000_000  # versions were the epochs of what is in the index
    assert Documents(database, 1).delete(ACME, document.id)[0].removed["answers"] == 1
    database.close()


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    from service.catalogue.models import IndexPropertyRow

    def half() -> None:
        with database.writing() as connection:
            connection.execute(IndexPropertyRow.__table__.insert().values(name="a", value="1"))
            connection.execute(IndexPropertyRow.__table__.insert().values(name="a", value="2"))

    with pytest.raises(IntegrityError):
        half()
    assert database.index_property("a") is None


def test_deleted_text_is_overwritten_in_the_file(folder: Path) -> None:
    database = Database.in_folder(folder)
    database.set_index_property("secret", "nobody may read this " * 50)
    database.set_index_property("secret", "")
    database.close()
    assert sqlite3.connect(folder / "catalogue.sqlite3").execute("PRAGMA integrity_check").fetchone() == (
        "ok",
    )
    assert b"nobody may read this" not in (folder / "catalogue.sqlite3").read_bytes()
