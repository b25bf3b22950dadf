from __future__ import annotations

import pytest

from service.text.answers import joined


def test_each_sentence_has_its_marks_and_a_space_before_the_next() -> None:
    told = joined([("It lasts two years.", (1, 3)), ("Wear is excluded.", (2,))])
    assert told == "It lasts two years. [1][3] Wear is excluded. [2]"


def test_nothing_said_is_an_empty_text() -> None:
    assert joined([]) == ""


@pytest.mark.parametrize(
    ("first", "second"), [("- oil", "- a filter"), ("1. oil", "2. a filter"), ("a) x", "b) y")]
)
def test_items_of_a_list_stand_on_lines_of_their_own(first: str, second: str) -> None:
    told = joined([("You need:", (1,)), (first, (1,)), (second, (1,)), ("Then start.", (2,))])
    assert told == f"You need: [1]\n{first} [1]\n{second} [1]\n\nThen start. [2]"


@pytest.mark.parametrize("block", ["| a | b |\n| --- | --- |\n| 1 | 2 |", "x = 1\ny = 2", "| 1 | 2 |"])
def test_what_has_lines_itself_is_a_paragraph(block: str) -> None:
    told = joined([("These are the values.", (1,)), (block, (2,)), ("They hold at 20 °C.", (1,))])
    assert told == f"These are the values. [1]\n\n{block} [2]\n\nThey hold at 20 °C. [1]"


def test_a_number_that_ends_a_sentence_begins_no_list() -> None:
    assert (
        joined([("See section 4.", (1,)), ("3.5 bar is enough.", (1,))])
        == "See section 4. [1] 3.5 bar is enough. [1]"
    )
