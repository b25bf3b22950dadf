"""The measurement on reading comprehension: which questions are asked, and when an answer is right."""

from __future__ import annotations

import json

from eval.squad import is_right, sample


def a_line(number: int, *, impossible: bool = False) -> str:
    answers = [] if impossible else ["Rollo"]
    return json.dumps(
        {"question": f"Who is {number}?", "answers": answers, "impossible": impossible, "id": "x"}
    )


def test_only_questions_with_an_answer_are_asked() -> None:
    asked = sample([a_line(1), a_line(2, impossible=True), "", a_line(3)], count=9)
    assert sorted(one.question for one in asked) == ["Who is 1?", "Who is 3?"]


def test_the_same_seed_asks_the_same_questions() -> None:
    lines = [a_line(number) for number in range(50)]
    assert sample(lines, 5, seed=3) == sample(lines, 5, seed=3)
    assert sample(lines, 5, seed=3) != sample(lines, 5, seed=4)


def test_an_answer_is_right_when_it_holds_one_of_the_gold_answers() -> None:
    assert is_right("They came under their leader rollo.", ("Hrolf", "Rollo"))
    assert not is_right("It happened in 1150.", ("115",))
