"""How closely the tokens of a sentence match those of a question, from the vectors that are stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.generate.by_tokens import TokenScores
from service.generate.candidates import candidate_sentences
from service.generate.question import QuestionPart, question_parts
from service.types import Passage
from tests.answering import a_passage, a_question, token_vectors, tokenize

FILTERS = "Filters are rinsed weekly. Hoses are swapped yearly. Paint is blue."


def scores(question: str, passage: Passage, part: QuestionPart | None = None) -> dict[str, float]:
    found = candidate_sentences(passage)
    matched = TokenScores(a_question(question), found, tokenize).of(part or QuestionPart(question))
    return {candidate.text: score for candidate, score in matched.items()}


def without_tokens(passage: Passage) -> Passage:
    return replace(passage, hits=tuple(replace(hit, tokens=None) for hit in passage.hits))


def test_the_sentence_that_holds_the_tokens_matches_best() -> None:
    found = scores("Are hoses swapped?", a_passage(FILTERS))
    assert max(found, key=found.__getitem__) == "Hoses are swapped yearly."


def test_a_token_near_in_meaning_matches_though_no_word_is_shared() -> None:
    found = scores("hosepipe swapping", a_passage("Their hosep swappe. Paint is blue."))
    assert found["Their hosep swappe."] > found["Paint is blue."]


def test_the_tokens_of_another_sentence_are_not_counted() -> None:
    found = scores("hoses", a_passage(FILTERS))
    assert found["Hoses are swapped yearly."] == pytest.approx(1.0, abs=0.02)
    assert found["Filters are rinsed weekly."] == pytest.approx(0.0, abs=0.02)


def test_a_token_in_the_heading_counts_less_than_one_in_the_sentence() -> None:
    found = scores("hoses", a_passage("Hoses last long. Swap them yearly.", headings=("Hoses",)))
    assert found["Hoses last long."] > found["Swap them yearly."] > 0.5


def test_function_words_count_nothing() -> None:
    found = scores("What is the paint?", a_passage("What is the time. Paint dries fast."))
    assert found["Paint dries fast."] > found["What is the time."]


def test_what_every_sentence_holds_counts_less_than_what_one_holds() -> None:
    found = scores(
        "pump warranty", a_passage("Pump one hums. Pump two hums. Warranty ends soon. Pump six hums.")
    )
    assert found["Warranty ends soon."] > found["Pump one hums."]


def test_a_part_of_a_question_is_matched_by_its_own_tokens() -> None:
    question = "How often are filters rinsed, and how often are hoses swapped?"
    first, second = question_parts(question)
    for part, text in ((first, "Filters are rinsed weekly."), (second, "Hoses are swapped yearly.")):
        found = scores(question, a_passage(FILTERS), part)
        assert max(found, key=found.__getitem__) == text


def test_a_sentence_outside_the_chunk_counts_as_an_average_one() -> None:
    chunk = a_passage("Filters are rinsed weekly. Hoses are swapped yearly.")
    (hit,) = chunk.hits
    text = f"{chunk.text} Paint is blue."
    found = scores("hoses", replace(chunk, text=text, end=len(text), hits=(hit,)))
    assert found["Paint is blue."] == pytest.approx(
        (found["Filters are rinsed weekly."] + found["Hoses are swapped yearly."]) / 2
    )


def test_a_chunk_that_begins_inside_the_passage_is_read_at_its_place() -> None:
    before = "Tea is free. "
    chunk = a_passage(FILTERS, start=100)
    passage = replace(chunk, text=before + FILTERS, start=100 - len(before))
    found = scores("hoses", passage)
    assert max(found, key=found.__getitem__) == "Hoses are swapped yearly."


def test_without_token_vectors_all_match_alike() -> None:
    assert len(set(scores("hoses", without_tokens(a_passage(FILTERS))).values())) == 1


def test_token_vectors_of_another_text_are_not_used() -> None:
    passage = a_passage(FILTERS)
    (hit,) = passage.hits
    foreign = replace(hit, tokens=token_vectors("hoses hoses hoses hoses hoses hoses"))
    assert len(set(scores("hoses", replace(passage, hits=(foreign,))).values())) == 1


def test_a_chunk_that_was_read_only_in_part_counts_as_far_as_it_was_read() -> None:
    passage = a_passage(FILTERS)
    (hit,) = passage.hits
    cut = replace(hit, tokens=token_vectors("Filters are rinsed weekly. Hoses are swapped"))
    found = scores("hoses", replace(passage, hits=(cut,)))
    assert max(found, key=found.__getitem__) == "Hoses are swapped yearly."


# --- as a whole -------------------------------------------------------------------------------


def meanings(question: str, passage: Passage, part: QuestionPart | None = None) -> dict[str, float]:
    found = candidate_sentences(passage)
    near = TokenScores(a_question(question), found, tokenize).meaning(part or QuestionPart(question))
    return {candidate.text: cosine for candidate, cosine in near.items()}


def test_as_a_whole_the_sentence_that_says_nothing_else_is_nearest() -> None:
    long = "Hoses are swapped yearly by the people of the workshop in the harbour."
    found = meanings("Are hoses swapped?", a_passage(f"Hoses are swapped yearly. {long} Paint is blue."))
    assert found["Hoses are swapped yearly."] > found[long] > found["Paint is blue."]


def test_as_a_whole_a_part_of_a_question_is_compared_alone() -> None:
    question = "How often are filters rinsed, and how often are hoses swapped?"
    for part, text in zip(question_parts(question), (FILTERS[:26], FILTERS[27:52]), strict=True):
        found = meanings(question, a_passage(FILTERS), part)
        assert max(found, key=found.__getitem__) == text


def test_as_a_whole_a_sentence_outside_the_chunk_is_as_near_as_an_average_one() -> None:
    chunk = a_passage("Filters are rinsed weekly. Hoses are swapped yearly.")
    text = f"{chunk.text} Paint is blue."
    found = meanings("hoses", replace(chunk, text=text, end=len(text)))
    assert found["Paint is blue."] == pytest.approx(
        (found["Filters are rinsed weekly."] + found["Hoses are swapped yearly."]) / 2
    )


def test_it_is_known_whether_there_are_token_vectors() -> None:
    for passage, known in ((a_passage(FILTERS), True), (without_tokens(a_passage(FILTERS)), False)):
        assert TokenScores(a_question("hoses"), candidate_sentences(passage), tokenize).is_known is known
