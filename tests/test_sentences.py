"""Sentence spans: what ends a sentence, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.sentences import spans


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in spans(text)]


def test_plain_sentences_are_cut_after_their_stop() -> None:
    assert cut("It rains. Does it? Yes! Good.") == ["It rains.", "Does it?", "Yes!", "Good."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith met Prof. Jones at 5 p.m. yesterday.",
        "It costs 3.50 euros, i.e. less than No. 5.",
        "J. R. R. Tolkien lived in the U.S. Virgin Islands.",
        "Der Vertrag vom 3. Mai gilt z. B. für Nr. 7.",
        "See version 2.0.1 of example.com/a.b for details.",
        "Test record no. TR-2024-17 was signed by both.",
        "Fault no. E-42 is described in sec. B2 of the manual.",
    ],
)
def test_abbreviations_decimals_and_ordinals_do_not_end_a_sentence(sentence: str) -> None:
    assert cut(sentence) == [sentence]


def test_an_answer_of_no_ends_although_no_also_abbreviates_number() -> None:
    assert cut("The answer is no. The end is near.") == ["The answer is no.", "The end is near."]


def test_a_closing_quote_and_a_reference_stay_with_their_sentence() -> None:
    assert cut('He said "Stop." It ended in 1945.[12] Then peace.') == [
        'He said "Stop."',
        "It ended in 1945.[12]",
        "Then peace.",
    ]


def test_every_table_row_is_one_unit() -> None:
    table = "| Code | Meaning |\n|---|---|\n| E-42 | Pump blocked. Clean it. |"
    assert cut(table) == table.split("\n")


def test_a_list_item_begins_a_sentence_and_keeps_its_marker() -> None:
    assert cut("Steps:\n1. Press it. Wait.\n2. Done\n- Or not") == [
        "Steps:",
        "1. Press it.",
        "Wait.",
        "2. Done",
        "- Or not",
    ]


def test_a_wrapped_line_continues_its_sentence() -> None:
    text = "This sentence is long enough to have been wrapped by the\neditor that wrote it. Next."
    assert cut(text)[0].endswith("wrote it.")


def test_languages_without_spaces_have_their_own_full_stop() -> None:
    assert cut("东京很大。北京也很大！真的？") == ["东京很大。", "北京也很大！", "真的？"]


@given(st.text(alphabet=st.sampled_from(list('aB1 .!?\n|-#*`\t。"[]')), max_size=80))
def test_the_spans_hold_every_visible_character_once_and_in_order(text: str) -> None:
    covered = [index for start, end in spans(text) for index in range(start, end)]
    assert covered == sorted(set(covered))
    assert all(index in set(covered) for index, character in enumerate(text) if not character.isspace())


@pytest.mark.parametrize("unit", [".", "a. ", "((", "| ", ' "', "1. ", "\t"])
def test_nothing_is_lost_of_a_long_hostile_repetition(unit: str) -> None:
    text = unit * 50_000
    visible = sum(not character.isspace() for start, end in spans(text) for character in text[start:end])
    assert visible == sum(not character.isspace() for character in text)


def test_a_tab_that_indents_a_line_does_not_make_a_row_of_it() -> None:
    text = "\tWhen there are more than this many loose\n\tobjects in it, pack them. Else wait."
    assert cut(text) == [
        "When there are more than this many loose\n\tobjects in it, pack them.",
        "Else wait.",
    ]


def test_a_tab_behind_the_mark_of_an_item_does_not_make_a_row_of_it() -> None:
    assert cut("1.\tThe lessee pays. He keeps it clean.") == ["1.\tThe lessee pays.", "He keeps it clean."]


def test_a_tab_between_words_sets_the_cells_of_a_row_apart() -> None:
    assert cut("Part\tPrice. Net\nA-1\t2. 50") == ["Part\tPrice. Net", "A-1\t2. 50"]
