"""Measures of a ranking, and how hits become a ranking of documents."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from eval.retrieval import RANKINGS, documents, load, ndcg, recall


def hit(record: str, chunk: str, dense: int | None, sparse: int | None, fused: float) -> dict[str, Any]:
    scores = {"dense_rank": dense, "sparse_rank": sparse, "fused": fused}
    return {"external_id": record, "chunk_id": chunk, "scores": scores}


def test_a_perfect_ranking_has_ndcg_one() -> None:
    assert ndcg(["a", "b", "c"], {"a": 2, "b": 1}) == pytest.approx(1.0)


def test_a_relevant_record_counts_less_further_down() -> None:
    assert ndcg(["x", "a"], {"a": 1}) == pytest.approx(1 / math.log2(3))
    assert ndcg([*"0123456789", "a"], {"a": 1}) == 0.0


def test_grades_weigh_in_the_gain() -> None:
    # Gains 1 then 2, where 2 then 1 was best: (1 + 2/log2 3) / (2 + 1/log2 3).
    second = 1 / math.log2(3)
    assert ndcg(["b", "a"], {"a": 2, "b": 1}) == pytest.approx((1 + 2 * second) / (2 + second))


def test_recall_counts_the_first_five() -> None:
    assert recall(["a", "x", "y", "z", "w", "b"], {"a": 1, "b": 1}) == 0.5


def test_a_document_stands_where_its_first_chunk_does() -> None:
    hits = [hit("b", "1", 1, None, 0.1), hit("a", "2", 2, None, 0.1), hit("b", "3", 3, None, 0.1)]
    assert documents(hits) == ["b", "a"]


def test_one_search_gives_all_three_rankings() -> None:
    hits = [hit("a", "1", 3, 1, 0.9), hit("b", "2", 1, None, 0.5), hit("c", "3", None, 2, 0.7)]
    ranked = {name: documents(order(hits)) for name, order in RANKINGS.items()}
    assert ranked == {"bm25": ["a", "c"], "dense": ["b", "a"], "fused": ["a", "c", "b"]}


def test_questions_without_an_answer_or_a_judgement_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n2\ta\t1\n3\ta\t0\n")
    rows = [{"_id": str(number), "text": f"question {number}"} for number in range(1, 5)]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "qa.jsonl").write_text(
        json.dumps({"id": "2", "question": "2?", "passage": "a", "answers": [], "impossible": True}) + "\n"
    )
    assert dict(load(tmp_path).questions) == {"1": "question 1"}
