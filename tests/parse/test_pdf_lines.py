"""Rows, reading order inside a row, and the words of broken lines."""

from __future__ import annotations

from collections import Counter

import pytest

from ingestion.parse.pdf.aligned import aligned_tables, numeric
from ingestion.parse.pdf.blocks import list_marker
from ingestion.parse.pdf.columns import regions
from ingestion.parse.pdf.grid import Table
from ingestion.parse.pdf.joins import running_text
from ingestion.parse.pdf.lines import amount, reading_text, rows_of
from ingestion.parse.pdf.model import Word


def word(text: str, x: float, y: float = 100, size: float = 10) -> Word:
    return Word(text, x, y - size, x + 5 * len(text), y, y, size)


def test_a_right_to_left_line_is_read_from_the_right_and_its_latin_words_from_the_left() -> None:
    line = [word("אחרון", 10), word("New", 60), word("York", 80), word("ראשון", 110)]
    assert reading_text(line) == "ראשון New York אחרון"


def test_a_left_to_right_line_with_one_foreign_word_keeps_its_order() -> None:
    line = [word("The", 10), word("word", 30), word("שלום", 55), word("means", 80), word("peace", 110)]
    assert reading_text(line) == "The word שלום means peace"


def test_a_superscript_stands_in_the_row_that_it_marks() -> None:
    (row,) = rows_of([word("Energy", 10), word("2", 41, y=95.5, size=6), word("rises", 50)])
    assert row.text == "Energy 2 rises"


def test_two_lines_are_two_rows() -> None:
    assert [row.text for row in rows_of([word("below", 10, y=112), word("above", 10, y=100)])] == [
        "above",
        "below",
    ]


def test_a_currency_sign_goes_with_the_amount_on_its_right() -> None:
    (row,) = rows_of([word("Sales", 10), word("(412)", 100), word("$", 133), word("7,477", 180)])
    assert [amount(segment.text) for segment in row.segments] == ["Sales", "(412)", "$7,477"]


@pytest.mark.parametrize(
    "text", ["63,355", "$ 63,355", "(10", "(10)", "$ (2,607)", "45.9 %", "—", "$—", "2022"]
)
def test_amounts_are_told_from_words(text: str) -> None:
    assert numeric(text)


@pytest.mark.parametrize("text", ["June 25", "E17", "12 mm pipe", "Total", ""])
def test_words_are_no_amounts(text: str) -> None:
    assert not numeric(text)


@pytest.mark.parametrize(
    ("text", "marker"),
    [
        ("• item", "•"),
        ("1. item", "1."),
        ("(a) item", "(a)"),
        ("- item", "-"),
        ("Item", None),
        ("2020 was", None),
    ],
)
def test_list_markers_are_known(text: str, marker: str | None) -> None:
    assert list_marker(text) == marker


def test_running_text_set_in_two_columns_is_no_table() -> None:
    words = []
    for line in range(8):
        for start, side in ((50, "left"), (310, "right")):
            words += [word(f"{side}{line}", start), *(word("running", start + 33 + 40 * n) for n in range(5))]
        words = [word_ if word_.y1 != 100 else moved(word_, 100 + 12 * (line + 1)) for word_ in words]
    left, right = regions(words)
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert {item.text[:4] for item in left} == {"left", "runn"}
    assert not any(isinstance(item, Table) for item in aligned_tables(rows_of(left)))


def moved(item: Word, y: float) -> Word:
    return word(item.text, item.x0, y)


@pytest.mark.parametrize(
    ("lines", "known", "text"),
    [
        (["an inter-", "national rule"], {}, "an international rule"),
        (["a long-", "term plan"], {"long-term": 1}, "a long-term plan"),
        (["a self-", "priming pump"], {"self": 3, "priming": 2}, "a self-priming pump"),
        (["the Anglo-", "American one"], {}, "the Anglo-American one"),
        (["soft\u00ad", "ware"], {}, "software"),
        (["漢字", "文字"], {}, "漢字文字"),
        (["pages 3-", "4 of it"], {}, "pages 3- 4 of it"),
    ],
)
def test_broken_lines_are_joined_as_the_document_spells(
    lines: list[str], known: dict[str, int], text: str
) -> None:
    assert running_text(lines, Counter(known)) == text
