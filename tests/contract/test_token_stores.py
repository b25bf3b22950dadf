"""What every store of token vectors must do: give back what it was given, to its tenant alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from service.store import TokenStore
from service.types import Point, Scope
from tests.contract.stores import ACME, GLOBEX, chunk_id, points_of

EPOCH = 1


def put(tokens: TokenStore, scope: Scope, document: str, *texts: str, epoch: int = EPOCH) -> list[str]:
    """Keeps the token vectors of each text; the chunks' ids."""
    points = points_of(scope, document, texts)
    tokens.put(scope, document, points, epoch)
    return [point.chunk_id for point in points]


def test_token_vectors_come_back_as_they_were_given(tokens: TokenStore) -> None:
    given = points_of(ACME, "manual", ["the pump hums", "press the valve"])
    tokens.put(ACME, "manual", given, EPOCH)
    found = tokens.get(ACME, [given[1].chunk_id, chunk_id("unknown")])
    expected = given[1].tokens
    assert expected is not None
    assert found.keys() == {given[1].chunk_id}
    np.testing.assert_array_equal(found[given[1].chunk_id].ids, expected.ids)
    np.testing.assert_array_equal(found[given[1].chunk_id].vectors, expected.vectors)


def test_what_is_put_again_takes_the_place_of_what_was_there(tokens: TokenStore) -> None:
    put(tokens, ACME, "manual", "the pump hums")
    (id,) = put(tokens, ACME, "manual", "press the green valve")
    assert len(tokens.get(ACME, [id])[id].ids) == 4
    assert tokens.count(ACME, "manual") == 1


def test_a_chunk_without_token_vectors_has_none_and_is_not_counted(tokens: TokenStore) -> None:
    (with_some,) = points_of(ACME, "manual", ["the pump hums"])
    without = Point(chunk_id("bare"), with_some.dense, with_some.sparse)
    tokens.put(ACME, "manual", [without], EPOCH)
    assert tokens.get(ACME, [without.chunk_id]) == {}
    assert tokens.count(ACME) == 0


