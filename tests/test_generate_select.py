"""Which sentences are chosen as an answer: the one that holds what is asked for, and little else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.generate.by_words import WordScores
from service.generate.candidates import candidate_sentences
from service.generate.question import QuestionPart, exact, question_parts
from service.generate.select import EmbedderFunctions, select
from service.types import Passage
from tests.answering import a_context, a_passage, a_question, embed, tokenize

CODES = (
    "| Code | Meaning | Action |\n|---|---|---|\n"
    "| MV-E03 | Motor too hot | Let the pump cool |\n"
    "| MV-E04 | Speed deviates | Check the exhaust |\n"
    "| MV-E07 | Leak sensor wet | Stop the pump |"
)
SPEEDS = (
    "| Property | MV200 |\n|---|---|\n| Pumping speed at 50 Hz | 1.2 |\n| Pumping speed at 60 Hz | 1.4 |\n"
    "| Sound level at 60 Hz | 44 |"
)
NOT_COVERED = (
    "The warranty does not cover the following damage:\n\n- wear of seals;\n- damage by liquid in a pump;\n"
    "- opened heads.\n\nClaims are made within 30 days."
)


def texts(question: str, *passages: str | Passage) -> list[str]:
    chosen = select(a_question(question), a_context(*passages), EmbedderFunctions(embed, tokenize), 4)
    return [found.text for found in chosen]


def shown(text: str, headings: tuple[str, ...] = ()) -> list[str]:
    return [found.text for found in candidate_sentences(a_passage(text, headings=headings))]


def test_rows_of_other_codes_are_left_out() -> None:
    assert texts("What does the message MV-E07 mean?", CODES) == [
        "Code: MV-E07; Meaning: Leak sensor wet; Action: Stop the pump."
    ]


def test_a_number_in_the_question_must_be_in_the_row() -> None:
    assert texts("What is the pumping speed of the MV200 at 60 Hz?", SPEEDS) == [
        "Property: Pumping speed at 60 Hz; MV200: 1.4."
    ]


def test_a_code_in_the_heading_counts_as_much_as_in_the_sentence() -> None:
    other = a_passage("The fee is EUR 40 a day.", document="d1", headings=("Loan of the VC10",))
    wanted = a_passage("The fee is EUR 90 a day.", document="d2", headings=("Loan of the MV450",))
    assert texts("What is the fee for the MV450?", other, wanted) == ["The fee is EUR 90 a day."]


def ranked_as(score: float | None, text: str, document: str) -> Passage:
    passage = a_passage(text, document=document)
    return replace(passage, hits=tuple(replace(hit, rerank_score=score) for hit in passage.hits))


RINSED = "Filters are rinsed weekly in the basin."
SWAPPED = "Filters are swapped yearly in the yard."


@pytest.mark.parametrize("best", [RINSED, SWAPPED])
def test_of_two_like_sentences_that_of_the_passage_which_the_ranker_puts_far_above_is_given(
    best: str,
) -> None:
    passages = [ranked_as(6.0 if text == best else 1.0, text, text[:9]) for text in (RINSED, SWAPPED)]
    assert texts("What happens to filters?", *passages)[0] == best


def test_where_the_ranker_sees_hardly_a_difference_the_words_decide() -> None:
    other = ranked_as(5.0, "Tea is served weekly in the hall.", "d1")
    assert texts("When are filters swapped?", other, ranked_as(4.5, SWAPPED, "d2"))[0] == SWAPPED


def test_for_one_part_of_a_question_the_ranking_of_the_whole_counts_less() -> None:
    question = "How often are filters rinsed, and how often are hoses swapped?"
    first, _ = question_parts(question)
    assert (first.among, question_parts("How often are filters rinsed?")[0].among) == (2, 1)
    found = candidate_sentences(ranked_as(1.0, RINSED, "d1"))
    alone, one_of_two = (WordScores(found).of(replace(first, among=among)) for among in (1, 2))
    assert alone.places[found[0]] > one_of_two.places[found[0]]


def found_for(part: int, score: float, text: str) -> Passage:
    passage = ranked_as(score, text, text[:9])
    return replace(passage, hits=tuple(replace(hit, part=part) for hit in passage.hits))


def test_a_part_that_was_searched_for_alone_keeps_to_the_order_of_its_own_passages() -> None:
    for_rinsing, for_hoses = found_for(0, 9.0, RINSED), replace(found_for(1, 5.0, SWAPPED), n=2)
    parts = question_parts("How often are filters rinsed, and how often are hoses swapped?")
    rinsed, swapped = candidate_sentences(for_rinsing) + candidate_sentences(for_hoses)
    places = [WordScores([rinsed, swapped]).of(part).places for part in parts]
    assert places[0][rinsed] > places[0][swapped] == 0.0
    assert places[1][swapped] == places[0][rinsed] > places[1][rinsed]


def test_a_sentence_that_points_back_is_about_the_code_that_the_one_before_it_names() -> None:
    passage = a_passage(
        "The longest text is set by MAX_LENGTH. By default this macro is 1 billion. Tea is 2 euros."
    )
    _, pointing, other = found = candidate_sentences(passage)
    (part,) = question_parts("What is MAX_LENGTH by default?")
    exactness = WordScores(found).of(part).exactness
    assert exactness[pointing] > exactness[other]


def test_an_item_of_a_list_states_something_though_it_ends_without_a_stop() -> None:
    (item,) = candidate_sentences(a_passage("- 23 - Partial transfer due to error"))
    assert item.is_statement


def test_without_a_ranker_the_passage_that_was_found_first_comes_first() -> None:
    found = [a_passage(text, document=text[:9], score=1 - n / 10) for n, text in enumerate((SWAPPED, RINSED))]
    assert texts("What happens to filters?", *found)[0] == SWAPPED
    assert texts("What happens to filters?", *reversed(found))[0] == SWAPPED


def test_one_good_sentence_is_enough() -> None:
    handbook = (
        "The warranty of the chiller lasts 24 months. Chillers are heavy. A warranty is good. Tea is free."
    )
    assert texts("How long does the warranty of the chiller last?", handbook) == [
        "The warranty of the chiller lasts 24 months."
    ]


def test_a_second_sentence_is_given_when_it_adds_what_is_asked_for() -> None:
    handbook = "Loan pumps have a yearly fee. Loan pumps are returned in the original box. Tea is free."
    said = texts("What yearly fee and which original box do loan pumps have?", handbook)
    assert said == ["Loan pumps have a yearly fee.", "Loan pumps are returned in the original box."]


def test_each_part_of_a_question_is_answered_from_its_own_document() -> None:
    said = texts(
        "How much does the level 1 course cost, and who repairs the chillers in Canada?",
        "The level 1 course costs EUR 690 per person. Bring shoes.",
        "Chillers in Canada are repaired by a refrigeration company in Halifax. Snow is deep.",
    )
    assert said == [
        "The level 1 course costs EUR 690 per person.",
        "Chillers in Canada are repaired by a refrigeration company in Halifax.",
    ]


def test_documents_that_disagree_are_both_given() -> None:
    said = texts(
        "How many days a week may I work from home?",
        "Up to 2 days a week may be worked from home.",
        "Up to 3 days a week may be worked from home.",
    )
    assert sorted(said) == [
        "Up to 2 days a week may be worked from home.",
        "Up to 3 days a week may be worked from home.",
    ]


def test_documents_that_agree_are_given_once() -> None:
    rule = "Up to 2 days a week may be worked from home."
    assert texts("How many days a week may I work from home?", rule, rule) == [rule]


def test_a_short_answer_brings_the_sentence_that_goes_on_from_it() -> None:
    handbook = "The warranty of the chiller lasts 24 months. It begins on delivery. Paint is blue."
    assert texts("How long does the warranty of the chiller last?", handbook) == [
        "The warranty of the chiller lasts 24 months.",
        "It begins on delivery.",
    ]


def test_a_long_answer_brings_no_sentence_beside_it() -> None:
    long = (
        "The warranty of the chiller lasts 24 months for every customer who has sent in the card that lies "
        "in the box beside the manual, the keys and the two spare hoses."
    )
    handbook = f"{long} It begins on delivery."
    assert texts("How long does the warranty of the chiller last?", handbook) == [long]


LOOSE = (
    "gc.auto: With more loose objects than this they are packed. The default value is 6700.\n\n"
    "Setting it to 0 turns that off.\n\n"
    "gc.autoPackLimit: With more packs than this they become one. The default value is 50."
)


def test_a_sentence_belongs_to_the_term_that_its_paragraph_defines() -> None:
    given = select(
        a_question("What is the default value of gc.auto?"),
        a_context(LOOSE),
        EmbedderFunctions(embed, tokenize),
        1,
    )
    assert [(found.lead.text if found.lead else "", found.text) for found in given] == [
        ("gc.auto:", "The default value is 6700.")
    ]


def test_a_name_is_what_the_next_paragraph_speaks_of_too() -> None:
    assert [found.subject.shown.text for found in candidate_sentences(a_passage(LOOSE)) if found.subject] == [
        "gc.auto:", "gc.auto:", "gc.auto:", "gc.autoPackLimit:", "gc.autoPackLimit:"
    ]  # fmt: skip


def test_a_word_before_a_colon_speaks_for_its_paragraph_alone() -> None:
    found = candidate_sentences(a_passage("Note: Wear gloves. They are in the box.\n\nTea is free."))
    assert [candidate.subject is not None for candidate in found] == [True, True, False]


def test_what_a_paragraph_defines_ends_at_a_heading_and_at_a_list() -> None:
    found = candidate_sentences(
        a_passage("-f: Now, at once.\n\n- Tea is free.\n\n# Coffee\n\nIt costs 1 EUR.")
    )
    assert [candidate.subject is not None for candidate in found] == [True, False, False]


def test_what_defines_the_name_asked_for_comes_before_what_mentions_it() -> None:
    said = texts(
        "What does core.autocrlf do?",
        "With this the files are examined, as core.autocrlf does.",
        "core.autocrlf: Line ends become those of the system.",
    )
    assert said[0] == "core.autocrlf: Line ends become those of the system."


def test_a_statement_comes_before_a_question_and_a_bare_command() -> None:
    passage = (
        "How do I remove a worktree with git?\n\ngit worktree remove [-f] the worktree path\n\n"
        "Remove a worktree with git worktree remove."
    )
    asked = a_question("How do I remove a worktree with git?")
    (best,) = select(asked, a_context(passage), EmbedderFunctions(embed, tokenize), 1)
    assert best.text == "Remove a worktree with git worktree remove."


def test_a_price_is_no_number_of_another_kind() -> None:
    said = texts(
        "What does the filter mat cost?", "The filter mat of 2024 is blue.", "The filter mat: EUR 19."
    )
    assert said[0] == "The filter mat: EUR 19."


def test_how_long_asks_for_a_time_or_a_length_and_not_for_any_number() -> None:
    sold = a_passage("The warranty card of this pump has the number 180.", document="d1")
    terms = a_passage("The warranty of this pump ends after two years.", document="d2")
    assert texts("How long is the warranty of the pump?", sold, terms)[0].endswith("two years.")


@pytest.mark.parametrize(
    ("question", "length"),
    [
        ("How long must a password be?", "At least 12 characters."),
        ("How long is version 3 supported?", "It is supported until June 2026."),
        ("How long may we pay?", "Within 30 business days."),
        ("Wie lange gilt die Garantie?", "Sie gilt 1 Jahr."),
        ("Combien de temps dure la garantie ?", "La garantie est de 24 mois."),
        ("¿Cuánto tiempo dura la garantía?", "La garantía es de 10 días."),
    ],
)
def test_a_length_may_be_that_of_a_text_and_in_other_languages(question: str, length: str) -> None:
    part = QuestionPart(question)
    assert part.cue(length, frozenset({"12", "2026", "30", "1", "24", "10"})) == 1.0
    assert part.cue("Its card has the number 180.", frozenset({"180"})) == 0.0


def test_what_is_said_of_a_family_is_said_of_its_members() -> None:
    others = ranked_as(2.0, "The warranty of the DP pumps is 24 months.", "d1")
    family = ranked_as(1.0, "The warranty of the MV pumps is 36 months.", "d2")
    assert texts("How long is the warranty of the MV450?", others, family)[0].endswith("36 months.")


def test_the_year_that_is_asked_for_is_given_alone() -> None:
    old = a_passage("The rate is EUR 0.30 per kilometre.", document="d1", headings=("Travel policy 2023",))
    new = a_passage("The rate is EUR 0.38 per kilometre.", document="d2", headings=("Travel policy 2025",))
    assert texts("What was the rate per kilometre in 2023?", old, new) == [
        "The rate is EUR 0.30 per kilometre."
    ]


def test_only_one_row_of_another_version_is_given() -> None:
    head = "| Place | Limit per night |\n|---|---|\n"
    said = texts(
        "What is the hotel limit per night in the own country?",
        f"{head}| Own country | EUR 120 |\n| Other countries | EUR 145 |",
        f"{head}| Own country | EUR 150 |\n| Other countries | EUR 170 |",
    )
    assert sorted(said) == [
        "Place: Own country; Limit per night: EUR 120.",
        "Place: Own country; Limit per night: EUR 150.",
    ]


def test_a_passage_without_anything_to_show_gives_nothing() -> None:
    assert texts("What is this?", "# Contents\n\n---") == []


@pytest.mark.parametrize(
    "heading",
    [
        "FACTORY ACCEPTANCE TEST",
        "FACTORY ACCEPTANCE TEST.",
        "# Warranty terms",
        "2.3 Hotels",
        "Gas Ballast Valve of the New Pump",
    ],
)
def test_a_heading_is_not_shown(heading: str) -> None:
    assert shown(f"{heading}\n\nThe gauge is RG-117.") == ["The gauge is RG-117."]


def test_a_long_heading_is_known_from_the_path() -> None:
    heading = "1 Who may work from home and for how many days"
    path = ("Remote work", "Who may work from home and for how many days")
    assert shown(f"{heading}\n\nUp to 3 days.", headings=path) == ["Up to 3 days."]


def test_a_line_of_a_slide_is_shown_though_it_has_no_full_stop() -> None:
    line = "warranty of the pumps 36 months without registration"
    assert shown(line) == [line]


def test_a_list_item_that_is_no_sentence_brings_what_its_list_hangs_on() -> None:
    found = {c.text: c.lead and c.lead.text for c in candidate_sentences(a_passage(NOT_COVERED))}
    assert found["damage by liquid in a pump;"] == "The warranty does not cover the following damage:"
    assert found["Claims are made within 30 days."] is None


def test_a_list_below_a_heading_hangs_on_it() -> None:
    passage = a_passage("## 3 What is not covered\n\n- wear of the seals;")
    assert [c.lead and c.lead.text for c in candidate_sentences(passage)] == ["What is not covered:"]


def test_a_fragment_of_a_list_that_hangs_on_nothing_is_left_out() -> None:
    assert shown("The pump is red.\n\n- Home\n- Products\n- About us") == ["The pump is red."]


def test_steps_that_are_sentences_stand_alone() -> None:
    found = candidate_sentences(
        a_passage("Please do this:\n\n1. Limit the speed to 1,050 rpm.\n2. Measure again.")
    )
    assert [(c.text, c.lead) for c in found] == [("Limit the speed to 1,050 rpm.", None)]


def test_lines_in_columns_are_read_as_rows() -> None:
    table = (
        "A-32  Call the eight silent customers      Callum Brathwaite   15 July\n"
        "A-33  Second technician for Kaltenbrunn    Tobias Reinecke     30 September"
    )
    assert shown(table)[1] == "A-33 Second technician for Kaltenbrunn; Tobias Reinecke; 30 September."


def test_lines_that_name_values_are_not_run_together() -> None:
    assert shown("session_minutes: 20\nlock_minutes: 15") == ["session_minutes: 20", "lock_minutes: 15"]


def test_the_marks_of_a_quoted_mail_are_taken_off() -> None:
    quoted = (
        "> Three of the fourteen pumps in the rooms in Verano have\n> become noisy, the others are quiet."
    )
    assert shown(quoted) == [
        "Three of the fourteen pumps in the rooms in Verano have become noisy, the others are quiet."
    ]


def test_they_are_taken_off_a_sentence_that_begins_in_the_middle_of_a_line() -> None:
    quoted = (
        "> The rooms are new. Three of the fourteen pumps in Verano have\n> become noisy since they moved."
    )
    assert shown(quoted)[-1] == "Three of the fourteen pumps in Verano have become noisy since they moved."


def test_a_remark_that_goes_through_all_columns_gets_no_header() -> None:
    table = "| Part | Price | Stock |\n|---|---|---|\n| 030-1 | 5.00 | 7 |\n| Counted on 3 March | | |"
    assert shown(table)[-1] == "Counted on 3 March."


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How long is the number valid, and how many years is the declaration kept?", 2),
        ("What is the tare weight and the gross weight?", 1),
        ("Who has action A-33 and what is it about?", 1),
        ("A chiller has broken down. Who repairs chillers there and how long was its warranty?", 2),
        ("Was bedeutet die Vereinbarung BV-2024-2 und ab wann gilt sie im Werk?", 2),
        ("pump price", 1),
    ],
)
def test_a_question_is_cut_where_it_asks_anew(question: str, count: int) -> None:
    assert len(question_parts(question)) == count


def test_codes_numbers_and_years_are_exact() -> None:
    (part,) = question_parts("What did the MV450 cost in 2024 at 60 Hz?")
    assert set(exact(part.asked("en"))) == {"mv450", "2024", "60"}
