"""Reading a document in again: what did not change is not embedded again."""

from __future__ import annotations

import asyncio

import pytest

from service.errors import CatalogueUnavailable
from service.local_engine import LocalEngine
from service.types import Condition, Filters, Query, Scope
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, put, sections
from tests.ingest.checking import assert_whole, found, live_chunks

FIRST = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
    Storage="The device is stored in a dry room between five and thirty degrees.",
)
CHANGED = FIRST.replace("twenty four months", "thirty six months")


def test_a_new_document_is_embedded_whole(engine: LocalEngine, embedder: FakeEmbedder) -> None:
    job = ingested(engine, "manual.md", FIRST)
    assert job.state == "done"
    assert job.report is not None
    assert (job.report.version, job.report.chunks, job.report.embedded) == (1, 3, 3)
    assert len(embedder.passages) == 3
    assert "twenty four months" in found(engine, "How long is the warranty?")[0]
    assert_whole(engine)


def test_the_same_file_again_is_neither_parsed_nor_embedded(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    ingested(engine, "manual.md", FIRST)
    embedder.passages.clear()
    job = ingested(engine, "manual.md", FIRST)
    assert job.report is not None
    assert (job.report.unchanged, job.report.version) == (True, 1)
    assert embedder.passages == []
    assert_whole(engine)


def test_a_changed_paragraph_embeds_its_own_chunk_alone(engine: LocalEngine, embedder: FakeEmbedder) -> None:
    ingested(engine, "manual.md", FIRST)
    embedder.passages.clear()
    job = ingested(engine, "manual.md", CHANGED)
    assert job.report is not None
    assert [getattr(job.report, name) for name in ("version", "embedded", "kept", "deleted")] == [2, 1, 2, 1]
    assert len(embedder.passages) == 1
    assert "thirty six months" in embedder.passages[0]
    assert all("twenty four" not in text for text in found(engine, "warranty twenty four months"))
    assert_whole(engine)


def test_chunks_that_moved_are_not_embedded_again(engine: LocalEngine, embedder: FakeEmbedder) -> None:
    ingested(engine, "manual.md", FIRST)
    embedder.passages.clear()
    before = "# Preface\n\nThis manual is for the people who work with the pump every day.\n\n"
    ingested(engine, "manual.md", before + FIRST)
    assert len(embedder.passages) == 1
    text = asyncio.run(engine.document_text(LOCAL, _only(engine), None)).text
    for hit in asyncio.run(engine.search(LOCAL, Query("warranty cleaning storage"))).hits:
        assert hit.chunk.text == text[hit.chunk.start : hit.chunk.end]
    assert_whole(engine)


def test_other_metadata_changes_what_is_found_and_embeds_nothing(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    ingested(engine, "manual.md", FIRST, metadata={"year": 2023})
    embedder.passages.clear()
    job = ingested(engine, "manual.md", FIRST, metadata={"year": 2024})
    assert job.report is not None
    assert job.report.embedded == 0
    assert embedder.passages == []
    in_year = {year: _count(engine, Condition("year", "eq", year)) for year in (2023, 2024)}
    assert in_year == {2023: 0, 2024: 3}
    assert asyncio.run(engine.document(LOCAL, _only(engine))).metadata["year"] == 2024


def test_other_groups_take_a_document_away_from_its_readers(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", FIRST, groups=("sales",))
    reader = Scope("local", frozenset({"sales"}))
    assert found(engine, "warranty", reader)
    ingested(engine, "manual.md", FIRST, groups=("board",))
    assert found(engine, "warranty", reader) == []


def test_going_back_to_the_first_text_is_a_third_version(engine: LocalEngine, embedder: FakeEmbedder) -> None:
    for text in (FIRST, CHANGED, FIRST):
        job = ingested(engine, "manual.md", text)
    assert job.report is not None
    assert job.report.version == 3
    assert asyncio.run(engine.document_text(LOCAL, _only(engine), 2)).text.count("thirty six") == 1
    assert_whole(engine)


def test_repeated_text_in_one_document_is_found_once_for_each_place(engine: LocalEngine) -> None:
    body = "The valve is opened by hand before the pump is started."
    ingested(engine, "manual.md", f"# Start\n\n{body}\n\n# Start\n\n{body}")
    assert len(live_chunks(engine)) == 2
    assert_whole(engine)


def test_two_uploads_of_one_source_become_two_versions_in_order(engine: LocalEngine) -> None:
    put(engine, "manual.md", FIRST)
    ingested(engine, "manual.md", CHANGED)
    record = asyncio.run(engine.document(LOCAL, _only(engine)))
    assert record.version == 2
    assert "thirty six months" in found(engine, "How long is the warranty?")[0]
    assert_whole(engine)


def test_the_same_source_in_two_tenants_is_two_documents(engine: LocalEngine) -> None:
    other = Scope("other", LOCAL.groups)
    ingested(engine, "manual.md", FIRST)
    ingested(engine, "manual.md", CHANGED, scope=other)
    assert "twenty four months" in found(engine, "warranty", LOCAL)[0]
    assert "thirty six months" in found(engine, "warranty", other)[0]
    assert_whole(engine)


def _only(engine: LocalEngine) -> str:
    (record,) = asyncio.run(engine.documents(LOCAL, None, 10)).items
    return record.id


def _count(engine: LocalEngine, condition: Condition) -> int:
    filters = Filters(metadata=(condition,))
    return len(asyncio.run(engine.search(LOCAL, Query("warranty cleaning storage", filters))).hits)


def test_what_was_published_and_not_noted_is_not_published_again(
    engine: LocalEngine, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", FIRST)
    job = put(engine, "manual.md", CHANGED)
    with monkeypatch.context() as dying:
        dying.setattr(engine.jobs, "finish", _is_away)
        with pytest.raises(CatalogueUnavailable):
            drain(engine)
    assert engine.jobs.get(LOCAL, job.id).report is None
    embedder.passages.clear()
    drain(engine)
    report = engine.jobs.get(LOCAL, job.id).report
    assert report is not None
    assert [getattr(report, name) for name in ("version", "embedded", "kept", "deleted")] == [2, 1, 2, 1]
    assert not report.unchanged
    assert embedder.passages == []
    assert_whole(engine)


def test_an_unchanged_file_whose_worker_died_gets_no_new_version(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    ingested(engine, "manual.md", FIRST)
    job = put(engine, "manual.md", FIRST)
    (claimed,) = engine.jobs.claim(1, 10**9)
    engine.jobs.release([claimed.lease], suspected=True)
    embedder.passages.clear()
    drain(engine)
    report = engine.jobs.get(LOCAL, job.id).report
    assert report is not None
    assert (report.unchanged, report.version) == (True, 1)
    assert embedder.passages == []
    assert_whole(engine)


def test_labels_that_were_given_and_not_noted_are_reported_as_a_change(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(engine, "manual.md", FIRST)
    job = put(engine, "manual.md", FIRST, metadata={"year": 2024})
    with monkeypatch.context() as dying:
        dying.setattr(engine.jobs, "finish", _is_away)
        with pytest.raises(CatalogueUnavailable):
            drain(engine)
    drain(engine)
    report = engine.jobs.get(LOCAL, job.id).report
    assert report is not None
    assert (report.unchanged, report.version) == (False, 1)
    assert_whole(engine)


def _is_away(_: object) -> None:
    raise CatalogueUnavailable("it went away at this very moment")
