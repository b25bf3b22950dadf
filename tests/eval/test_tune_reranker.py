"""Training the ranker of late interaction on labelled questions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.collect import Collected, Collection
from eval.labelled.types import LabelledQuestion, LabelledSet, Record
from eval.tune.gated import COLUMNS, Fit
from eval.tune.learning_set import LearningSet
from eval.tune.reranker_card import card
from eval.tune.reranker_training import TrainedRanker, train
from eval.tune.rows import listed, rarity, without
from service.errors import InvalidInput
from service.rerank.features import TRUST
from service.rerank.ranker import read_ranker
from service.types import Found
from tests.answering import a_hit, a_question

THINGS = ("kettle", "ladder", "printer", "bicycle", "projector", "telescope", "blanket", "compass")
PLACES = ("kitchen", "attic", "office", "shed", "library", "tower", "cabin", "harbour")


def asked(number: int, set_name: str = "s") -> Collected:
    """A question whose answer stands last in the fused order."""
    thing, place = THINGS[number % 8], PLACES[number // 8 % 8]
    question = LabelledQuestion(
        f"{set_name}{number}", f"the {thing} of the {place}", f"g{number}", {"d2.md": 1}
    )
    texts = (
        f"A {thing} is a thing that some people like to have.",
        f"Every {place} has a door, and a door has two sides.",
        f"In our house you find the {thing} of the {place} under the stairs.",
    )
    hits = tuple(
        a_hit(text, id=f"{number}-{n}", document=f"d{n}", score=0.03 - n / 1000, dense=dense)
        for n, (text, dense) in enumerate(zip(texts, ((1, 0.8), (3, 0.6), (2, 0.7)), strict=True))
    )
    return Collected(question, Found(a_question(question.text), hits), (0, 0, 2))


def a_collection(name: str = "s", questions: int = 64) -> Collection:
    return Collection(name, tuple(asked(number, name) for number in range(questions)))


@pytest.fixture(scope="module")
def trained() -> TrainedRanker:
    return train([a_collection()], "words-1")


def test_what_was_learned_ranks_better_on_articles_that_were_kept_back(trained: TrainedRanker) -> None:
    (one,) = trained.compared
    assert trained.won
    assert one.learned > one.fused + 0.2
    assert one.trained + one.questions == 64


def test_the_file_is_a_ranker_that_serving_reads(trained: TrainedRanker, tmp_path: Path) -> None:
    file = tmp_path / "reranker.json"
    file.write_text(json.dumps(trained.file))
    ranker, item = read_ranker(file), asked(70)
    assert ranker.tokens_fingerprint == "words-1"
    assert ranker.scores(item.found.question, item.found.hits).argmax() == 2


def test_what_counts_as_far_as_the_gate_is_shut_is_one_number_in_both_sums() -> None:
    count = len(TRUST)
    told = Fit(np.arange(1.0, len(COLUMNS) + count + 1), np.zeros(count), np.ones(count)).told()
    assert told["always"]["cluster"] == -told["lexical"]["cluster"] != 0


def test_training_twice_gives_the_same_file(trained: TrainedRanker) -> None:
    assert train([a_collection()], "words-1").file == trained.file


def test_nothing_is_won_over_a_ranker_as_good(trained: TrainedRanker, tmp_path: Path) -> None:
    file = tmp_path / "reranker.json"
    file.write_text(json.dumps(trained.file))
    assert not train([a_collection()], "words-1", read_ranker(file)).won


def test_a_set_that_is_left_out_is_ranked_by_what_the_others_taught() -> None:
    both = train([a_collection("s"), a_collection("t")], "words-1")
    assert [one.dataset for one in both.compared] == ["s", "t"]
    assert all(one.left_out > one.best_list for one in both.compared)


def test_no_article_is_both_learned_from_and_judged_by() -> None:
    many = tuple(asked(number) for number in range(64))
    same = tuple(replace(item, question=replace(item.question, group="one")) for item in many)
    with pytest.raises(InvalidInput, match="several documents"):
        train([Collection("s", same)], "words-1")


def test_smooth_margins_have_the_slope_that_is_said() -> None:
    items = [asked(number) for number in range(16)]
    rare = rarity([a_collection()])
    one = LearningSet.of("s", [found for item in items if (found := listed(item, rare))], COLUMNS)
    numbers = np.linspace(-0.4, 0.7, len(COLUMNS) + len(TRUST))
    spread = np.maximum(one.trust.std(axis=0), 1)

    def margin(at: NDArray[np.float64]) -> float:
        return Fit(at, one.trust.mean(axis=0), spread).smooth_margin(one)[0]

    _, slope = Fit(numbers, one.trust.mean(axis=0), spread).smooth_margin(one)
    steps = 1e-3 * np.eye(len(numbers))
    expected = [(margin(numbers + step) - margin(numbers - step)) / 2e-3 for step in steps]
    assert np.abs(slope).max() > 1e-3
    np.testing.assert_allclose(slope, expected, rtol=0.05, atol=2e-3)


def test_far_apart_scores_are_worth_as_much_smoothly_as_in_steps() -> None:
    rare = rarity([a_collection()])
    found = [found for number in range(16) if (found := listed(asked(number), rare))]
    one = LearningSet.of("s", found, COLUMNS)
    scores = np.arange(len(one.hits), dtype=np.float64)
    assert one.smooth(scores)[0] == pytest.approx(one.ndcg(scores))


def test_no_quantity_of_a_hit_counts_against_it(trained: TrainedRanker) -> None:
    always, lexical = trained.file["always"], trained.file["lexical"]
    assert min(*always.values(), *(lexical[name] for name in lexical if name not in always)) >= 0
    assert always["numbers"] > 0


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(InvalidInput, match="fewer than 30"):
        train([a_collection(questions=8)], "words-1")


def test_the_card_tells_command_and_figures(trained: TrainedRanker) -> None:
    text = card(trained, "footnote tune reranker --data mine")
    assert "footnote tune reranker --data mine" in text
    assert f"{trained.compared[0].learned:.4f}" in text


def test_a_word_of_many_chunks_is_less_rare() -> None:
    weights = rarity([a_collection()])
    tokens = a_question("the harbour").vectors.tokens
    assert tokens is not None
    assert weights[tokens.ids[1]] > weights[tokens.ids[0]]


def test_a_question_without_token_vectors_is_not_learned_from() -> None:
    item = asked(0)
    bare = tuple(replace(hit, tokens=None) for hit in item.found.hits)
    assert listed(replace(item, found=replace(item.found, hits=bare)), rarity([a_collection()])) is None


def test_articles_of_a_held_out_set_are_left_out_of_every_translation() -> None:
    held_out = LabelledSet(
        "reported",
        (LabelledQuestion("x", "The KETTLE of the kitchen?", "x", {}),),
        (Record("r", "", "else"),),
    )
    english, other = without([a_collection(), a_collection()], [held_out])
    assert {item.question.id for item in english.items} == {f"s{n}" for n in range(1, 64)}
    assert {item.question.id for item in other.items} == {item.question.id for item in english.items}


def test_articles_of_which_a_held_out_set_has_the_text_are_left_out() -> None:
    text = asked(5).found.hits[2].chunk.text
    held_out = LabelledSet("reported", (), (Record("r", "", f"Before. {text} After."),))
    (left,) = without([a_collection()], [held_out])
    assert {item.question.id for item in left.items} == {f"s{n}" for n in range(64) if n != 5}
