"""The migrations and the models say the same, and a catalogue opens as it was left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

import service.catalogue
from service.catalogue import (
    Answers,
    Database,
    Documents,
    GivenAnswer,
    Jobs,
    Listing,
    Placements,
    Sample,
    SampledAnswer,
    Samples,
    Variants,
)
from service.catalogue.database import SCHEMA, now
from service.catalogue.models import Base
from service.drift.measures import measured
from service.tenancy import Placement
from tests.catalogue.writing import ACME, OpenDatabase, a_version, identifier, publish

FOLDER = Path(service.catalogue.__file__).parent / "migrations"


def test_migrations_give_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_the_schema_that_is_expected_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(FOLDER)).get_heads() == [SCHEMA]


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


def test_migrations_go_back_and_forth_over_what_is_there(database: Database, url: str) -> None:
    publish(database, ACME, a_version(ACME, "manual", "hums"))
    Placements(database).ask_for(ACME.tenant, "dedicated")
    sample = SampledAnswer("It hums.", "answered", (), (identifier(ACME, "manual"),), {})
    Samples(database).keep([Sample.new(ACME, "What does it do?", sample)])
    Variants(database).begin("bold", "1")
    given = GivenAnswer(
        "an answer", ACME.tenant, "?", "answered", (), now(), measures=(measured("p_answerable", 0.5),)
    )
    Answers(database).keep([given])
    database.close()
    _go_to(url, "0009")
    _go_to(url, "head")
    with closing(Database(url)) as again:
        with again.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert [one.source for one in Listing(again).documents(ACME, None, 10).items] == ["manual"]
        assert Placements(again).look(ACME.tenant) == Placement()
        assert Answers(again).variant_of(ACME, "an answer") == ""


def _go_to(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        going = command.upgrade if revision == "head" else command.downgrade
        going(config, revision)
    engine.dispose()


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
