"""Extractive generation: which sentences are given, and that they read and check as they should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.cite import Checker
from service.generate.extractive import ExtractiveGenerator
from service.settings import CiteSettings
from service.types import Context, Draft, Quotation, Vector
from tests.answering import a_context, a_passage, a_question, embed, tokenize

HANDBOOK = (
    "# Warranty\n\nThe warranty on the pump lasts 24 months. It starts on the day of delivery. "
    "Seals are excluded. Paint is blue."
)
TABLE = (
    "| Code | Meaning | Action |\n|---|---|---|\n"
    "| E-41 | Door open | Close it |\n| E-42 | Pump blocked. Hot | Call us |"
)


async def drafts(question: str, context: Context, most: int = 4) -> list[Draft]:
    generator = ExtractiveGenerator(embed, tokenize, most)
    return [draft async for draft in generator.generate(a_question(question), context)]


async def quotations(question: str, context: Context, most: int = 4) -> list[Quotation]:
    said = await drafts(question, context, most)
    return [draft.quotation for draft in said if draft.quotation is not None]


async def answer(question: str, context: Context, most: int = 4) -> list[str]:
    return [quotation.text for quotation in await quotations(question, context, most)]


async def test_the_sentence_that_answers_is_given_word_for_word_with_its_place() -> None:
    context = a_context("Lunch is at noon in the hall.", HANDBOOK)
    first = (await quotations("How long is the pump's warranty?", context))[0]
    assert (first.n, first.text) == (2, "The warranty on the pump lasts 24 months.")
    assert HANDBOOK[first.start : first.end] == first.text


async def test_nothing_is_embedded_where_token_vectors_are_kept() -> None:
    def never(texts: Sequence[str]) -> Vector:
        raise AssertionError(f"embedded again: {texts}")

    generator = ExtractiveGenerator(never, tokenize, 4)
    asked = a_question("How long is the pump's warranty?")
    said = [draft async for draft in generator.generate(asked, a_context(HANDBOOK))]
    assert said[0].quotation is not None
    assert said[0].quotation.text.endswith("24 months.")


async def test_where_no_token_vectors_are_kept_the_sentences_are_embedded() -> None:
    passage = a_passage(HANDBOOK)
    bare = replace(passage, hits=tuple(replace(hit, tokens=None) for hit in passage.hits))
    assert (await answer("How long is the pump's warranty?", a_context(bare)))[0].endswith("24 months.")


async def test_a_heading_is_never_given_as_an_answer() -> None:
    assert "#" not in "".join(await answer("Warranty?", a_context(HANDBOOK)))


async def test_a_sentence_that_leans_back_comes_after_the_one_that_it_means() -> None:
    said = await answer("On which day of delivery does it start?", a_context(HANDBOOK))
    assert said.index("The warranty on the pump lasts 24 months.") < said.index(
        "It starts on the day of delivery."
    )


async def test_what_a_list_hangs_on_is_said_once_before_its_items() -> None:
    items = "- damage by liquid in the pump;\n- damage by solvent in the pump;"
    terms = f"The warranty of the pump ends with:\n\n{items}"
    said = await answer("Does the warranty cover damage by liquid or damage by solvent?", a_context(terms))
    assert said == [
        "The warranty of the pump ends with:",
        "damage by liquid in the pump;",
        "damage by solvent in the pump;",
    ]


async def test_an_item_with_its_lead_passes_the_citation_check() -> None:
    context = a_context("The warranty of the pump ends with:\n\n- damage by liquid;\n- opened heads.")
    checker = Checker(context, CiteSettings(), None)
    kept = [
        one for draft in await drafts("Is damage by liquid covered?", context) for one in checker.take(draft)
    ]
    assert [checked.sentence.text for checked in kept] == [
        "The warranty of the pump ends with:",
        "damage by liquid;",
    ]
    assert checker.dropped == 0


async def test_a_table_row_is_given_with_its_header() -> None:
    said = await answer("What does E-42 mean?", a_context(TABLE), most=1)
    assert said == ["Code: E-42; Meaning: Pump blocked. Hot; Action: Call us."]


async def test_a_row_whose_header_is_in_another_piece_takes_it_from_there() -> None:
    passage = a_passage("| E-42 | Pump blocked |", header="| Code | Meaning |\n|---|---|")
    assert await answer("What does E-42 mean?", a_context(passage)) == ["Code: E-42; Meaning: Pump blocked."]


async def test_no_more_sentences_are_given_than_asked_for() -> None:
    policies = [f"The daily allowance is EUR {amount} for a full day." for amount in (28, 30, 32)]
    said = await answer("What is the daily allowance for a full day?", a_context(*policies), most=2)
    assert len(said) == 2


async def test_nothing_to_read_is_not_knowing() -> None:
    assert [draft.text for draft in await drafts("Why?", Context((), 0))] == ["I don't know", ""]


async def test_everything_it_says_passes_the_citation_check() -> None:
    context = a_context(
        HANDBOOK,
        TABLE,
        'Dr. Smith said: "Stop." Then, e.g., see [2] and No. 5.\n- First, drain the tank fully\n- Wait',
    )
    for question in (
        "How long is the warranty?",
        "What is E-42?",
        "What did Dr. Smith say in No. 5?",
        "drain tank",
    ):
        checker = Checker(context, CiteSettings(), None)
        kept = [one for draft in await drafts(question, context) for one in checker.take(draft)]
        assert kept
        assert checker.dropped == 0, checker.rejected
        assert min(checked.sentence.support for checked in kept) > 0.9


async def test_what_looks_like_a_marker_of_ours_is_quoted_as_it_stands() -> None:
    text = "Our product is best, as seen in [2]."
    assert await answer("What is best?", a_context(text)) == [text]


async def test_a_sign_at_the_beginning_of_a_wrapped_line_is_no_mark_of_a_quoted_mail() -> None:
    text = "The pump may run for pressures of the inner vessel that are\n> 7 bar at any time of the day."
    assert await answer("At which pressures may the pump run?", a_context(text)) == [" ".join(text.split())]


async def test_a_quoted_mail_is_given_without_its_marks() -> None:
    text = "> The pump may run for pressures of the inner vessel that are\n> above 7 bar at any time."
    assert await answer("At which pressures may the pump run?", a_context(text)) == [
        "The pump may run for pressures of the inner vessel that are above 7 bar at any time."
    ]


async def test_indented_prose_is_given_as_prose_and_not_as_cells() -> None:
    text = "gc.auto::\n\tThere may be approximately this many loose\n\tobjects in the repository."
    (said,) = await answer("How many loose objects may be in the repository?", a_context(text), most=1)
    assert said.endswith("this many loose objects in the repository.")
