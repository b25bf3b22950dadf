"""Words and facts: what counts as the same, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.quantities import differ, exact_values, missing
from service.text.words import identifiers, terms


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("1000 seats", "1,000 seats"),
        ("2.5 bar", "2.50 bar"),
        ("$1,500,000", "$1.5 million"),
        ("$5M", "5,000,000 USD"),
        ("5 percent", "5%"),
        ("three months", "3 months"),
        ("3 months", "three months"),
        ("May 3, 2019", "3 May 2019"),
        ("on 2019-05-03", "on 3rd of May 2019"),
        ("03.05.2019", "3. Mai 2019"),
        ("in May 2019", "on 3 May 2019"),
        ("in 2019", "on 3 May 2019"),
        ("error e-42", "error E-42"),
        ("12V", "12 volts"),
        ("24 months", "the period is 24"),
    ],
)
def test_the_same_fact_written_otherwise_agrees(claim: str, evidence: str) -> None:
    assert missing(exact_values(claim), exact_values(evidence)) == []


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("1001 seats", "1,000 seats"),
        ("5 kg", "5 g"),
        ("5 dollars", "5 euros"),
        ("-5 °C", "5 °C"),
        ("$1.5 billion", "$1.5 million"),
        ("four months", "three months"),
        ("4 May 2019", "3 May 2019"),
        ("3 June 2019", "3 May 2019"),
        ("3 May 2020", "3 May 2019"),
        ("in June 2019", "on 3 May 2019"),
        ("E-43", "E-42"),
        ("version 2.0.1", "version 2.0.2"),
        ("at 14:30", "at 14:35"),
    ],
)
def test_another_fact_is_missing(claim: str, evidence: str) -> None:
    assert missing(exact_values(claim), exact_values(evidence)) != []


def test_a_decimal_comma_is_read_by_language() -> None:
    assert exact_values("1.000,5 kg", "de").numbers == {"1000.5"}
    assert exact_values("3,5 kg", "de").numbers == {"3.5"}
    assert exact_values("3,500 kg", "en").numbers == {"3500"}


def test_texts_differ_by_a_fact_and_not_by_a_word() -> None:
    assert differ(exact_values("20 days"), exact_values("25 days"))
    assert not differ(exact_values("Take 20 days"), exact_values("Have 20 days"))


def test_identifiers_are_codes_versions_and_times_but_no_phrases() -> None:
    text = "E-42 px-100/a v2.3.1 ERR_TIMEOUT 14:30 20-year-old mid-1990s 10th 5kg 1,000 the"
    assert identifiers(text) == ["e-42", "px-100/a", "v2.3.1", "err_timeout", "14:30"]


def test_terms_are_stems_without_function_words() -> None:
    assert terms("The pumps were running at 1,000 rpm") == ["pump", "run", "1000", "rpm"]
    assert terms("Die Pumpen laufen", "de") == ["pump", "lauf"]


def test_text_without_spaces_is_cut_into_pairs() -> None:
    assert terms("東京都") == ["東京", "京都"]


@given(st.text(alphabet=st.sampled_from(list("0129.,-:$%€ May²٣Ee_/thousand\n")), max_size=60))
def test_any_text_has_facts_and_agrees_with_itself(text: str) -> None:
    found = exact_values(text)
    assert missing(found, found) == []
    assert terms(text) == terms(text)


@pytest.mark.parametrize("unit", ["1", "1,", "- 1", "$ ", "1 ", "may ", "1 a", "E-4"])
def test_hostile_repetition_takes_little_time(unit: str) -> None:
    assert exact_values(unit * 10_000) is not None
