"""What every vector store must do: isolation, staging, promotion, removal, durability."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from service.store import Store
from service.types import Condition, DocumentAttributes, QueryVectors, Scope, SparseVector
from tests.contract.stores import (
    ACME,
    ANYWHERE,
    GLOBEX,
    add,
    chunk_id,
    documents,
    found,
    point,
    stage,
    vectors,
    where,
)

EPOCH = 1


def shown(store: Store) -> set[str]:
    """The ids of ACME's chunks that a search for pumps finds."""
    return {one.chunk_id for one in store.search(ACME, vectors("pump"), ANYWHERE, 1000).dense}


# --- tenants and groups ----------------------------------------------------------------------


def test_a_tenant_finds_its_own_documents_alone(store: Store) -> None:
    add(store, ACME, "ours", "the pump hums")
    add(store, GLOBEX, "theirs", "the pump hums")
    assert found(store, ACME) == {"ours"}
    assert found(store, GLOBEX) == {"theirs"}


def test_the_same_document_id_in_two_tenants_is_two_documents(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    add(store, GLOBEX, "manual", "the pump hums")
    store.delete_document(ACME, "manual", EPOCH)
    assert (store.count(ACME), store.count(GLOBEX, "manual")) == (0, 1)


def test_nothing_written_in_one_tenant_touches_another(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums")
    store.discard(GLOBEX, "manual", ids, EPOCH)
    store.promote(GLOBEX, "manual", DocumentAttributes("elsewhere"), ids, EPOCH)
    assert store.chunk_ids(GLOBEX, "manual") == frozenset()
    assert found(store, ACME) == {"manual"}
    assert found(store, GLOBEX) == set()


@pytest.mark.parametrize("tenant", ["", "*", "+everyone", "a b", "ä/..", "x" * 300])
def test_any_text_is_a_tenant_of_its_own(store: Store, tenant: str) -> None:
    add(store, ACME, "ours", "the pump hums")
    odd = replace(ACME, tenant=tenant)
    assert found(store, odd) == set()
    add(store, odd, "theirs", "the pump hums")
    assert found(store, odd) == {"theirs"}
    assert found(store, ACME) == {"ours"}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), {"open"}),
        (("sales",), {"open", "sales"}),
        (("support", "sales"), {"open", "sales", "both"}),
        (("*",), {"open", "sales", "both"}),
        (("+everyone",), {"open"}),
    ],
)
def test_a_scope_finds_open_documents_and_those_of_its_groups(
    store: Store, groups: tuple[str, ...], expected: set[str]
) -> None:
    add(store, ACME, "open", "the pump hums")
    add(store, ACME, "sales", "the pump hums", attributes=DocumentAttributes("sales", ("sales",)))
    add(store, ACME, "both", "the pump hums", attributes=DocumentAttributes("both", ("support", "board")))
    assert found(store, Scope("acme", frozenset(groups))) == expected


# --- staging and promotion -------------------------------------------------------------------


def test_staged_chunks_are_not_found(store: Store) -> None:
    stage(store, ACME, "manual", ["the pump hums"])
    assert found(store, ACME) == set()


def test_staged_chunks_are_counted_and_listed(store: Store) -> None:
    ids = stage(store, ACME, "manual", ["the pump hums", "the pump leaks"])
    assert store.count(ACME, "manual") == store.count(ACME) == store.size() == 2
    assert store.chunk_ids(ACME, "manual") == frozenset(ids)


def test_a_promotion_shows_the_chunks_of_its_document_alone(store: Store) -> None:
    ids = stage(store, ACME, "manual", ["the pump hums"])
    others = stage(store, ACME, "other", ["the pump hums"])
    store.promote(ACME, "manual", DocumentAttributes("manual"), [*ids, *others], EPOCH)
    assert found(store, ACME) == {"manual"}


def test_a_promotion_shows_the_chunks_of_its_version_alone(store: Store) -> None:
    ids = stage(store, ACME, "manual", ["the pump hums", "the pump leaks", "the pump stands"])
    store.promote(ACME, "manual", DocumentAttributes("manual"), ids[:2], EPOCH)
    assert shown(store) == set(ids[:2])


