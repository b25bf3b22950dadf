"""Questions as they come from people's fingers, and what is reported of them."""

from __future__ import annotations

import math
import random

import pytest

from eval.labelled.typed import misspelt, polite
from eval.relevance.asking import AskedCase, figures
from service.text import words

QUESTION = "What does the message MV-E07 mean on the MV450 vacuum pump of 2024?"


def slips(question: str, seed: int) -> list[tuple[str, str]]:
    typed = misspelt(question, random.Random(seed))
    pairs = zip(words.written(question), words.written(typed), strict=True)
    return [(word, other) for word, other in pairs if word != other]


@pytest.mark.parametrize("seed", range(30))
def test_one_word_or_two_are_misspelt_and_neither_codes_nor_function_words(seed: int) -> None:
    found = slips(QUESTION, seed)
    assert 1 <= len(found) <= 2
    assert {word for word, _ in found} <= {"message", "mean", "vacuum", "pump"}
    assert all(abs(len(word) - len(other)) <= 1 for word, other in found)


def test_the_same_seed_makes_the_same_slips() -> None:
    assert slips(QUESTION, 7) == slips(QUESTION, 7)


def test_what_has_no_word_to_misspell_stays() -> None:
    assert misspelt("What is 450-1320?", random.Random(1)) == "What is 450-1320?"


def test_a_polite_message_has_the_question_in_it() -> None:
    assert all(QUESTION in polite(QUESTION, random.Random(seed)) for seed in range(20))


def test_a_set_is_told_by_how_it_was_asked() -> None:
    cases = [
        AskedCase("s", "misspelt", "a", 1.0, 1.0, True),
        AskedCase("s", "misspelt", "b", 0.5, 0.0, False),
        AskedCase("s", "misspelt", "c", None, None, True),
        AskedCase("s", "polite", "a", 1.0, 1.0, True),
    ]
    first, second = figures(cases)
    assert (first.answerable, first.others, first.ndcg_at_10, first.recall_at_10) == (2, 1, 0.75, 0.5)
    assert (first.answered, first.others_answered) == (0.5, 1.0)
    assert math.isnan(second.others_answered)
