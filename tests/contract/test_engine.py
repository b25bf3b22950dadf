"""What every engine promises: the one that works, and the one that stands in for it in the tests of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest

from service.engine import Engine
from service.errors import Conflict, InvalidFilter, InvalidInput, NotFound
from service.explaining import Expected
from service.records import Feedback, QueuedJob, Upload
from service.settings import DecideSettings
from service.types import EVERY_GROUP, Finished, Query, Retrieved, Scalar, Scope, SentenceReady
from tests.fakes import FakeEngine
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, quick_folder

ACME = Scope("acme", frozenset({EVERY_GROUP}))
GLOBEX = Scope("globex", frozenset({EVERY_GROUP}))
TEXT = "The warranty lasts 24 months."
QUESTION = Query("How long is the warranty?")


@dataclass
class Subject:
    """An engine, and how what was uploaded to it is read in."""

    engine: Engine
    drain: Callable[[], object] = lambda: None

    async def put(
        self,
        source: str,
        text: str = TEXT,
        *,
        scope: Scope = ACME,
        key: str | None = None,
        metadata: dict[str, Scalar] | None = None,
        groups: tuple[str, ...] = (),
    ) -> QueuedJob:
        upload = Upload(source, source, BytesIO(text.encode()))
        jobs = await self.engine.upload(
            scope, [upload], metadata=metadata or {}, groups=groups, idempotency_key=key
        )
        await asyncio.to_thread(self.drain)
        return jobs[0]


@contextmanager
def embedded(_: pytest.FixtureRequest, **services: Any) -> Iterator[Subject]:
    with quick_folder() as folder:
        embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
        with opened(folder / "data", embedder, decide=DecideSettings(threshold=0), **services) as engine:
            yield Subject(engine, lambda: drain(engine))


@contextmanager
def server(request: pytest.FixtureRequest) -> Iterator[Subject]:
    with embedded(request, **request.getfixturevalue("services")) as subject:
        yield subject


@contextmanager
def fake(_: pytest.FixtureRequest) -> Iterator[Subject]:
    yield Subject(FakeEngine())


@pytest.fixture(params=[embedded, server, fake])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    with request.param(request) as made:
        yield made


@pytest.fixture
def engine(subject: Subject) -> Engine:
    return subject.engine


# --- uploading -------------------------------------------------------------------------------


async def test_an_upload_becomes_a_job_that_ends_and_a_document(subject: Subject, engine: Engine) -> None:
    queued = await subject.put("manual.txt", metadata={"year": 2024})
    job = await engine.job(ACME, queued.id)
    assert (job.state, job.progress, job.document_id) == ("done", 1.0, queued.document_id)
    document = await engine.document(ACME, queued.document_id)
    assert (document.source, document.version, document.metadata) == ("manual.txt", 1, {"year": 2024})


async def test_the_same_source_again_is_a_new_version_of_the_document(
    subject: Subject, engine: Engine
) -> None:
    first, second = await subject.put("manual.txt"), await subject.put("manual.txt", f"{TEXT} Or more.")
    assert first.document_id == second.document_id
    assert (await engine.document(ACME, first.document_id)).version == 2


async def test_the_same_key_with_the_same_content_gives_the_same_jobs(subject: Subject) -> None:
    assert await subject.put("manual.txt", key="k") == await subject.put("manual.txt", key="k")


async def test_the_same_key_with_other_content_is_a_conflict(subject: Subject) -> None:
    await subject.put("manual.txt", key="k")
    with pytest.raises(Conflict):
        await subject.put("manual.txt", "Something else.", key="k")


async def test_a_key_of_another_tenant_is_another_key(subject: Subject) -> None:
    await subject.put("manual.txt", key="k")
    await subject.put("manual.txt", "Something else.", key="k", scope=GLOBEX)


async def test_a_repeated_upload_gives_its_jobs_and_does_not_bring_a_deleted_document_back(
    subject: Subject, engine: Engine
) -> None:
    first = await subject.put("manual.txt", key="k")
    await engine.delete(ACME, first.document_id)
    assert await subject.put("manual.txt", key="k") == first
    with pytest.raises(NotFound):
        await engine.document(ACME, first.document_id)
    with pytest.raises(NotFound):
        await engine.job(ACME, first.id)


async def test_metadata_that_cannot_be_searched_is_refused(subject: Subject) -> None:
    with pytest.raises(InvalidFilter):
        await subject.put("manual.txt", metadata={"a.b": 1})


# --- reading back ----------------------------------------------------------------------------


async def test_documents_are_listed_once_each_over_all_pages(subject: Subject, engine: Engine) -> None:
    for number in range(5):
        await subject.put(f"{number}.txt")
    found, cursor, more = [], None, True
    while more:
        page = await engine.documents(ACME, cursor, 2)
        found += [record.source for record in page.items]
        cursor, more = page.next_cursor, page.next_cursor is not None
    assert sorted(found) == [f"{number}.txt" for number in range(5)]


async def test_a_cursor_that_was_not_given_out_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput):
        await engine.documents(ACME, "%%%", 2)


async def test_chunks_are_pieces_of_the_text(subject: Subject, engine: Engine) -> None:
    document_id = (await subject.put("manual.txt")).document_id
    text = await engine.document_text(ACME, document_id, None)
    assert (text.version, TEXT in text.text) == (1, True)
    for chunk in (await engine.chunks(ACME, document_id, None, 10)).items:
        assert chunk.text == text.text[chunk.start : chunk.end]
    with pytest.raises(NotFound):
        await engine.document_text(ACME, document_id, 7)


@pytest.mark.parametrize(
    "stranger",
    [GLOBEX, Scope("acme", frozenset({"support"})), Scope("acme")],
    ids=["tenant", "group", "none"],
)
async def test_a_document_of_others_does_not_exist(subject: Subject, engine: Engine, stranger: Scope) -> None:
    document_id = (await subject.put("manual.txt", groups=("sales",))).document_id
    for reading in (
        engine.document(stranger, document_id),
        engine.document_text(stranger, document_id, None),
        engine.chunks(stranger, document_id, None, 10),
        engine.delete(stranger, document_id),
    ):
        with pytest.raises(NotFound):
            await reading
    assert (await engine.documents(stranger, None, 10)).items == ()
    assert (await engine.search(stranger, QUESTION)).hits == ()
    assert (await engine.search(Scope("acme", frozenset({"sales"})), QUESTION)).hits


async def test_after_a_delete_whose_receipt_counts_zero_nothing_knows_the_document(
    subject: Subject, engine: Engine
) -> None:
    document_id = (await subject.put("manual.txt")).document_id
    receipt = await engine.delete(ACME, document_id)
    assert (receipt.document_id, receipt.source) == (document_id, "manual.txt")
    assert receipt.removed.keys() == receipt.remaining.keys()
    assert set(receipt.remaining.values()) == {0}
    for reading in (engine.document(ACME, document_id), engine.delete(ACME, document_id)):
        with pytest.raises(NotFound):
            await reading
    assert (await engine.search(ACME, QUESTION)).hits == ()


# --- asking ----------------------------------------------------------------------------------


async def test_an_answer_quotes_its_document_exactly(subject: Subject, engine: Engine) -> None:
    document_id = (await subject.put("manual.txt")).document_id
    answer = await engine.answer(ACME, QUESTION)
    assert (answer.status, answer.decision.answer) == ("answered", True)
    text = (await engine.document_text(ACME, document_id, None)).text
    assert answer.citations
    for citation in answer.citations:
        assert citation.quote == text[citation.start : citation.end]


async def test_without_documents_the_answer_is_an_abstention_with_its_reason(engine: Engine) -> None:
    answer = await engine.answer(ACME, QUESTION)
    assert (answer.status, answer.sentences, answer.hits) == ("abstained", (), ())
    assert (answer.decision.answer, answer.decision.reason) == (False, "no_evidence")


async def test_a_stream_tells_hits_then_sentences_then_the_whole_answer(
    subject: Subject, engine: Engine
) -> None:
    await subject.put("manual.txt")
    first, *sentences, last = [event async for event in engine.stream(ACME, QUESTION)]
    assert isinstance(first, Retrieved)
    assert isinstance(last, Finished)
    assert first.hits == last.answer.hits
    told = [event.sentence for event in sentences if isinstance(event, SentenceReady)]
    assert tuple(told) == last.answer.sentences
    assert len(told) == len(sentences) > 0


async def test_a_search_gives_no_more_hits_than_are_asked_for(subject: Subject, engine: Engine) -> None:
    for number in range(3):
        await subject.put(f"{number}.txt", f"{TEXT} Number {number}.")
    assert len((await engine.search(ACME, Query(QUESTION.text, top_k=2))).hits) == 2


async def test_what_is_anothers_is_explained_as_what_is_not_there(subject: Subject, engine: Engine) -> None:
    document_id = (await subject.put("manual.txt")).document_id
    ours = await engine.explain(ACME, QUESTION, Expected(document_id=document_id))
    assert (ours.verdict, ours.seen.corpus.documents[0].state) == ("found", "live")
    theirs = await engine.explain(GLOBEX, QUESTION, Expected(document_id=document_id))
    nobodys = await engine.explain(GLOBEX, QUESTION, Expected(document_id="none"))
    assert theirs.verdict == "not_ingested"
    assert (theirs.why, theirs.fix, theirs.seen.way) == (nobodys.why, nobodys.fix, None)


async def test_an_answer_can_be_judged_at_once_by_those_it_was_given_to(
    subject: Subject, engine: Engine
) -> None:
    await subject.put("manual.txt")
    given = await engine.answer(ACME, QUESTION)
    assert await engine.feedback(ACME, Feedback(given.id, "up"))
    for scope, identifier in ((GLOBEX, given.id), (ACME, "unknown")):
        with pytest.raises(NotFound):
            await engine.feedback(scope, Feedback(identifier, "up"))


# --- observing -------------------------------------------------------------------------------


async def test_every_part_is_named_once_and_ready(engine: Engine) -> None:
    parts = await engine.readiness()
    assert all(part.ready for part in parts)
    assert len({part.component for part in parts}) == len(parts) > 0
    assert engine.model_names()


async def test_an_answer_has_the_id_that_was_asked_for_also_when_it_is_given_again(subject: Subject) -> None:
    await subject.put("manual.txt")
    for identifier in ("0b6e3a7c-5d1f-4a5f-9d3c-2b1a0f9e8d7c", "c6f6a1de-2d35-4b6e-8a52-0a7cf2a0f0c1"):
        asked = Query(QUESTION.text, answer_id=identifier)
        assert (await subject.engine.answer(ACME, asked)).id == identifier
        assert await subject.engine.feedback(ACME, Feedback(identifier, "up"))