def test_a_long_document_is_shown_whole_when_its_promotion_returns(store: Store) -> None:
    ids = stage(store, ACME, "manual", [f"the pump hums {n}" for n in range(400)])
    store.promote(ACME, "manual", DocumentAttributes("manual"), ids, EPOCH)
    assert len(store.search(ACME, vectors("pump"), ANYWHERE, 1000).dense) == 400


def test_promoting_nothing_or_what_is_not_there_changes_nothing(store: Store) -> None:
    stage(store, ACME, "manual", ["the pump hums"])
    store.promote(ACME, "manual", DocumentAttributes("manual"), [], EPOCH)
    store.promote(ACME, "manual", DocumentAttributes("manual"), [chunk_id("never")], EPOCH)
    assert found(store, ACME) == set()
    assert store.size() == 1


def test_staging_again_changes_nothing(store: Store) -> None:
    stage(store, ACME, "manual", ["the pump hums"])
    stage(store, ACME, "manual", ["the pump hums"])
    assert store.count(ACME, "manual") == 1


def test_a_promoted_chunk_stays_found_while_it_is_staged_with_new_vectors(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", "the pump leaks")
    assert stage(store, ACME, "manual", ["the valve hums", "the pump leaks", "the pump stands"])[:2] == ids
    candidates = store.search(ACME, vectors("valve pump"), ANYWHERE, 10)
    assert {one.chunk_id for one in candidates.dense} == set(ids)
    assert [one.chunk_id for one in store.search(ACME, vectors("valve"), ANYWHERE, 10).sparse] == ids[:1]


def test_a_promotion_replaces_the_facts_of_chunks_that_were_live(store: Store) -> None:
    old = DocumentAttributes("old", (), {"year": 2023, "draft": True})
    ids = add(store, ACME, "manual", "the pump hums", attributes=old)
    store.promote(ACME, "manual", DocumentAttributes("new", ("sales",), {"year": 2024}), ids, EPOCH)
    outsider = Scope("acme", frozenset({"support"}))
    assert found(store, outsider) == set()
    assert found(store, Scope("acme", frozenset({"sales"}))) == {"manual"}


# --- the two lists ---------------------------------------------------------------------------


def test_both_lists_are_best_first_and_no_longer_than_asked(store: Store) -> None:
    add(store, ACME, "near", "pump warranty")
    add(store, ACME, "far", "pump and a great many other things that nobody asked about today")
    add(store, ACME, "none", "quarterly holiday calendar")
    candidates = store.search(ACME, vectors("pump warranty"), ANYWHERE, 2)
    assert documents(store, ACME, candidates.dense) == ["near", "far"]
    assert documents(store, ACME, candidates.sparse) == ["near", "far"]
    for ranked in (candidates.dense, candidates.sparse):
        assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_the_dense_score_is_the_cosine_similarity(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    question = vectors("pump leaks")
    expected = float(np.dot(question.dense, point("any", "the pump hums").dense))
    assert store.search(ACME, question, ANYWHERE, 1).dense[0].score == pytest.approx(expected, abs=2e-3)


def test_a_question_without_terms_gives_an_empty_sparse_list(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    empty = QueryVectors(vectors("pump").dense, SparseVector((), ()))
    candidates = store.search(ACME, empty, ANYWHERE, 5)
    assert len(candidates.dense) == 1
    assert candidates.sparse == ()


def test_a_store_without_documents_finds_nothing(store: Store) -> None:
    assert found(store, ACME) == set()


def test_a_term_counts_by_how_rare_it_is_with_its_own_tenant(store: Store) -> None:
    """`valve` is rare with ACME and in every document of GLOBEX, `seal` the other way round."""
    for n in range(12):
        add(store, ACME, f"seal{n}", f"seal number {n}")
        add(store, GLOBEX, f"valve{n}", f"valve number {n}")
    for scope in (ACME, GLOBEX):
        add(store, scope, "about-valve", "valve maintenance")
        add(store, scope, "about-seal", "seal maintenance")
    for scope, rare in ((ACME, "about-valve"), (GLOBEX, "about-seal")):
        best = store.search(scope, vectors("valve seal"), ANYWHERE, 1).sparse
        assert documents(store, scope, best) == [rare]


def test_staged_chunks_do_not_weigh_on_term_statistics(store: Store) -> None:
    add(store, ACME, "valve", "valve maintenance")
    add(store, ACME, "seal", "seal maintenance")
    before = store.search(ACME, vectors("valve"), ANYWHERE, 1).sparse[0].score
    stage(store, ACME, "coming", [f"valve number {n}" for n in range(30)])
    assert store.search(ACME, vectors("valve"), ANYWHERE, 1).sparse[0].score == pytest.approx(before)


# --- removal ---------------------------------------------------------------------------------


def test_discarded_chunks_are_gone_and_the_others_stay(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", "the pump leaks")
    store.discard(ACME, "manual", ids[:1], EPOCH)
    assert store.chunk_ids(ACME, "manual") == frozenset(ids[1:])


def test_discarding_takes_chunks_of_that_document_alone(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums")
    store.discard(ACME, "other", ids, EPOCH)
    assert store.count(ACME, "manual") == 1


def test_discarding_nothing_or_what_is_not_there_changes_nothing(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    store.discard(ACME, "manual", [], EPOCH)
    store.discard(ACME, "manual", [chunk_id("never")], EPOCH)
    assert store.count(ACME) == 1


def test_a_deleted_document_is_gone_live_and_staged(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    stage(store, ACME, "manual", ["the pump hums", "the pump leaks"])
    add(store, ACME, "other", "the pump stands")
    store.delete_document(ACME, "manual", EPOCH)
    assert store.count(ACME, "manual") == 0
    assert store.chunk_ids(ACME, "manual") == frozenset()
    assert found(store, ACME) == {"other"}


def test_deleting_twice_is_harmless(store: Store) -> None:
    store.delete_document(ACME, "never", EPOCH)
    assert store.size() == 0


def test_a_document_of_many_chunks_is_listed_whole(store: Store) -> None:
    ids = stage(store, ACME, "long", [f"line {n}" for n in range(2500)])
    assert store.chunk_ids(ACME, "long") == frozenset(ids)
    assert store.count(ACME, "long") == 2500


# --- writers that come late ------------------------------------------------------------------


def test_a_stopped_worker_that_wakes_late_removes_nothing_that_a_newer_version_uses(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", "the pump leaks", epoch=1)
    store.promote(ACME, "manual", DocumentAttributes("manual"), ids[:1], 2)  # and stops here
    add(store, ACME, "manual", "the pump hums", "the pump leaks", epoch=3)
    store.discard(ACME, "manual", ids[1:], 2)  # and wakes
    assert shown(store) == set(ids)


def test_a_chunk_that_a_newer_version_has_merely_staged_is_not_removed_either(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", epoch=1)
    stage(store, ACME, "manual", ["the pump hums"], epoch=3)
    store.discard(ACME, "manual", ids, 2)
    assert store.chunk_ids(ACME, "manual") == set(ids)


def test_a_chunk_that_a_newer_version_keeps_is_its_own_without_being_staged_again(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", epoch=1)
    store.promote(ACME, "manual", DocumentAttributes("manual"), ids, 3)
    store.discard(ACME, "manual", ids, 2)
    assert shown(store) == set(ids)


def test_what_a_late_worker_stages_neither_hides_nor_replaces_what_a_newer_version_shows(
    store: Store,
) -> None:
    ids = add(store, ACME, "manual", "the valve hums", epoch=3)
    stage(store, ACME, "manual", ["the pump hums", "the pump leaks"], epoch=2)
    assert [one.chunk_id for one in store.search(ACME, vectors("valve"), ANYWHERE, 9).sparse] == ids
    assert store.search(ACME, vectors("pump"), ANYWHERE, 9).sparse == ()
    assert store.count(ACME, "manual") == 2


def test_a_late_promotion_changes_nothing_of_what_a_newer_version_shows(store: Store) -> None:
    newer = DocumentAttributes("manual", ("sales",), {"year": 2024})
    ids = add(store, ACME, "manual", "the pump hums", attributes=newer, epoch=3)
    store.promote(ACME, "manual", DocumentAttributes("manual", (), {"year": 2023}), ids, 2)
    assert found(store, Scope("acme", frozenset({"support"}))) == set()
    assert found(store, ACME, filters=where(Condition("year", "eq", 2024))) == {"manual"}


def test_what_a_late_worker_left_behind_goes_with_the_next_version(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", epoch=3)
    stage(store, ACME, "manual", ["the pump hums", "the pump leaks"], epoch=2)
    store.discard(ACME, "manual", sorted(store.chunk_ids(ACME, "manual") - set(ids)), 4)
    assert store.chunk_ids(ACME, "manual") == set(ids)


def test_a_delete_that_comes_late_leaves_what_was_put_in_again_since(store: Store) -> None:
    _, kept = add(store, ACME, "manual", "the pump hums", "the pump leaks", epoch=1)
    store.promote(ACME, "manual", DocumentAttributes("manual"), [kept], 3)
    store.delete_document(ACME, "manual", 2)
    assert shown(store) == {kept}
    store.delete_document(ACME, "manual", 3)
    assert store.count(ACME) == 0


def test_every_chunk_of_a_tenant_is_told_with_its_document_staged_or_promoted(store: Store) -> None:
    shown = add(store, ACME, "manual", *(f"pump number {n}" for n in range(1200)))
    hidden = stage(store, ACME, "other", ["the valve hums"])
    add(store, GLOBEX, "theirs", "the pump hums")
    told = sorted(store.chunks(ACME))
    assert told == sorted([*(("manual", one) for one in shown), ("other", hidden[0])])


def test_a_writer_may_do_everything_twice(store: Store) -> None:
    ids = add(store, ACME, "manual", "the pump hums", "the pump leaks", epoch=2)
    assert add(store, ACME, "manual", "the pump hums", "the pump leaks", epoch=2) == ids
    for _ in range(2):
        store.discard(ACME, "manual", ids[:1], 2)
    assert shown(store) == {ids[1]}


# --- durability ------------------------------------------------------------------------------


def test_what_was_stored_is_there_after_a_reopen(reopen: Callable[[], Store]) -> None:
    store = reopen()
    attributes = DocumentAttributes("policies/2024.md", ("sales",), {"year": 2024})
    ids = add(store, ACME, "manual", "the pump hums", attributes=attributes)
    stage(store, ACME, "coming", ["the pump leaks"])
    before = store.search(ACME, vectors("pump hums"), ANYWHERE, 5)
    store = reopen()
    after = store.search(ACME, vectors("pump hums"), ANYWHERE, 5)
    for then, now in ((before.dense, after.dense), (before.sparse, after.sparse)):
        assert [one.chunk_id for one in now] == [one.chunk_id for one in then] == ids
        assert [one.score for one in now] == pytest.approx([one.score for one in then])
    assert store.chunk_ids(ACME, "manual") == frozenset(ids)
    assert store.count(ACME, "coming") == 1
    assert store.size() == 2


def test_what_was_removed_stays_away_after_a_reopen(reopen: Callable[[], Store]) -> None:
    store = reopen()
    add(store, ACME, "manual", "the pump hums")
    store.delete_document(ACME, "manual", EPOCH)
    assert reopen().size() == 0


def test_searches_and_writes_run_side_by_side(store: Store) -> None:
    add(store, ACME, "manual", "the pump hums")
    failures: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for n in range(20):
                add(store, ACME, f"d{worker}-{n}", "the valve closes")
                assert "manual" in found(store, ACME, limit=1000)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count(ACME) == 61
