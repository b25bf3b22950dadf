"""Late interaction: hits in order from their token vectors, by a learned ranker."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import Misconfigured
from service.learned.rarity import read_rarity, write_rarity
from service.match import NAMES, match_features
from service.match.numbers import numbers_in_place
from service.rerank import open_reranker
from service.rerank.features import TRUST, trust_features
from service.rerank.ranker import RARITY_STEPS, read_ranker
from service.settings import RerankSettings
from service.types import Hit, TokenVectors
from tests.answering import a_hit, a_question

QUESTION = "how many days of parental leave"
GOOD = "Every parent takes up to ninety days of parental leave, paid in full by the company."
POOR = "The canteen opens at noon and closes at two, also on days before a holiday."
FILLER = "Printers stand on each floor beside the stairs and are emptied every evening by hand."


def some_hits(*texts: str) -> tuple[Hit, ...]:
    return tuple(
        a_hit(text, id=f"c{n}", document=f"d{n}", dense=(n + 1, 0.9 - n / 100), score=1 / (60 + n))
        for n, text in enumerate(texts)
    )


def by_trust(number: float, **others: float) -> dict[str, float]:
    return dict.fromkeys(TRUST, number) | others


def a_gate(bias: float = 0.0, **weights: float) -> dict[str, Any]:
    return {"bias": bias, "weights": by_trust(0, **weights), "centre": by_trust(0), "spread": by_trust(1)}


def a_ranker(folder: Path, **fields: Any) -> Path:
    """A ranker that prefers hits in which the question's tokens match better."""
    file = folder / "ranker.json"
    held = {
        "form": 2,
        "tokens_fingerprint": "words-1",
        "always": {"maxsim_idf": 3.0},
        "lexical": {"bm25": 0.1},
        "gate": a_gate(),
        "rarity": write_rarity(np.ones(10), RARITY_STEPS),
    }
    file.write_text(json.dumps(held | fields))
    return file


def late(folder: Path, depth: int = 50, **fields: Any) -> Any:
    settings = RerankSettings(ranker=a_ranker(folder, **fields), depth=depth)
    return open_reranker(settings, folder, folder, "words-1")


def order(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.chunk.id for hit in hits]


# --- match features ---------------------------------------------------------------------------


def test_a_hit_with_the_questions_words_has_more_evidence_of_every_kind() -> None:
    found = match_features(a_question(QUESTION), some_hits(POOR, GOOD))
    for name in ("maxsim_idf", "maxsim_idf_here", "window_24", "phrase", "exact", "pairs"):
        assert found[name][1] > found[name][0], name


def test_evidence_does_not_depend_on_the_order_of_the_hits() -> None:
    hits = some_hits(POOR, GOOD, FILLER)
    there, back = match_features(a_question(QUESTION), hits), match_features(a_question(QUESTION), hits[::-1])
    np.testing.assert_allclose(there.matrix(), back.matrix()[::-1], rtol=1e-5, atol=1e-6)


def test_maxsim_is_the_mean_best_cosine_of_the_questions_tokens_that_are_alike_rare() -> None:
    question, hits = a_question(QUESTION), some_hits(POOR, GOOD, FILLER)
    asked = question.vectors.tokens
    assert asked is not None
    expected = [
        (asked.unit() @ hit.tokens.unit().T).max(axis=1).mean() for hit in hits if hit.tokens is not None
    ]
    alike = np.ones(30_000, np.float32)
    np.testing.assert_allclose(match_features(question, hits, alike)["maxsim_idf"], expected, rtol=1e-5)


def test_words_that_stand_together_are_seen_in_a_window() -> None:
    near = f"{FILLER} {FILLER} parental leave days {FILLER} {FILLER}"
    apart = f"parental {FILLER} {FILLER} leave {FILLER} {FILLER} days"
    found = match_features(a_question("parental leave days"), some_hits(near, apart))
    assert found["exact"][0] == pytest.approx(found["exact"][1])
    assert found["exact_24"][0] == pytest.approx(1.0)
    assert found["exact_24"][1] < 0.7
    assert found["pairs"][0] == pytest.approx(1.0)
    assert found["pairs"][1] == 0


def test_a_window_never_reaches_into_the_next_hit() -> None:
    hits = some_hits("parental", "leave", "parental leave")
    np.testing.assert_allclose(match_features(a_question("parental leave"), hits)["exact_24"][2], 1.0)
    assert (match_features(a_question("parental leave"), hits)["exact_24"][:2] < 1).all()
    assert (match_features(a_question("parental leave"), hits)["pairs"][:2] == 0).all()


def test_a_rare_word_weighs_more() -> None:
    question = a_question("leave days")
    asked = question.vectors.tokens
    assert asked is not None
    rarity = np.ones(30_000, np.float32)
    rarity[asked.ids[0]] = 9.0
    found = match_features(question, some_hits("leave", "days"), rarity)
    np.testing.assert_allclose(found["exact"], [0.9, 0.1], rtol=1e-5)


