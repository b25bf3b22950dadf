"""A question whose documents were taken out is left out where words say that others may answer it."""

from __future__ import annotations

import pytest

from eval.collect import Collected, Collection
from eval.labelled import LabelledQuestion
from eval.tune.doubtful import Doubtful, alike_questions
from service.types import Found, Hit
from tests.answering import a_hit, a_question

WARRANTY = "How long does the warranty of the pump last?"


def asked(text: str, *answers: str, document: str = "gold", removed: tuple[Hit, ...] = ()) -> Collected:
    question = LabelledQuestion(text, text, document, {document: 1}, answers)
    return Collected(question, Found(a_question(text), removed), (), Found(a_question(text), removed))


def doubtful(name: str, *items: Collected) -> set[str]:
    """The questions that are left out, of a collection of that name."""
    found = Doubtful.of(Collection(name, items))
    return {
        item.question.text
        for item in items
        if item.removed and found.has(item.question.text, item.removed.hits)
    }


def is_answered(question: str, answer: str, text: str) -> bool:
    """Whether `text`, among passages about other things, counts as an answer."""
    others = [a_hit(other, id=other, document=other) for other in ("Boats need sails.", "Cars need fuel.")]
    hit = a_hit(text, id="near", document="near")
    return bool(doubtful("squad2", asked(question, answer, removed=(hit, *others))))


# --- elsewhere -------------------------------------------------------------------------------


def test_another_passage_may_hold_the_gold_answer_beside_what_is_asked() -> None:
    assert is_answered(WARRANTY, "24 months", "Our pump has a warranty. It lasts 24 months.")


def test_the_answer_alone_is_none() -> None:
    assert not is_answered(WARRANTY, "24 months", "Trainees stay with us for 24 months.")


def test_what_is_asked_must_stand_near_the_answer() -> None:
    between = " ".join(["The yard is open all day."] * 4)
    assert not is_answered(WARRANTY, "24 months", f"The pump has a warranty. {between} He stayed 24 months.")


@pytest.mark.parametrize("answer", ["two", "pump", "the warranty", "12"])
def test_an_answer_of_one_common_word_a_small_number_or_the_questions_own_words_says_nothing(
    answer: str,
) -> None:
    assert not is_answered(WARRANTY, answer, f"The warranty of the pump lasts long: {answer}.")


@pytest.mark.parametrize("answer", ["Munich", "1987", "12 %", "drive shaft"])
def test_a_name_a_number_and_two_words_say_something(answer: str) -> None:
    assert is_answered(WARRANTY, answer, f"The warranty of the pump lasts long: {answer}.")


# --- of many ---------------------------------------------------------------------------------


def studies(count: int) -> Collected:
    text = "How was the study done?"
    hits = (a_hit(f"Study {n} was done well.", id=str(n), document=f"d{n}") for n in range(count))
    return asked(text, removed=tuple(hits))


def test_a_question_whose_words_stand_in_three_other_documents_asks_of_none_in_particular() -> None:
    assert doubtful("covidqa", studies(3))
    assert not doubtful("covidqa", studies(2))


def test_three_passages_of_one_document_are_not_three_documents() -> None:
    hits = tuple(a_hit("The study was done.", id=str(n), document="one") for n in range(3))
    assert not doubtful("covidqa", asked("How was the study done?", removed=hits))


def test_it_stays_left_out_in_a_corpus_of_fewer_documents() -> None:
    found = Doubtful.of(Collection("covidqa", (studies(3),)))
    assert found.has("How was the study done?", ())


# --- lists of answers, and editions ----------------------------------------------------------


def test_a_question_is_alike_to_one_about_another_answer_that_shares_its_words() -> None:
    items = (
        asked("What are the symptoms in kids?", document="a"),
        asked("What are the symptoms?", document="b"),
        asked("Where is the next shop?", document="c"),
        asked("Where can I find the next shop?", document="c"),
    )
    alike = {"What are the symptoms in kids?", "What are the symptoms?"}
    assert alike_questions(Collection("covidfaq", items)) == alike
    assert doubtful("covidfaq", *items) == alike
    assert doubtful("squad2", *items) == set()


def test_the_report_before_the_latest_is_the_latest_once_that_is_gone() -> None:
    items = (asked("What does the latest report say of cash?"), asked("What does the Q2 report say of cash?"))
    assert doubtful("sec10q", *items) == {"What does the latest report say of cash?"}
    assert doubtful("squad2", *items) == set()
