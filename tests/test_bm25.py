"""BM25's terms: words, and codes that are one term as well as their parts."""

from __future__ import annotations

import pytest

from service.store.bm25 import sparse_document, sparse_query
from service.text.words import joined


def matched(question: str, text: str, language: str = "en") -> float:
    """The weight of a text's terms that the question has."""
    asked = set(sparse_query(question, [language]).indices)
    held = sparse_document(text, language)
    return sum(weight for index, weight in zip(held.indices, held.values, strict=True) if index in asked)


@pytest.mark.parametrize("code", ["3.16", "2.32.5", "CCE-83886-2", "db-pool-min-size", "gc.auto", "max_size"])
def test_a_code_is_found_as_a_whole_before_what_shares_its_parts(code: str) -> None:
    parts = code.replace("-", " ").replace(".", " ").replace("_", " ").split()
    whole, scattered = f"It is {code} that you need.", f"It is {' or '.join(parts)} that you need."
    assert matched(code, whole) > matched(code, scattered) > 0
    assert matched(parts[0], whole) > 0


def test_a_code_is_the_same_in_capitals_and_at_the_end_of_a_sentence() -> None:
    assert joined("Look for CCE-83886-2.") == joined("cce-83886-2") == ["cce-83886-2"]
    assert joined("Set (gc.auto), then `db-pool-min-size`:") == ["gc.auto", "db-pool-min-size"]


def test_a_number_is_found_however_its_thousands_are_written() -> None:
    assert matched("1,000 requests", "up to 1000 requests") > matched("requests", "up to 1000 requests")
    assert joined("2.50 and 2.5") == ["2.5", "2.5"]


def test_a_decimal_mark_is_that_of_the_language() -> None:
    assert joined("3,5 Prozent", "de") == joined("3.5 percent", "en") == ["3.5"]


def test_words_that_a_hyphen_or_apostrophe_joins_are_words_alone() -> None:
    assert joined("the user-friendly company's and/or Anna’s") == []


def test_a_text_without_codes_has_the_terms_that_it_had() -> None:
    assert len(sparse_query("how many days of parental leave", ["en"]).indices) == 4


@pytest.mark.parametrize("language", ["zh", "eu"])
def test_a_code_is_one_term_also_where_words_are_cut_otherwise(language: str) -> None:
    assert matched("2.32.5", "2.32.5", language) > matched("2.32.5", "5 32 2", language)