def test_hits_and_questions_without_tokens_are_said_not_to_be_read() -> None:
    hits = (replace(some_hits(GOOD)[0], tokens=None), *some_hits(GOOD, POOR))
    found = match_features(a_question(QUESTION), hits)
    assert found.read.tolist() == [False, True, True]
    assert found["maxsim_idf"][0] == 0
    assert found["dense"][0] > 0
    empty = a_question("?!")
    assert not match_features(empty, hits).read.any()
    assert match_features(empty, ()).matrix().shape == (0, len(NAMES))


def test_a_score_that_a_list_does_not_give_is_its_lowest() -> None:
    hits = (a_hit(GOOD, sparse=(1, 12.0)), a_hit(POOR, sparse=(2, 5.0)), a_hit(FILLER, sparse=None))
    assert match_features(a_question(QUESTION), hits)["bm25"].tolist() == [12.0, 5.0, 5.0]


def test_a_hit_that_the_dense_list_lacks_is_expected_by_its_tokens_at_its_lowest_at_most() -> None:
    listed = tuple(a_hit(GOOD + f" {FILLER}" * n, dense=(n + 1, 0.9 - n / 10)) for n in range(5))
    near, far = a_hit(GOOD, dense=None), a_hit("Nothing at all.", dense=None)
    dense = match_features(a_question(QUESTION), (*listed, near, far))["dense"]
    assert dense[:5].tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    assert dense[6] < dense[5] <= dense[4]


def test_a_hit_that_lies_beside_what_most_likely_answers_is_nearer_than_one_that_lies_alone() -> None:
    hits = (
        a_hit(GOOD, id="best", dense=(1, 0.9)),
        a_hit(POOR, id="alone", dense=(2, 0.5)),
        a_hit(f"{GOOD} Ninety days of leave.", id="beside", dense=(3, 0.5)),
    )
    _, alone, beside = match_features(a_question(QUESTION), hits)["cluster"]
    assert beside > alone
    assert match_features(a_question(QUESTION), hits[:1])["cluster"].tolist() == [0.0]


# --- numbers -----------------------------------------------------------------------------------


def test_a_number_is_looked_for_beside_the_word_that_it_numbers() -> None:
    right, swapped = "The valve of part 7 in pump 3 is red.", "The valve of part 3 in pump 7 is red."
    assert numbers_in_place("What weighs part 7 in pump 3?", [right, swapped]).tolist() == [1.0, 0.25]


def test_what_a_number_stands_beside_may_be_inflected_and_marked() -> None:
    assert numbers_in_place("policy 12", ["Policies no. 12", "Policies: 12"]).tolist() == [0.25, 1.0]


def test_a_unit_after_a_number_tells_nothing() -> None:
    assert numbers_in_place("a bore of 3.2 mm", ["3.2 mm", "Bore: 3.2"]).tolist() == [1.0, 1.0]


def test_a_number_inside_another_is_not_held() -> None:
    assert numbers_in_place("error E07", ["E071 and ME07", "(e07)"]).tolist() == [0.0, 1.0]


def test_without_a_number_no_text_holds_any() -> None:
    assert numbers_in_place("how many days", ["7 days", ""]).tolist() == [0.0, 0.0]


# --- whom to trust -----------------------------------------------------------------------------


def told(text: str, hits: tuple[Hit, ...]) -> dict[str, float]:
    rarity = np.ones(30_000, np.float32)
    question = a_question(text)
    values = trust_features(question, match_features(question, hits, rarity), rarity)
    return dict(zip(TRUST, values.tolist(), strict=True))


def test_a_question_whose_words_stand_in_one_hit_is_covered() -> None:
    rare = (a_hit(GOOD, sparse=(1, 9.0)), a_hit(POOR, sparse=(2, 1.0)))
    common = (a_hit(POOR, sparse=(1, 1.5)), a_hit(GOOD, sparse=(2, 1.0)))
    assert told("parental leave days", rare)["cover"] == pytest.approx(3.0)
    assert told("parental leave days", common)["cover"] == pytest.approx(0.5)
    assert told("parental leave days", rare)["exact_first"] == pytest.approx(1.0)
    assert told("parental leave days", common)["exact_first"] == pytest.approx(1 / 3)


def test_lists_agree_where_their_scores_rise_together() -> None:
    alike = (a_hit(GOOD, dense=(1, 0.9), sparse=(1, 9.0)), a_hit(POOR, dense=(2, 0.1), sparse=(2, 1.0)))
    apart = (a_hit(GOOD, dense=(1, 0.9), sparse=(2, 1.0)), a_hit(POOR, dense=(2, 0.1), sparse=(1, 9.0)))
    assert told(QUESTION, alike)["agreement"] == pytest.approx(1.0)
    assert told(QUESTION, apart)["agreement"] == pytest.approx(-1.0)
    assert told(QUESTION, (a_hit(GOOD),))["agreement"] == 0.0


def test_a_digit_in_the_question_is_seen() -> None:
    assert told("version 3.16", (a_hit(GOOD),))["digits"] == 1.0
    assert told("version three", (a_hit(GOOD),))["digits"] == 0.0


