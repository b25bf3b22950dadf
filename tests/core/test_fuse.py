"""Reciprocal Rank Fusion against values computed by hand."""

from __future__ import annotations

import pytest

from service.fuse import fuse, in_turn
from service.settings import FuseSettings
from service.types import Candidate, Candidates
from tests.answering import a_hit

PLAIN = FuseSettings()


def ranked(*ids: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(name, 10.0 - rank) for rank, name in enumerate(ids))


def scores(candidates: Candidates, settings: FuseSettings = PLAIN) -> dict[str, float]:
    return {found.chunk_id: found.score for found in fuse(candidates, settings)}


def test_a_score_is_the_sum_of_one_over_sixty_plus_rank_counted_from_one() -> None:
    found = scores(Candidates(ranked("a", "b"), ranked("b", "c")))
    assert found == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})


def test_what_both_lists_hold_goes_before_the_best_of_one() -> None:
    order = [
        found.chunk_id for found in fuse(Candidates(ranked("a", "b", "c"), ranked("d", "e", "c")), PLAIN)
    ]
    assert order[0] == "c"


def test_equal_scores_are_ordered_by_the_chunks_id() -> None:
    order = [found.chunk_id for found in fuse(Candidates(ranked("z", "b"), ranked("a", "c")), PLAIN)]
    assert order == ["a", "z", "b", "c"]


def test_weights_and_k_are_those_of_the_settings() -> None:
    settings = FuseSettings(k=1, dense_weight=3, sparse_weight=0.5)
    assert scores(Candidates(ranked("a"), ranked("b", "a")), settings) == pytest.approx(
        {"a": 3 / 2 + 0.5 / 3, "b": 0.5 / 2}
    )


def test_a_fused_chunk_remembers_its_places_and_scores() -> None:
    (first, second) = fuse(Candidates(ranked("a"), ranked("b", "a")), PLAIN)
    assert (first.dense_rank, first.sparse_rank, first.dense_score, first.sparse_score) == (1, 2, 10.0, 9.0)
    assert (second.dense_rank, second.sparse_rank, second.dense_score) == (None, 1, None)


def test_one_empty_list_keeps_the_order_of_the_other() -> None:
    order = [found.chunk_id for found in fuse(Candidates((), ranked("c", "a", "b")), PLAIN)]
    assert order == ["c", "a", "b"]
    assert fuse(Candidates((), ()), PLAIN) == ()


def test_hits_of_several_parts_come_in_turn_once_each_and_name_their_part() -> None:
    a, b, c = (a_hit("text", id=name) for name in "abc")
    assert [(hit.chunk.id, hit.part) for hit in in_turn([[a, b], [a, c]])] == [("a", 0), ("b", 0), ("c", 1)]
