"""The engine over the real catalogue and store: deletion, isolation, feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import document_id
from service.errors import Conflict, InvalidFilter, InvalidInput, LimitExceeded, NotFound
from service.local_engine import LocalEngine
from service.records import Feedback, Upload
from service.settings import DecideSettings, LoadSettings
from service.types import EVERY_GROUP, Answer, Finished, Query, Scope
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
OTHER = Scope("other", frozenset({EVERY_GROUP}))
MANUAL = document_id(LOCAL, "manual.md")
WARRANTY = Query("How long does the warranty of the pump last?")

READING: dict[str, Callable[[LocalEngine, Scope], Coroutine[Any, Any, object]]] = {
    "document": lambda engine, scope: engine.document(scope, MANUAL),
    "text": lambda engine, scope: engine.document_text(scope, MANUAL, None),
    "text of a version": lambda engine, scope: engine.document_text(scope, MANUAL, 1),
    "chunks": lambda engine, scope: engine.chunks(scope, MANUAL, None, 10),
    "delete": lambda engine, scope: engine.delete(scope, MANUAL),
}


def answered(engine: LocalEngine, query: Query = WARRANTY, scope: Scope = LOCAL) -> Answer:
    return asyncio.run(engine.answer(scope, query))


def hits(engine: LocalEngine, scope: Scope = LOCAL) -> int:
    return len(asyncio.run(engine.search(scope, WARRANTY)).hits)


# --- deleting --------------------------------------------------------------------------------


def test_a_receipt_counts_what_went_and_nothing_that_stayed(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    ingested(engine, "manual.md", TEXT.replace("months", "weeks"))
    receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
    assert (receipt.document_id, receipt.source) == (MANUAL, "manual.md")
    assert receipt.removed == {
        "documents": 1,
        "versions": 2,
        "chunks": 2,
        "jobs": 2,
        "answers": 0,
        "feedback": 0,
        "samples": 0,
        "vectors": 2,
        "sparse_entries": 2,
        "token_vectors": 2,
        "files": 1,
        "cached_answers": 0,
    }
    assert receipt.remaining == dict.fromkeys(receipt.removed, 0)


def test_a_receipt_counts_token_vectors_that_are_left_without_their_chunk(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    engine.index.vectors.delete_document(LOCAL, MANUAL, engine.jobs.new_epoch())
    receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
    assert (receipt.removed["vectors"], receipt.removed["token_vectors"]) == (0, 2)
    assert set(receipt.remaining.values()) == {0}


@pytest.mark.parametrize("route", READING)
def test_after_a_delete_no_route_knows_the_document(engine: LocalEngine, route: str) -> None:
    ingested(engine, "manual.md", TEXT)
    asyncio.run(engine.delete(LOCAL, MANUAL))
    with pytest.raises(NotFound):
        asyncio.run(READING[route](engine, LOCAL))


def test_after_a_delete_nothing_is_found_listed_or_answered(engine: LocalEngine) -> None:
    job = ingested(engine, "manual.md", TEXT)
    assert answered(engine).hits
    asyncio.run(engine.delete(LOCAL, MANUAL))
    answer = answered(engine)
    assert (hits(engine), answer.status, answer.hits) == (0, "abstained", ())
    assert answer.decision.reason == "no_evidence"
    assert asyncio.run(engine.documents(LOCAL, None, 10)).items == ()
    with pytest.raises(NotFound):
        asyncio.run(engine.job(LOCAL, job.id))


def test_after_a_delete_no_byte_of_the_text_is_left_in_the_data_folder(
    folder: Path, embedder: FakeEmbedder
) -> None:
    """`secure_delete` overwrites the pages; the log that they went through goes at close."""
    with opened(folder / "data", embedder) as engine:
        ingested(engine, "manual.md", TEXT)
        asyncio.run(engine.delete(LOCAL, MANUAL))
    holding = [
        path
        for path in (folder / "data").rglob("*")
        if path.is_file() and b"twenty four months" in path.read_bytes()
    ]
    assert holding == []


def test_a_queued_ingest_of_a_deleted_document_does_not_bring_it_back(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", TEXT.replace("months", "weeks"))
    receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
    assert receipt.removed["jobs"] == 2
    drain(engine)
    assert hits(engine) == 0
    assert engine.index.vectors.size() == 0


def test_an_upload_after_a_delete_is_a_first_version_again(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    asyncio.run(engine.delete(LOCAL, MANUAL))
    job = ingested(engine, "manual.md", TEXT)
    assert job.report is not None
    assert job.report.version == 1
    assert hits(engine) == 2


def test_deleting_one_of_two_equal_files_keeps_the_other_whole(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    ingested(engine, "copy.md", TEXT)
    receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
    assert receipt.removed["files"] == 0
    sha256 = engine.versions.live(LOCAL, document_id(LOCAL, "copy.md"))
    assert sha256 is not None
    assert engine.originals.blobs.exists(LOCAL, sha256.sha256)
    assert hits(engine) == 2


# --- scopes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("route", READING)
@pytest.mark.parametrize(
    "scope", [OTHER, Scope("local", frozenset({"support"})), Scope("local")], ids=["tenant", "group", "none"]
)
def test_a_document_of_others_does_not_exist(engine: LocalEngine, route: str, scope: Scope) -> None:
    ingested(engine, "manual.md", TEXT, groups=("sales",))
    with pytest.raises(NotFound):
        asyncio.run(READING[route](engine, scope))
    assert asyncio.run(engine.documents(scope, None, 10)).items == ()
    assert hits(engine, scope) == 0
    assert hits(engine, Scope("local", frozenset({"sales"}))) == 2


def test_a_job_of_another_tenant_does_not_exist(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    with pytest.raises(NotFound):
        asyncio.run(engine.job(OTHER, job.id))


# --- uploading -------------------------------------------------------------------------------


def test_the_same_key_and_content_give_the_same_job(engine: LocalEngine) -> None:
    first, again = (put(engine, "manual.md", TEXT, key="k") for _ in range(2))
    assert first.id == again.id
    assert engine.jobs.depth() == 1


def test_the_same_key_with_other_content_is_a_conflict(engine: LocalEngine) -> None:
    put(engine, "manual.md", TEXT, key="k")
    with pytest.raises(Conflict):
        put(engine, "manual.md", TEXT + "more", key="k")
    assert engine.jobs.depth() == 1


def test_the_same_key_in_another_tenant_is_another_key(engine: LocalEngine) -> None:
    put(engine, "manual.md", TEXT, key="k")
    put(engine, "manual.md", TEXT + "more", key="k", scope=OTHER)
    assert engine.jobs.depth() == 2


def test_metadata_that_cannot_be_searched_is_refused_before_anything_is_kept(
    engine: LocalEngine, folder: Path
) -> None:
    with pytest.raises(InvalidFilter):
        put(engine, "manual.md", TEXT, metadata={"a.b": 1})
    assert engine.jobs.depth() == 0
    assert not (folder / "data" / "files").exists()


def test_a_file_beyond_the_limit_leaves_nothing_behind(folder: Path, embedder: FakeEmbedder) -> None:
    with opened(folder / "data", embedder, load=LoadSettings(max_file_bytes=50)) as engine:
        uploads = [
            Upload("small.md", "small.md", BytesIO(b"small")),
            Upload("big.md", "big.md", BytesIO(b"x" * 51)),
        ]
        with pytest.raises(LimitExceeded, match=r"load\.max_file_bytes"):
            asyncio.run(engine.upload(LOCAL, uploads, metadata={}, groups=(), idempotency_key=None))
        assert engine.jobs.depth() == 0
        left = [path for path in (folder / "data" / "files").rglob("*") if path.is_file()]
        assert [path for path in left if "incoming" in path.name] == []
    with opened(folder / "data", embedder) as engine:  # at the next start at the latest
        assert [path for path in (folder / "data" / "files").rglob("*") if path.is_file()] == []


def test_a_cursor_of_nowhere_is_refused(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    for cursor in ("%%%", "ä", "====", "abc"):
        with pytest.raises(InvalidInput):
            asyncio.run(engine.chunks(LOCAL, MANUAL, cursor, 10))
    with pytest.raises(InvalidInput):
        asyncio.run(engine.documents(LOCAL, "%%%", 10))


# --- answers and feedback --------------------------------------------------------------------


def test_an_answer_quotes_its_document_exactly(folder: Path, embedder: FakeEmbedder) -> None:
    with opened(folder / "data", embedder, decide=DecideSettings(threshold=0)) as engine:
        ingested(engine, "manual.md", TEXT)
        answer = answered(engine)
        assert answer.status == "answered"
        text = asyncio.run(engine.document_text(LOCAL, MANUAL, None)).text
        for citation in answer.citations:
            assert citation.quote == text[citation.start : citation.end]
            assert (citation.document.source, citation.document.version) == ("manual.md", 1)


def test_an_answer_can_be_judged_whether_it_was_streamed_or_not(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)

    async def streamed() -> Answer:
        events = [event async for event in engine.stream(LOCAL, WARRANTY)]
        assert isinstance(events[-1], Finished)
        return events[-1].answer

    for answer in (answered(engine), asyncio.run(streamed())):
        assert asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "up", "good")))


@pytest.mark.parametrize("scope", [LOCAL, OTHER])
def test_an_answer_that_was_not_given_here_cannot_be_judged(engine: LocalEngine, scope: Scope) -> None:
    given = answered(engine).id if scope == OTHER else "unknown"
    with pytest.raises(NotFound):
        asyncio.run(engine.feedback(scope, Feedback(given, "down")))


async def test_a_stream_that_was_left_gives_way_to_ingests_again(engine: LocalEngine) -> None:
    stream = engine.stream(LOCAL, WARRANTY)
    await anext(stream)
    assert engine.gate._questions == 1
    await stream.aclose()
    assert engine.gate._questions == 0


async def test_every_part_that_a_question_needs_says_whether_it_is_ready(engine: LocalEngine) -> None:
    found = await engine.readiness()
    models = {"embed", "rerank", "decide", "generate", "cite"}
    assert {one.component for one in found} == {"catalogue", "store", "token_vectors", "originals", *models}
    assert all(one.ready for one in found)
