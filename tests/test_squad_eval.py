"""The measurement on reading comprehension: which questions are asked, and when an answer is right."""

from __future__ import annotations

from eval.labelled import LabelledQuestion
from eval.squad import is_right, sample


def a_question(number: int, *, impossible: bool = False) -> LabelledQuestion:
    answers = () if impossible else ("Rollo",)
    return LabelledQuestion(str(number), f"Who is {number}?", "x", {}, answers, answerable=not impossible)


def test_only_questions_with_an_answer_are_asked() -> None:
    asked = sample([a_question(1), a_question(2, impossible=True), a_question(3)], count=9)
    assert sorted(one.text for one in asked) == ["Who is 1?", "Who is 3?"]


def test_the_same_seed_asks_the_same_questions() -> None:
    known = [a_question(number) for number in range(50)]
    assert sample(known, 5, seed=3) == sample(known, 5, seed=3)
    assert sample(known, 5, seed=3) != sample(known, 5, seed=4)


def test_an_answer_is_right_when_it_holds_one_of_the_gold_answers() -> None:
    assert is_right("They came under their leader rollo.", ("Hrolf", "Rollo"))
    assert not is_right("It happened in 1150.", ("115",))
