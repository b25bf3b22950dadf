"""What was answered is answered again from the cache, and nothing that may not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from service.errors import GeneratorUnavailable
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import CacheSettings, DecideSettings, RedisSettings
from service.types import (
    Answer,
    Context,
    Draft,
    Finished,
    Query,
    Question,
    Retrieved,
    Scope,
    SentenceReady,
    Usage,
)
from tests.fakes_core import LOCAL, FakeEmbedder, ingested, opened, sections
from tests.redis_server import RedisServerProcess

TEXT = sections(Warranty="The warranty of every pump lasts for twenty four months from delivery.")
SAID = "The warranty of every pump lasts for twenty four months from delivery. [1]"
QUERY = Query("How long does the warranty of a pump last?")
TWENTY = 20


@dataclass
class CountingGenerator:
    """Says a sentence of the passage; counts how often it was asked, and waits where it is told to."""

    said: str = SAID
    asked: int = 0
    closed: int = 0
    cut_off: bool = False
    gate: asyncio.Event | None = None
    failure: Exception | None = None
    model: str = "counting"
    llm: bool = True

    async def generate(self, question: Question, context: Context) -> AsyncIterator[Draft]:
        self.asked += 1
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            yield Draft(self.said)
            yield Draft(usage=Usage(11, 7), cut_off=self.cut_off)
        finally:
            self.closed += 1

    def check(self) -> str:
        return self.model

    async def aclose(self) -> None:
        pass


Open = Callable[..., "contextmanager[LocalEngine]"]


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> CountingGenerator:
    made = CountingGenerator()
    monkeypatch.setattr("service.stages._generator", lambda *_: made)
    return made


@pytest.fixture(params=["memory", "redis"])
def redis(request: pytest.FixtureRequest) -> RedisSettings:
    """Where answers are kept."""
    if request.param == "memory":
        return RedisSettings()
    server: RedisServerProcess = request.getfixturevalue("redis_server")
    return server.settings()


@contextmanager
def asked_engine(
    folder: Path, embedder: FakeEmbedder, redis: RedisSettings, **cache: object
) -> Iterator[LocalEngine]:
    sections = {"decide": DecideSettings(threshold=0), "cache": CacheSettings.model_validate(cache)}
    with opened(folder / "data", embedder, redis=redis, **sections) as engine:
        yield engine


@pytest.fixture
def engine(
    folder: Path, embedder: FakeEmbedder, generator: CountingGenerator, redis: RedisSettings
) -> Iterator[LocalEngine]:
    with asked_engine(folder, embedder, redis) as engine:
        ingested(engine, "manual.md", TEXT)
        yield engine


def ask(engine: LocalEngine, query: Query = QUERY, scope: Scope = LOCAL) -> Answer:
    return asyncio.run(engine.answer(scope, query))


# --- the same answer -------------------------------------------------------------------------


def test_the_same_question_is_answered_again_without_work(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    first, second = ask(engine), ask(engine, replace(QUERY, text=f" {QUERY.text}\n"))
    assert (first.status, generator.asked) == ("answered", 1)
    assert (first.cached, second.cached) == (False, True)
    assert (second.text, second.sentences, second.citations) == (
        first.text,
        first.sentences,
        first.citations,
    )
    assert second.decision == first.decision
    assert (set(second.timings_ms), second.usage) == ({"total"}, Usage())


def test_each_has_an_id_of_its_own_under_which_it_can_be_judged(engine: LocalEngine) -> None:
    first, second = ask(engine), ask(engine)
    assert first.id != second.id
    for answer in (first, second):
        asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "up", "", "")))
    assert len(engine.answers.judgements(LOCAL)) == 2


def test_a_stream_from_the_cache_tells_what_a_new_one_told(engine: LocalEngine) -> None:
    async def events() -> list[object]:
        return [event async for event in engine.stream(LOCAL, QUERY)]

    first, second = asyncio.run(events()), asyncio.run(events())
    assert [type(event) for event in first] == [Retrieved, SentenceReady, Finished]
    assert [type(event) for event in second] == [Retrieved, SentenceReady, Finished]
    assert second[1] == first[1]
    assert second[2].answer.cached


def test_an_abstention_is_kept_as_well(engine: LocalEngine, generator: CountingGenerator) -> None:
    generator.said = "I don't know."
    assert [ask(engine).status for _ in range(2)] == ["abstained"] * 2
    assert generator.asked == 1


def test_an_error_is_not_kept(engine: LocalEngine, generator: CountingGenerator) -> None:
    generator.failure = GeneratorUnavailable("away")
    with pytest.raises(GeneratorUnavailable):
        ask(engine)
    generator.failure = None
    assert ask(engine).status == "answered"


def test_an_answer_that_a_stage_fell_back_for_is_not_kept(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    engine.index.tokens.delete_document(LOCAL, ask(engine).citations[0].document.id, engine.jobs.new_epoch())
    other = replace(QUERY, text="How long is the warranty?")
    warned = ask(engine, other).warnings
    assert "token_vectors_lost" in {warning.code for warning in warned}
    ask(engine, other)
    assert generator.asked == 3


def test_an_answer_that_was_cut_off_says_so_and_is_not_kept(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.cut_off = True
    answers = [ask(engine) for _ in range(2)]
    assert [answer.warnings[-1].code for answer in answers] == ["cut_off"] * 2
    assert "generate.max_tokens" in answers[0].warnings[-1].message
    assert generator.asked == 2


def test_with_the_cache_switched_off_every_question_is_worked_on(
    folder: Path, embedder: FakeEmbedder, generator: CountingGenerator
) -> None:
    with asked_engine(folder, embedder, RedisSettings(), enabled=False) as engine:
        ingested(engine, "manual.md", TEXT)
        assert [ask(engine).cached for _ in range(2)] == [False, False]
    assert generator.asked == 2


# --- never a stale or foreign one ------------------------------------------------------------


def test_after_a_delete_nothing_of_the_document_is_answered_or_left_in_the_cache(
    engine: LocalEngine,
) -> None:
    document = ask(engine).citations[0].document.id
    asyncio.run(engine.delete(LOCAL, document))
    assert ask(engine).status == "abstained"
    assert ask(engine).cached
    assert engine.sharing.drop_answers(LOCAL) == 1  # the abstention alone


def test_after_a_new_version_the_old_one_is_not_answered(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    ask(engine)
    ingested(engine, "manual.md", TEXT.replace("months", "weeks"))
    generator.said = SAID.replace("months", "weeks")
    assert "weeks" in ask(engine).text


def test_a_reader_who_lost_a_group_is_not_given_what_was_answered_before(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    ingested(engine, "manual.md", TEXT, groups=("sales",))
    seller, other = (Scope("local", frozenset(groups)) for groups in (["sales"], ["service"]))
    assert ask(engine, scope=seller).status == "answered"
    assert ask(engine, scope=other).status == "abstained"  # as after the group was taken away


def test_a_document_that_is_kept_from_a_group_is_not_answered_from_the_cache(engine: LocalEngine) -> None:
    reader = Scope("local", frozenset({"service"}))
    assert ask(engine, scope=reader).status == "answered"
    ingested(engine, "manual.md", TEXT, groups=("sales",))
    assert ask(engine, scope=reader).status == "abstained"


def test_another_tenant_is_not_given_what_was_answered(engine: LocalEngine) -> None:
    assert ask(engine).status == "answered"
    assert ask(engine, scope=Scope("other", LOCAL.groups)).status == "abstained"


async def test_an_answer_made_while_a_document_is_deleted_is_not_kept(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.gate = asyncio.Event()
    asking = asyncio.create_task(engine.answer(LOCAL, QUERY))
    while not generator.asked:
        await asyncio.sleep(0)
    page = await engine.documents(LOCAL, None, 1)
    await engine.delete(LOCAL, page.items[0].id)
    generator.gate.set()
    await asking
    assert engine.sharing.drop_answers(LOCAL) == 0
    assert (await engine.answer(LOCAL, QUERY)).status == "abstained"


def test_other_settings_are_other_answers(
    folder: Path, embedder: FakeEmbedder, generator: CountingGenerator, redis_server: RedisServerProcess
) -> None:
    with asked_engine(folder, embedder, redis_server.settings()) as engine:
        ingested(engine, "manual.md", TEXT)
        ask(engine)
    for threshold, asked in ((0.0, 1), (0.01, 2)):
        sections = {"decide": DecideSettings(threshold=threshold), "redis": redis_server.settings()}
        with opened(folder / "data", embedder, **sections) as engine:
            ask(engine)
        assert generator.asked == asked


# --- once, however many ask ------------------------------------------------------------------


async def test_twenty_who_ask_the_same_at_once_are_answered_once(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.gate = asyncio.Event()
    asking = [asyncio.create_task(engine.answer(LOCAL, QUERY)) for _ in range(TWENTY)]
    while not generator.asked:
        await asyncio.sleep(0)
    generator.gate.set()
    answers = await asyncio.gather(*asking)
    assert (generator.asked, len({answer.id for answer in answers})) == (1, TWENTY)
    assert sorted(answer.cached for answer in answers) == [False] + [True] * (TWENTY - 1)


async def test_who_leaves_takes_nothing_from_the_others(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.gate = asyncio.Event()
    first, second = (asyncio.create_task(engine.answer(LOCAL, QUERY)) for _ in range(2))
    while not generator.asked:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    generator.gate.set()
    assert (await second).status == "answered"
    assert generator.asked == 1


async def test_when_the_last_one_leaves_the_work_ends(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.gate = asyncio.Event()
    asking = asyncio.create_task(engine.answer(LOCAL, QUERY))
    while not generator.asked:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert generator.closed == 1
    generator.gate.set()
    assert (await engine.answer(LOCAL, QUERY)).status == "answered"


async def test_a_failure_is_that_of_all_who_waited_and_of_nobody_after(
    engine: LocalEngine, generator: CountingGenerator
) -> None:
    generator.gate, generator.failure = asyncio.Event(), GeneratorUnavailable("away")
    asking = [asyncio.create_task(engine.answer(LOCAL, QUERY)) for _ in range(3)]
    while not generator.asked:
        await asyncio.sleep(0)
    generator.gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in found] == [GeneratorUnavailable] * 3
    generator.failure = None
    assert (await engine.answer(LOCAL, QUERY)).status == "answered"


# --- several processes -----------------------------------------------------------------------


def answering_like(engine: LocalEngine, server: RedisServerProcess, lease_s: float = 60):  # type: ignore[no-untyped-def]
    """The answering of another process on the same documents."""
    from service.answering import Answering
    from service.cache.shared import SharedAnswers
    from service.redis import RedisServer

    cache = SharedAnswers(RedisServer(server.settings()), CacheSettings(lease_s=lease_s))
    return Answering(engine.pipeline, cache, engine.pipeline.reader.epoch, lease_s, "same")  # type: ignore[attr-defined]


async def finished(answering, query: Query = QUERY) -> Answer:  # type: ignore[no-untyped-def]
    return [event async for event in answering.stream(LOCAL, query)][-1].answer


@pytest.fixture
def here(
    folder: Path, embedder: FakeEmbedder, generator: CountingGenerator, redis_server: RedisServerProcess
) -> Iterator[LocalEngine]:
    with asked_engine(folder, embedder, redis_server.settings()) as engine:
        ingested(engine, "manual.md", TEXT)
        yield engine


async def test_two_processes_that_are_asked_the_same_at_once_work_once(
    here: LocalEngine, generator: CountingGenerator, redis_server: RedisServerProcess
) -> None:
    one, two = answering_like(here, redis_server), answering_like(here, redis_server)
    generator.gate = asyncio.Event()
    asking = [asyncio.create_task(finished(process)) for process in (one, two) * 5]
    while not generator.asked:
        await asyncio.sleep(0)
    generator.gate.set()
    assert {answer.text for answer in await asyncio.gather(*asking)} == {SAID}
    assert generator.asked == 1
    for process in (one, two):
        process.close()


async def test_who_waits_longer_than_the_lease_for_another_process_works_alone(
    here: LocalEngine, generator: CountingGenerator, redis_server: RedisServerProcess
) -> None:
    dead, other = answering_like(here, redis_server), answering_like(here, redis_server, lease_s=0.01)
    key = dead._key(LOCAL, QUERY)
    assert dead.cache.begin(key)  # and is never heard of again
    assert (await finished(other)).status == "answered"
    for process in (dead, other):
        process.close()


def test_redis_away_at_any_time_costs_no_answer(
    here: LocalEngine, generator: CountingGenerator, redis_server: RedisServerProcess
) -> None:
    assert ask(here).status == "answered"
    with redis_server.paused():
        assert [ask(here).status for _ in range(2)] == ["answered"] * 2
        assert here.sharing.redis_is_up is False
        (said,) = [one for one in asyncio.run(here.readiness()) if one.component == "redis"]
        assert (said.ready, said.detail.startswith("away")) == (True, True)
    assert (generator.asked, ask(here).cached) == (3, True)
    redis_server.kill()
    assert ask(here).status == "answered"
    redis_server.start()
    ask(here)
    assert ask(here).cached
    assert here.sharing.redis_is_up


def test_an_outage_is_logged_once_and_so_is_its_end(
    here: LocalEngine, redis_server: RedisServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "service.redis")
    redis_server.kill()
    for _ in range(3):
        ask(here)
    redis_server.start()
    for _ in range(3):
        ask(here)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Redis is away",
        "Redis is back",
    ]
