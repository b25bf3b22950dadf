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
from eval.tune.evolution import Search, maximised
from eval.tune.reranker_card import card
from eval.tune.reranker_training import TrainedRanker, train
from eval.tune.rows import listed, rarity, without
from service.errors import InvalidInput
from service.rerank.ranker import read_ranker
from service.types import Found
from tests.answering import a_hit, a_question

THINGS = ("kettle", "ladder", "printer", "bicycle", "projector", "telescope", "blanket", "compass")
PLACES = ("kitchen", "attic", "office", "shed", "library", "tower", "cabin", "harbour")
QUICK = Search(rounds=8, guesses=8, seeds=1)


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
    return train([a_collection()], "words-1", search=QUICK)


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


def test_what_counts_as_far_as_the_gate_is_shut_is_one_number_in_both_sums(trained: TrainedRanker) -> None:
    always, gated = trained.file["always"]["cluster"], trained.file["lexical"]["cluster"]
    assert always == -gated != 0


def test_training_twice_gives_the_same_file(trained: TrainedRanker) -> None:
    assert train([a_collection()], "words-1", search=QUICK).file == trained.file


def test_nothing_is_won_over_a_ranker_as_good(trained: TrainedRanker, tmp_path: Path) -> None:
    file = tmp_path / "reranker.json"
    file.write_text(json.dumps(trained.file))
    assert not train([a_collection()], "words-1", read_ranker(file), QUICK).won


def test_a_set_that_is_left_out_is_ranked_by_what_the_others_taught() -> None:
    both = train([a_collection("s"), a_collection("t")], "words-1", search=QUICK, left_out=QUICK)
    assert [one.dataset for one in both.compared] == ["s", "t"]
    assert all(one.left_out > one.best_list for one in both.compared)


def test_no_article_is_both_learned_from_and_judged_by() -> None:
    many = tuple(asked(number) for number in range(64))
    same = tuple(replace(item, question=replace(item.question, group="one")) for item in many)
    with pytest.raises(InvalidInput, match="several documents"):
        train([Collection("s", same)], "words-1", search=QUICK)


def test_a_search_comes_near_the_best_numbers() -> None:
    def worth(guess: NDArray[np.float64]) -> float:
        return -float(((guess - [1.0, -2.0, 0.5]) ** 2).sum())

    np.testing.assert_allclose(maximised(worth, np.zeros(3), Search()), [1.0, -2.0, 0.5], atol=0.05)


def test_the_search_of_every_seed_counts_on_a_plateau() -> None:
    def flat(guess: NDArray[np.float64]) -> float:
        return -float(np.clip(np.abs(guess), 1, None).sum())

    one, two = (maximised(flat, np.zeros(2), replace(QUICK, seeds=seeds)) for seeds in (1, 2))
    assert not np.allclose(one, two)


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(InvalidInput, match="fewer than 30"):
        train([a_collection(questions=8)], "words-1", search=QUICK)


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
