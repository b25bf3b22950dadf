"""The heading above a sentence is shown where it tells what is asked, and the sentence does not."""

from __future__ import annotations

import pytest

from service.generate.extractive import _quotations
from service.generate.select import EmbedderFunctions, select
from service.types import Passage
from tests.answering import a_context, a_passage, a_question, embed, tokenize

PATH = ("Release notes", "3.3 (6 May 2025)", "New")
EXPORT = a_passage("Measurements can be exported as Parquet.", headings=PATH)
TWO = a_passage("Measurements can be exported as Parquet. Exported measurements keep units.", headings=PATH)


def shown(question: str, passage: Passage) -> list[str]:
    chosen = select(a_question(question), a_context(passage), EmbedderFunctions(embed, tokenize), 4)
    return [quotation.text for quotation in _quotations(chosen)]


@pytest.mark.parametrize(
    "question",
    [
        "Which release exports measurements as Parquet?",
        "When was the export of measurements as Parquet added?",
        "Which measurements can be exported in 3.3?",
    ],
)
def test_the_release_that_is_asked_for_stands_before_the_sentence(question: str) -> None:
    assert shown(question, EXPORT) == ["3.3 (6 May 2025):", "Measurements can be exported as Parquet."]


@pytest.mark.parametrize(
    "question", ["How are measurements exported?", "Which measurements can be exported as Parquet?"]
)
def test_a_heading_that_nobody_asks_for_is_left_out(question: str) -> None:
    assert shown(question, EXPORT) == ["Measurements can be exported as Parquet."]


def test_a_heading_is_told_once_for_all_sentences_below_it() -> None:
    assert shown(
        "Which release exports measurements, and in which release do exported measurements keep units?", TWO
    ) == [
        "3.3 (6 May 2025):",
        "Measurements can be exported as Parquet.",
        "Exported measurements keep units.",
    ]


def test_a_sentence_that_names_its_release_needs_no_heading() -> None:
    passage = a_passage("Parquet is exported since version 2.9.", headings=PATH)
    assert shown("Since which version is Parquet exported?", passage) == [
        "Parquet is exported since version 2.9."
    ]


def test_the_documents_own_name_is_no_such_heading() -> None:
    passage = a_passage("Measurements can be exported as Parquet.", headings=("Notes of 2025",))
    assert shown("Which measurements could be exported in 2025?", passage) == [
        "Measurements can be exported as Parquet."
    ]


def test_the_number_of_a_section_is_not_the_number_that_is_asked_for() -> None:
    passage = a_passage("Texts of any size are stored.", headings=("Manual", "3. Storage"))
    assert shown("Can a text of 3 GB be stored?", passage) == ["Texts of any size are stored."]