def test_another_tenant_neither_gets_counts_nor_removes_them(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", "the pump hums")
    assert tokens.get(GLOBEX, ids) == {}
    assert (tokens.count(GLOBEX), tokens.chunk_ids(GLOBEX, "manual")) == (0, frozenset())
    tokens.discard(GLOBEX, "manual", ids, EPOCH)
    tokens.delete_document(GLOBEX, "manual", EPOCH)
    assert tokens.get(ACME, ids).keys() == set(ids)


def test_the_same_chunk_in_two_tenants_is_two(tokens: TokenStore) -> None:
    given = points_of(ACME, "manual", ["the pump hums"])
    for scope in (ACME, GLOBEX):
        tokens.put(scope, "manual", given, EPOCH)
    tokens.delete_document(GLOBEX, "manual", EPOCH)
    assert (tokens.count(ACME), tokens.count(GLOBEX)) == (1, 0)


def test_discarded_ones_are_gone_and_the_others_stay(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", "the pump hums", "press the valve")
    tokens.discard(ACME, "manual", ids[:1], EPOCH)
    assert tokens.get(ACME, ids).keys() == {ids[1]}
    assert tokens.chunk_ids(ACME, "manual") == {ids[1]}


def test_discarding_takes_those_of_that_document_alone(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", "the pump hums")
    tokens.discard(ACME, "other", ids, EPOCH)
    tokens.discard(ACME, "manual", [], EPOCH)
    assert tokens.count(ACME, "manual") == 1


def test_those_of_a_deleted_document_are_gone(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", "the pump hums", "press the valve")
    put(tokens, ACME, "other", "the pump stands")
    tokens.delete_document(ACME, "manual", EPOCH)
    tokens.delete_document(ACME, "never", EPOCH)
    assert tokens.get(ACME, ids) == {}
    assert (tokens.count(ACME, "manual"), tokens.count(ACME)) == (0, 1)


def test_more_than_one_statement_takes_come_back_and_go(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "long", *(f"pump number {n}" for n in range(1_100)))
    assert len(tokens.get(ACME, ids)) == tokens.count(ACME, "long") == 1_100
    tokens.discard(ACME, "long", ids[:1_050], EPOCH)
    assert tokens.chunk_ids(ACME, "long") == set(ids[1_050:])


def test_a_stopped_worker_that_wakes_late_removes_nothing_that_a_newer_version_uses(
    tokens: TokenStore,
) -> None:
    kept, back, gone = put(
        tokens, ACME, "manual", "the pump hums", "the pump leaks", "the pump stands", epoch=1
    )
    tokens.keep(ACME, "manual", [kept], 3)
    put(tokens, ACME, "manual", "the pump hums", "the pump leaks", epoch=3)
    tokens.keep(ACME, "manual", [back, gone], 2)
    tokens.discard(ACME, "manual", [kept, back, gone], 2)
    assert tokens.chunk_ids(ACME, "manual") == {kept, back}


def test_what_a_newer_version_keeps_is_its_own_without_being_put_again(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", *(f"pump number {n}" for n in range(600)), epoch=1)
    tokens.keep(ACME, "manual", ids, 3)
    tokens.keep(GLOBEX, "manual", ids, 9)
    tokens.discard(ACME, "manual", ids, 2)
    assert tokens.count(ACME, "manual") == 600
    tokens.discard(ACME, "manual", ids, 3)
    assert tokens.count(ACME, "manual") == 0


def test_a_delete_that_comes_late_leaves_what_was_put_in_again_since(tokens: TokenStore) -> None:
    put(tokens, ACME, "manual", "the pump hums", "the pump leaks", epoch=1)
    (kept,) = put(tokens, ACME, "manual", "the pump hums", epoch=3)
    tokens.delete_document(ACME, "manual", 2)
    assert tokens.chunk_ids(ACME, "manual") == {kept}
    tokens.delete_document(ACME, "manual", 3)
    assert tokens.count(ACME) == 0


def test_every_chunk_of_a_tenant_that_has_some_is_told_with_its_document(tokens: TokenStore) -> None:
    ids = put(tokens, ACME, "manual", *(f"pump number {n}" for n in range(1200)))
    (other,) = put(tokens, ACME, "a", "the valve hums")
    put(tokens, GLOBEX, "theirs", "the pump hums")
    assert sorted(tokens.chunks(ACME)) == sorted([*(("manual", one) for one in ids), ("a", other)])


def test_what_a_late_worker_puts_does_not_replace_what_a_newer_version_has(tokens: TokenStore) -> None:
    (id,) = put(tokens, ACME, "manual", "press the green valve", epoch=3)
    put(tokens, ACME, "manual", "the pump hums", epoch=2)
    assert len(tokens.get(ACME, [id])[id].ids) == 4
    put(tokens, ACME, "manual", "the pump hums", epoch=3)
    assert len(tokens.get(ACME, [id])[id].ids) == 3


def test_what_was_put_is_there_after_a_reopen_and_what_went_stays_away(
    reopen_tokens: Callable[[], TokenStore],
) -> None:
    tokens = reopen_tokens()
    ids = put(tokens, ACME, "manual", "the pump hums", "press the valve")
    tokens.discard(ACME, "manual", ids[:1], EPOCH)
    assert reopen_tokens().get(ACME, ids).keys() == {ids[1]}


def test_reads_and_writes_run_side_by_side(tokens: TokenStore) -> None:
    (kept,) = put(tokens, ACME, "manual", "the pump hums")
    failures: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for n in range(20):
                put(tokens, ACME, f"d{worker}-{n}", "the valve closes")
                assert kept in tokens.get(ACME, [kept])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tokens.count(ACME) == 61


def test_one_that_answers_says_so(tokens: TokenStore) -> None:
    assert tokens.check()
