"""Which words of a question are taken for misspelt, and as what they are read."""

from __future__ import annotations

import pytest

from service.text.spelling import respelled, spelled

FOUND = ("The Configuration of the proxy", "Registered clusters keep their configuration; work with https.")


def read_as(question: str, found: tuple[str, ...] = FOUND, known: str = "") -> dict[str, str]:
    return respelled(question, found, "en", known.split().__contains__)


@pytest.mark.parametrize("word", ["configuraton", "configuratiion", "configurqtion", "confgiuration"])
def test_a_slip_of_the_fingers_is_read_as_what_was_meant(word: str) -> None:
    assert read_as(f"How does the {word} work?") == {word: "configuration"}


def test_two_slips_in_a_word_are_left() -> None:
    assert read_as("What is the cofniguraton?") == {}


def test_a_word_that_a_text_holds_is_no_slip_of_a_more_frequent_one() -> None:
    assert read_as("Which word form?", ("a word form", "words", "forms", "world", "world")) == {}


def test_an_inflection_of_a_word_that_a_text_holds_is_left() -> None:
    assert read_as("Which clustered proxies?") == {}


def test_a_word_that_the_tokenizer_knows_is_spelled_right() -> None:
    assert read_as("Are clusterz good?") == {"clusterz": "clusters"}
    assert read_as("Are clusterz good?", known="clusterz") == {}


def test_words_begin_alike() -> None:
    assert read_as("Is it unregistered?", ("It is inregistered",)) == {}


def test_of_other_languages_than_english_every_word_stays() -> None:
    assert respelled("wie viele wurden verwundet?", ("viele wurden verwendet",), "de", lambda _: False) == {}


def test_names_stay() -> None:
    assert read_as("What is a Clusterz?") == {}


def test_the_capital_of_the_first_word_makes_no_name() -> None:
    assert read_as("Clusterz, how many?") == {"Clusterz": "clusters"}


@pytest.mark.parametrize("code", ["MV300", "clusterz1", "cluster-z", "clusterz_id", "2407"])
def test_codes_stay(code: str) -> None:
    assert read_as(f"What is {code}?", (*FOUND, "MV301 cluster1 cluster_id 2408")) == {}


def test_another_letter_in_a_short_word_is_another_word() -> None:
    assert read_as("how does httpx work?") == {}


def test_a_letter_too_many_in_a_short_word_is_a_slip() -> None:
    assert read_as("does it wworkk or wwork?") == {"wwork": "work"}


def test_of_several_the_one_in_most_texts_is_meant() -> None:
    found = ("plants", "plants and planks", "planks", "plants")
    assert read_as("Which planms are there?", found) == {"planms": "plants"}


def test_of_a_message_that_is_no_english_nothing_is_looked_for() -> None:
    strange = [f"unheard{letter}" for letter in "abcdefghijklmnop"]
    assert read_as(" ".join(["clusterz", *strange[1:]])) == {"clusterz": "clusters"}
    assert read_as(" ".join(["clusterz", *strange])) == {}


def test_only_the_whole_word_is_replaced() -> None:
    question = "Is clusterz like clusterz-1 or clusterzz?"
    assert spelled(question, {"clusterz": "clusters"}) == "Is clusters like clusterz-1 or clusterzz?"