def test_the_words_of_a_question_count_as_far_as_the_gate_is_open(tmp_path: Path) -> None:
    near_in_meaning = a_hit(FILLER, id="meaning", document="d1", dense=(1, 0.9), sparse=(2, 1.0))
    same_words = a_hit(FILLER, id="words", document="d2", dense=(2, 0.5), sparse=(1, 9.0))
    hits, lexical = (near_in_meaning, same_words), {"bm25": 2.0}
    shut = late(tmp_path, always={}, lexical=lexical, gate=a_gate(-9.0))
    assert order(shut.rerank(a_question(QUESTION), hits)) == ["meaning", "words"]
    wide = late(tmp_path, always={}, lexical=lexical, gate=a_gate(-9.0, digits=18.0))
    assert order(wide.rerank(a_question("form 27 b"), hits)) == ["words", "meaning"]
    assert order(wide.rerank(a_question(QUESTION), hits)) == ["meaning", "words"]


def test_rarity_survives_its_file_to_a_twentieth() -> None:
    rarity = np.array([0.0, 0.52, 7.31, 99.0])
    back = read_rarity(write_rarity(rarity, RARITY_STEPS), RARITY_STEPS)
    np.testing.assert_allclose(back, [0.0, 0.5, 7.3, 12.75], atol=0.026)


# --- the reranker ------------------------------------------------------------------------------


def test_the_better_match_comes_first(tmp_path: Path) -> None:
    assert order(late(tmp_path).rerank(a_question(QUESTION), some_hits(POOR, FILLER, GOOD)))[0] == "c2"


def test_equal_scores_are_ordered_by_the_chunks_id(tmp_path: Path) -> None:
    same = tuple(a_hit(GOOD, id=f"c{n}", document=f"d{n}") for n in (3, 1, 5, 0, 2, 4))
    back = late(tmp_path).rerank(a_question(QUESTION), same)
    assert order(back) == [f"c{n}" for n in range(6)]
    assert len({hit.rerank_score for hit in back}) == 1


def test_the_same_hits_always_give_the_same_scores(tmp_path: Path) -> None:
    hits, reranker = some_hits(POOR, GOOD, FILLER), late(tmp_path)
    assert reranker.rerank(a_question(QUESTION), hits) == reranker.rerank(a_question(QUESTION), hits)


def test_a_hit_without_tokens_keeps_its_place_and_has_no_score(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, *rest = some_hits(FILLER, POOR, GOOD)
    back = late(tmp_path).rerank(a_question(QUESTION), (replace(first, tokens=None), *rest))
    assert order(back) == ["c0", "c2", "c1"]
    assert back[0].rerank_score is None
    assert "1 hits have no token vectors" in caplog.text


def test_a_question_without_tokens_leaves_the_fused_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hits, asked = some_hits(POOR, GOOD), a_question(QUESTION)
    untold = replace(asked, vectors=replace(asked.vectors, tokens=None))
    assert late(tmp_path).rerank(untold, hits) == hits
    assert "the question has no token vectors" in caplog.text


def test_hits_of_which_none_has_tokens_keep_their_order(tmp_path: Path) -> None:
    nothing = TokenVectors(np.zeros(0, np.int32), np.zeros((0, 4), np.int8))
    hits = tuple(replace(hit, tokens=nothing) for hit in some_hits(POOR, GOOD))
    assert late(tmp_path).rerank(a_question(QUESTION), hits) == hits


# --- choosing a ranker -------------------------------------------------------------------------


def test_a_ranker_of_another_embedder_is_not_used_and_the_reader_is_told(tmp_path: Path) -> None:
    reranker = late(tmp_path, tokens_fingerprint="other")
    assert reranker.fingerprint == "none"
    assert reranker.warning.code == "other_embedder"
    assert "footnote tune reranker" in reranker.warning.message
    assert reranker.rerank(a_question(QUESTION), some_hits(POOR, GOOD)) == some_hits(POOR, GOOD)


def test_an_index_without_token_vectors_is_told(tmp_path: Path) -> None:
    reranker = open_reranker(RerankSettings(token_dimensions=0), tmp_path, tmp_path, "")
    assert reranker.warning is not None
    assert reranker.warning.code == "no_token_vectors"


def test_ones_own_ranker_in_the_data_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "tuned").mkdir()
    own = a_ranker(tmp_path).rename(tmp_path / "tuned" / "reranker.json")
    reranker = open_reranker(RerankSettings(), tmp_path, tmp_path, "words-1")
    assert reranker.warning is None
    assert reranker.fingerprint == read_ranker(own).fingerprint


@pytest.mark.parametrize(
    "fields",
    [
        {"form": 1},
        {"always": {"no such quantity": 1.0}},
        {"lexical": {"bm25": float("nan")}},
        {"gate": {}},
        {"gate": a_gate() | {"spread": by_trust(0)}},
        {"gate": a_gate() | {"weights": {}}},
        {"rarity": "!"},
    ],
)
def test_a_file_that_holds_no_ranker_is_refused_with_its_name(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"ranker\.json"):
        late(tmp_path, **fields)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="nowhere"):
        open_reranker(RerankSettings(ranker=tmp_path / "nowhere"), tmp_path, tmp_path, "words-1")
