"""Every answer cache: what was put is found under its key, for its time, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from service.cache import AnswerCache
from service.cache.key import Key, key_of
from service.cache.memory import MemoryAnswers
from service.cache.shared import SharedAnswers
from service.redis import RedisServer
from service.settings import CacheSettings
from service.types import (
    Answer,
    Citation,
    Condition,
    Decision,
    DocumentRef,
    Filters,
    Query,
    Scope,
    Sentence,
    TokenMatch,
    TokenVectors,
    Usage,
    Warning,
)
from tests.answering import a_hit
from tests.redis_server import RedisServerProcess

ACME, GLOBEX = Scope("acme", frozenset({"sales"})), Scope("globex")
QUERY = Query("How long is the warranty?")
TOKENS = TokenVectors(np.array([7], np.int32), np.array([[1, 2]], np.int8))
MATCH = TokenMatch(TOKENS, np.array([0.5], np.float32), np.array([[0.5]], np.float32))


def an_answer(text: str = "It lasts 24 months.") -> Answer:
    document = DocumentRef("d1", "d1.md", "Handbook", 3, "x1", {"year": 2024, "share": 2.0, "open": True})
    return Answer(
        id="a1",
        status="answered",
        text=text,
        sentences=(Sentence(text, (1,), 0.98),),
        citations=(Citation(1, document, "c1", ("Care", "Warranty"), None, 3, 22, "It lasts", 0.5),),
        decision=Decision(True, 0.9, 0.5, False, None, {"coverage": 1.0}),
        model="extractive",
        llm_generated=False,
        usage=Usage(1, 2),
        timings_ms={"total": 1.5},
        trace_id="t",
        warnings=(Warning("rerank", "code", "said"),),
        hits=(replace(a_hit("It lasts 24 months."), tokens=TOKENS, match=MATCH),),
    )


def a_key(scope: Scope = ACME, query: Query = QUERY, epoch: int = 1, fingerprint: str = "f") -> Key:
    return key_of(scope, query, epoch, fingerprint)


Opener = Callable[..., AnswerCache]


@contextmanager
def in_memory(_: pytest.FixtureRequest) -> Iterator[Opener]:
    yield lambda **settings: MemoryAnswers(CacheSettings(**settings))


@contextmanager
def in_redis(request: pytest.FixtureRequest) -> Iterator[Opener]:
    process: RedisServerProcess = request.getfixturevalue("redis_server")
    server = RedisServer(process.settings())
    yield lambda **settings: SharedAnswers(server, CacheSettings(**settings))
    server.close()


@pytest.fixture(params=[in_memory, in_redis])
def opener(request: pytest.FixtureRequest) -> Iterator[Opener]:
    with request.param(request) as made:
        yield made


@pytest.fixture
def cache(opener: Opener) -> AnswerCache:
    return opener()


def test_an_answer_comes_back_as_it_was_put_less_the_vectors_and_their_matches(
    cache: AnswerCache,
) -> None:
    cache.put(a_key(), answer := an_answer())
    found = cache.get(a_key())
    assert found == replace(answer, hits=found.hits if found else ())
    assert [(hit.chunk, hit.fused, hit.tokens, hit.match) for hit in found.hits] == [
        (hit.chunk, hit.fused, None, None) for hit in answer.hits
    ]
    metadata = found.citations[0].document.metadata
    assert [type(metadata[name]) for name in ("year", "share", "open")] == [int, float, bool]


def test_what_was_never_put_is_not_found(cache: AnswerCache) -> None:
    assert cache.get(a_key()) is None


def test_the_last_answer_put_is_the_one_found(cache: AnswerCache) -> None:
    for text in ("First.", "Second."):
        cache.put(a_key(), an_answer(text))
    assert cache.get(a_key()).text == "Second."


@pytest.mark.parametrize(
    "other",
    [
        a_key(scope=GLOBEX),
        a_key(scope=Scope("acme")),
        a_key(scope=Scope("acme", frozenset({"sales", "service"}))),
        a_key(query=replace(QUERY, text="How long is the Warranty?")),
        a_key(query=replace(QUERY, top_k=9)),
        a_key(query=replace(QUERY, filters=Filters(source_prefix="a/"))),
        a_key(query=replace(QUERY, filters=Filters(metadata=(Condition("year", "eq", 1),)))),
        a_key(query=replace(QUERY, filters=Filters(metadata=(Condition("year", "eq", "1"),)))),
        a_key(
            query=replace(
                QUERY, filters=Filters(metadata=(Condition("day", "gt", datetime(2026, 1, 2, tzinfo=UTC)),))
            )
        ),
        a_key(epoch=2),
        a_key(fingerprint="g"),
    ],
)
def test_nothing_is_found_under_another_tenant_scope_question_corpus_or_model(
    cache: AnswerCache, other: Key
) -> None:
    cache.put(a_key(), an_answer())
    assert cache.get(other) is None


def test_the_same_question_is_found_whatever_its_spaces_and_the_order_of_groups(cache: AnswerCache) -> None:
    cache.put(a_key(Scope("acme", frozenset({"a", "b"}))), an_answer())
    again = replace(QUERY, text="  How long\nis the  warranty? ")
    assert cache.get(a_key(Scope("acme", frozenset({"b", "a"})), again)) is not None


def test_what_is_dropped_is_all_of_a_tenants_and_nothing_of_others(cache: AnswerCache) -> None:
    for key in (a_key(), a_key(epoch=2), a_key(Scope("acme"))):
        cache.put(key, an_answer())
    cache.put(a_key(GLOBEX), an_answer())
    assert cache.drop(Scope("acme")) == 3
    assert cache.get(a_key()) is None
    assert cache.get(a_key(GLOBEX)) is not None
    assert cache.drop(Scope("acme")) == 0


def test_answers_that_name_a_document_are_counted_within_their_tenant(cache: AnswerCache) -> None:
    cache.put(a_key(), an_answer())
    cache.put(a_key(GLOBEX), an_answer())
    quoted = an_answer().citations[0].document.id
    assert cache.count_quoting(Scope("acme"), quoted) == 1
    assert cache.count_quoting(Scope("acme"), "another") == 0
    cache.drop(Scope("acme"))
    assert cache.count_quoting(Scope("acme"), quoted) == 0


def test_who_has_ended_lets_the_next_begin(cache: AnswerCache) -> None:
    for _ in range(2):
        assert cache.begin(a_key())
        cache.end(a_key())


def test_memory_is_bounded_by_entries_and_the_one_used_longest_ago_goes_first() -> None:
    cache = MemoryAnswers(CacheSettings(max_entries=2))
    first, second, third = (a_key(epoch=epoch) for epoch in (1, 2, 3))
    cache.put(first, an_answer())
    cache.put(second, an_answer())
    assert cache.get(first) is not None
    cache.put(third, an_answer())
    assert [cache.get(key) is not None for key in (first, second, third)] == [True, False, True]


def test_memory_is_bounded_by_bytes_and_what_is_larger_than_all_of_it_is_not_kept() -> None:
    cache = MemoryAnswers(CacheSettings(max_bytes=30_000))
    for epoch in range(30):
        cache.put(a_key(epoch=epoch), an_answer("x" * 5_000))
    assert 0 < sum(cache.get(a_key(epoch=epoch)) is not None for epoch in range(30)) < 3
    cache.put(a_key(epoch=99), an_answer("x" * 30_000))
    assert cache.get(a_key(epoch=99)) is None


# --- in Redis alone --------------------------------------------------------------------------


@pytest.fixture
def two(redis_server: RedisServerProcess) -> Iterator[tuple[SharedAnswers, SharedAnswers]]:
    """The caches of two processes."""
    servers = [RedisServer(redis_server.settings()) for _ in range(2)]
    settings = CacheSettings(lease_s=60)
    yield SharedAnswers(servers[0], settings), SharedAnswers(servers[1], settings)
    for server in servers:
        server.close()


def test_what_one_process_puts_the_other_finds(two: tuple[SharedAnswers, SharedAnswers]) -> None:
    two[0].put(a_key(), an_answer())
    assert two[1].get(a_key()) is not None


def test_an_entry_that_another_version_wrote_is_none(
    two: tuple[SharedAnswers, SharedAnswers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.cache.entry.FORMAT", 0)
    two[0].put(a_key(), an_answer())
    monkeypatch.undo()
    assert two[1].get(a_key()) is None


def test_one_process_works_at_a_time(two: tuple[SharedAnswers, SharedAnswers]) -> None:
    first, second = two
    assert first.begin(a_key())
    assert not second.begin(a_key())
    assert second.begin(a_key(epoch=2))
    first.end(a_key())
    assert second.begin(a_key())


def test_who_ends_late_takes_nothing_from_who_came_after(
    two: tuple[SharedAnswers, SharedAnswers], redis_server: RedisServerProcess
) -> None:
    first, second = two
    assert first.begin(a_key())
    redis_server.flush()  # as if its lease had ended
    assert second.begin(a_key())
    first.end(a_key())
    assert not first.begin(a_key())


def test_everything_in_redis_has_an_end_and_names_neither_tenant_nor_question(
    two: tuple[SharedAnswers, SharedAnswers], redis_server: RedisServerProcess
) -> None:
    two[0].put(a_key(), an_answer())
    two[0].begin(a_key())
    client = redis_server.client()
    names = [name.decode() for name in client.keys("*")]
    assert len(names) == 3
    assert all(client.ttl(name) > 0 for name in names)
    assert not [name for name in names if "acme" in name or "warranty" in name.lower()]
    client.close()


def test_what_was_to_be_dropped_while_redis_was_away_goes_before_anything_is_found_again(
    two: tuple[SharedAnswers, SharedAnswers], redis_server: RedisServerProcess
) -> None:
    cache = two[0]
    cache.put(a_key(), an_answer())
    with redis_server.paused():
        assert cache.drop(ACME) is None
        assert cache.count_quoting(ACME, "a document") is None
    assert cache.get(a_key()) is None
    assert two[1].get(a_key()) is None
