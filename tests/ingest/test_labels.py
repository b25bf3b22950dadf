"""Metadata and groups: what an upload leaves out is kept, and what it gives anew embeds nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from service.catalogue import document_id
from service.catalogue.models import TenantRow
from service.local_engine import LocalEngine
from service.records import DocumentRecord
from service.types import Condition, Filters, Query, Scalar, Scope
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, put, sections
from tests.ingest.checking import assert_whole, found

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
CHANGED = TEXT.replace("twenty four", "thirty six")
SALES = Scope("local", frozenset({"sales"}))


def a_page(year: int) -> str:
    """A file that tells its own year."""
    return f"---\nyear: {year}\n---\n\n{TEXT}"


def the_document(engine: LocalEngine, source: str = "manual.md") -> DocumentRecord:
    return asyncio.run(engine.document(LOCAL, document_id(LOCAL, source)))


def of_year(engine: LocalEngine, year: Scalar) -> int:
    filters = Filters(metadata=(Condition("year", "eq", year),))
    return len(asyncio.run(engine.search(LOCAL, Query("warranty housing", filters))).hits)


def epoch(engine: LocalEngine) -> int:
    with engine.database.reading() as connection:
        return connection.scalars(select(TenantRow.epoch)).one()


@pytest.mark.parametrize("text", [TEXT, CHANGED])
def test_an_upload_without_metadata_and_groups_keeps_those_of_the_document(
    engine: LocalEngine, text: str
) -> None:
    ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
    ingested(engine, "manual.md", text)
    assert (the_document(engine).metadata, the_document(engine).groups) == ({"year": 2024}, ("sales",))
    assert of_year(engine, 2024) == 2
    assert found(engine, "warranty", SALES)
    assert found(engine, "warranty", Scope("local", frozenset({"board"}))) == []
    assert_whole(engine)


@pytest.mark.parametrize("text", [TEXT, CHANGED])
def test_metadata_and_groups_that_are_given_empty_are_taken_away(engine: LocalEngine, text: str) -> None:
    ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
    ingested(engine, "manual.md", text, metadata={}, groups=())
    assert (the_document(engine).metadata, the_document(engine).groups) == ({}, ())
    assert of_year(engine, 2024) == 0
    assert found(engine, "warranty", Scope("local", frozenset({"board"})))


def test_each_of_the_two_is_kept_without_the_other(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT, metadata={"year": 2023}, groups=("sales",))
    ingested(engine, "manual.md", TEXT, metadata={"year": 2024})
    assert (the_document(engine).metadata, the_document(engine).groups) == ({"year": 2024}, ("sales",))
    ingested(engine, "manual.md", TEXT, groups=("board",))
    assert (the_document(engine).metadata, the_document(engine).groups) == ({"year": 2024}, ("board",))
    assert found(engine, "warranty", SALES) == []


def test_a_first_upload_without_metadata_has_none_and_is_open_to_all(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    assert (the_document(engine).metadata, the_document(engine).groups) == ({}, ())
    assert found(engine, "warranty", SALES)


def test_new_metadata_and_groups_alone_are_neither_parsed_nor_embedded_and_make_no_version(
    engine: LocalEngine, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", TEXT, metadata={"year": 2023}, groups=("board",))
    before = epoch(engine)
    embedder.passages.clear()
    monkeypatch.setattr("tests.fakes_core.parse", _never)
    job = ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
    assert (job.state, embedder.passages, the_document(engine).version) == ("done", [], 1)
    assert (of_year(engine, 2023), of_year(engine, 2024)) == (0, 2)
    assert found(engine, "warranty", SALES)
    assert epoch(engine) == before + 1
    assert_whole(engine)


def test_the_same_metadata_again_changes_nothing(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
    before = epoch(engine)
    ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
    assert epoch(engine) == before


def test_what_a_file_says_of_itself_follows_the_file_and_what_was_given_stays_above_it(
    engine: LocalEngine,
) -> None:
    ingested(engine, "page.md", a_page(2022), metadata={"team": "pumps"})
    assert the_document(engine, "page.md").metadata == {"year": 2022, "team": "pumps"}
    ingested(engine, "page.md", a_page(2023))
    assert the_document(engine, "page.md").metadata == {"year": 2023, "team": "pumps"}
    ingested(engine, "page.md", a_page(2023), metadata={"year": 2024})
    assert the_document(engine, "page.md").metadata == {"year": 2024}
    ingested(engine, "page.md", a_page(2023), metadata={})
    assert the_document(engine, "page.md").metadata == {"year": 2023}


def test_a_waiting_upload_of_a_group_stays_hidden_from_others_when_a_later_one_names_no_group(
    engine: LocalEngine,
) -> None:
    put(engine, "pay.md", TEXT, groups=("payroll",))
    put(engine, "pay.md", CHANGED)
    with pytest.raises(Exception, match="no document"):
        asyncio.run(engine.delete(SALES, document_id(LOCAL, "pay.md")))
    drain(engine)
    assert the_document(engine, "pay.md").groups == ("payroll",)


def test_the_records_of_a_file_keep_their_metadata_too(engine: LocalEngine) -> None:
    records = '{"_id": "1", "title": "Warranty", "text": "The warranty lasts for two years."}\n'
    ingested(engine, "faq.jsonl", records, metadata={"year": 2024})
    ingested(engine, "faq.jsonl", records)
    assert of_year(engine, 2024) == 1


def test_a_document_deleted_while_its_metadata_waits_to_change_leaves_nothing(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", TEXT, metadata={"year": 2024})
    asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "manual.md")))
    drain(engine)
    assert engine.index.vectors.size() == 0
    assert_whole(engine)


def _never(*_: Any) -> None:
    raise AssertionError("the file was parsed again")
