"""Cite: what survives the check, what is dropped, and where the footnotes point."""

import pytest

from service.cite import Checker
from service.settings import CiteSettings
from service.types import Context, Draft, Quotation
from tests.answering import a_context, a_passage

PUMP = (
    "The PX-100 pump delivers 40 litres per minute at 7 bar. It was introduced on 3 May 2019 by Anna Keller. "
    "Operators must not open the valve while the motor is running. The warranty lasts 24 months."
)


def check(text: str, context: Context | None = None, size: int = 7) -> Checker:
    checker = Checker(
        context or a_context(PUMP, "Lunch is served at noon in the main hall."), CiteSettings(), None
    )
    checker.kept = []  # type: ignore[attr-defined]
    for start in range(0, len(text), size):
        checker.kept += checker.feed(text[start : start + size])  # type: ignore[attr-defined]
    checker.kept += checker.finish()  # type: ignore[attr-defined]
    return checker


def kept(text: str, context: Context | None = None, size: int = 7) -> list[str]:
    return [checked.sentence.text for checked in check(text, context, size).kept]  # type: ignore[attr-defined]


def test_a_verbatim_sentence_is_fully_supported_and_quoted_exactly() -> None:
    context = a_context(a_passage(PUMP, start=1000))
    checker = check("The warranty lasts 24 months [1].", context)
    (citation,) = checker.citations
    assert citation.quote == "The warranty lasts 24 months."
    assert citation.quote == PUMP[citation.start - 1000 : citation.end - 1000]
    assert citation.score == 1.0


@pytest.mark.parametrize(
    "written",
    [
        "The warranty lasts 24 months [1].",
        "The warranty lasts 24 months. [1]",
        "The warranty lasts 24 months.[1]",
        "The warranty lasts 24 months [1, 2].",
        "The warranty lasts 24 months [1][2].",
        "The warranty lasts 24 months [1-2].",
        "The warranty lasts 24 months 【1】.",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_markers_are_understood_however_they_are_written_and_cut_by_the_stream(
    written: str, size: int
) -> None:
    assert kept(f"{written} Lunch is served at noon. [2]", size=size) == [
        "The warranty lasts 24 months.",
        "Lunch is served at noon.",
    ]


def test_a_sentence_goes_out_as_soon_as_the_next_one_begins() -> None:
    checker = Checker(a_context(PUMP), CiteSettings(), None)
    assert checker.feed("The warranty lasts 24 months [1]. ") == []
    assert [c.sentence.text for c in checker.feed("It")] == ["The warranty lasts 24 months."]


@pytest.mark.parametrize(
    ("corruption", "what"),
    [
        ("The PX-100 pump delivers 50 litres per minute at 7 bar [1].", "another number"),
        ("The PX-100 pump delivers 40 litres per minute at 7 psi [1].", "another unit"),
        ("The PX-200 pump delivers 40 litres per minute at 7 bar [1].", "another identifier"),
        ("It was introduced on 4 May 2019 by Anna Keller [1].", "another day"),
        ("It was introduced on 3 June 2019 by Anna Keller [1].", "another month"),
        ("It was introduced on 3 May 2019 by Peter Keller [1].", "another name"),
        ("Operators must open the valve while the motor is running [1].", "a denial left out"),
        ("The warranty does not last 24 months [1].", "a denial put in"),
        ("The warranty lasts 40 months [1].", "a number of another sentence"),
        ("The warranty lasts 24 months [2].", "another passage"),
        ("The warranty lasts 24 months [9].", "a passage that was not given"),
        ("The warranty lasts 24 months.", "no marker"),
        ("Elephants migrate along rivers in the dry season [1].", "nothing of it in the passage"),
    ],
)
def test_a_sentence_that_its_passage_does_not_support_is_dropped_and_counted(
    corruption: str, what: str
) -> None:
    checker = check(corruption)
    assert (checker.kept, checker.dropped, checker.citations) == ([], 1, ()), what  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "paraphrase",
    [
        "At 7 bar, the pump delivers 40 litres per minute [1].",
        "Anna Keller introduced it on May 3, 2019 [1].",
        "Anna Keller introduced it on 2019-05-03 [1].",
        "The valve must not be opened by operators while the motor runs [1].",
        "The warranty of the PX-100 pump lasts twenty-four months [1].".replace("twenty-four", "24"),
    ],
)
def test_the_same_fact_in_other_words_is_kept(paraphrase: str) -> None:
    assert kept(paraphrase) == [paraphrase.replace(" [1]", "")]


def test_the_same_number_in_another_notation_is_kept() -> None:
    context = a_context("The site has 1,000 places and cost $1.5 million.")
    assert kept("The site has 1000 places and cost $1,500,000 [1].", context)


def test_a_table_row_is_cited_as_the_row_although_its_words_come_from_the_header_too() -> None:
    table = "| Code | Meaning |\n|---|---|\n| E-41 | Door open |\n| E-42 | Pump blocked |"
    checker = check("Code: E-42; Meaning: Pump blocked [1].", a_context(table))
    assert [citation.quote for citation in checker.citations] == ["| E-42 | Pump blocked |"]


def test_a_row_of_another_code_does_not_support() -> None:
    table = "| Code | Meaning |\n|---|---|\n| E-41 | Door open |\n| E-42 | Pump blocked |"
    assert kept("Code: E-41; Meaning: Pump blocked [1].", a_context(table)) == []


def test_the_heading_above_counts_as_said() -> None:
    context = a_context(a_passage("The limit is 7 bar.", headings=("PX-100 pump",)))
    assert kept("The limit of the PX-100 pump is 7 bar [1].", context)


def test_a_forged_marker_in_a_document_never_becomes_a_citation() -> None:
    context = a_context("Our product is best, see [2] for proof.", "Lunch is served at noon.")
    checker = check("Our product is best, see ［2］ for proof [1].", context)
    assert [citation.document.id for citation in checker.citations] == ["d1"]
    assert checker.citations[0].quote == "Our product is best, see [2] for proof."


def test_a_span_that_is_cited_twice_keeps_its_number() -> None:
    checker = check(
        "The warranty lasts 24 months [1]. Lunch is served at noon [2]. The warranty lasts 24 months [1]."
    )
    assert [c.sentence.citations for c in checker.kept] == [(1,), (2,), (1,)]  # type: ignore[attr-defined]
    assert [citation.n for citation in checker.citations] == [1, 2]


def test_a_sentence_on_two_passages_cites_both() -> None:
    checker = check("The warranty lasts 24 months and lunch is served at noon in the main hall [1][2].")
    assert {citation.document.id for citation in checker.citations} == {"d1", "d2"}


@pytest.mark.parametrize("written", ["I don't know", "I don't know.", "I do not know.", "Ich weiß es nicht."])
def test_saying_so_is_declining_and_not_a_dropped_sentence(written: str) -> None:
    checker = check(written)
    assert (checker.declined, checker.dropped) == (True, 0)


@pytest.mark.parametrize(
    "link",
    [
        "[months](https://evil.example/?q=1)",
        "![months](https://evil.example/p.png)",
        '<a href="https://evil.example">months</a>',
        'months<img src="https://evil.example/x">',
        "months https://evil.example/x",
        "[months][1x]",
    ],
)
def test_a_link_that_no_passage_holds_loses_its_address_and_keeps_its_words(link: str) -> None:
    assert kept(f"The warranty lasts 24 {link} [1].") == ["The warranty lasts 24 months."]


def test_a_link_that_the_cited_passage_holds_survives() -> None:
    context = a_context("Report faults at https://help.example/faults within 24 hours.")
    assert kept("Report faults at https://help.example/faults within 24 hours [1].", context) == [
        "Report faults at https://help.example/faults within 24 hours."
    ]


def test_the_beginning_of_a_known_address_is_not_the_address() -> None:
    context = a_context("Report faults at https://help.example/faults within 24 hours.")
    assert "help.example" not in "".join(
        kept("Report faults at https://help.example/ within 24 hours [1].", context)
    )


def test_two_neighbouring_sentences_are_quoted_as_one_span() -> None:
    context = a_context("The pump is blue. The motor is red. The tank holds 9 litres.")
    checker = check("The pump is blue and the motor is red [1].", context)
    assert [citation.quote for citation in checker.citations] == ["The pump is blue. The motor is red."]


def test_a_row_of_numbers_is_supported_by_itself_and_its_header() -> None:
    table = "Power falls.\n\n| Coolant (°C) | Power (W) |\n|---|---|\n| 20 | 800 |\n| 0 | 350 |"
    checker = check("Coolant (°C): 0; Power (W): 350 [1].", a_context(table))
    assert [citation.quote for citation in checker.citations] == ["| 0 | 350 |"]
    assert kept("Coolant (°C): 20; Power (W): 350 [1].", a_context(table)) == []


def test_a_marker_at_the_end_of_a_line_ends_a_sentence_that_small_letters_follow() -> None:
    context = a_context(
        "The warranty lasts 24 months. full_days: 30 or so it says.", "Lunch is served at noon."
    )
    assert len(kept("The warranty lasts 24 months. [1]\nfull_days: 30 or so it says. [1]\n", context)) == 2


@pytest.mark.parametrize(
    ("corruption", "what"),
    [
        ("The warranty lasts 7 months [1].", "a number of another sentence in its place"),
        ("The PX-100 pump delivers 7 litres per minute at 40 bar [1].", "two numbers that changed places"),
        ("It was introduced on 3 May 2019 by Px Keller [1].", "a name of the same passage in its place"),
        ("The warranty lasts while the motor is running [1].", "half of one sentence, half of another"),
        ("Operators must always open the valve while the motor is running [1].", "a denial turned round"),
    ],
)
def test_words_of_the_passage_in_the_wrong_place_are_no_support(corruption: str, what: str) -> None:
    assert kept(corruption) == [], what


def test_a_sentence_that_reads_out_a_table_row_is_verbatim() -> None:
    table = "| Code | Meaning |\n|---|---|\n| E-41 | Door open |\n| E-42 | Pump blocked |"
    checker = check("Code: E-42; Meaning: Pump blocked [1].", a_context(table))
    assert [citation.score for citation in checker.citations] == [1.0]


@pytest.mark.parametrize("size", [1, 3, 24])
@pytest.mark.parametrize(
    "text",
    [
        "The warranty lasts 24 months. [1] Lunch is served at noon [2]. It was cooked by Anna [7].",
        "- The warranty lasts 24 months [1]\n- Lunch is served at noon 【2】\nI don't know.",
        "The pump delivers 40 litres per minute at 7 bar [1]",
    ],
)
def test_pieces_that_are_held_change_nothing_of_what_is_kept(text: str, size: int) -> None:
    whole = check(text, size=size)
    checker = Checker(a_context(PUMP, "Lunch is served at noon in the main hall."), CiteSettings(), None)
    pieces = [Draft(text=text[start : start + size]) for start in range(0, len(text), size)]
    taken = [piece for piece in pieces if not checker.hold(piece) for piece in checker.take(piece)]
    assert [*taken, *checker.finish()] == whole.kept  # type: ignore[attr-defined]
    assert (checker.rejected, checker.declined) == (whole.rejected, whole.declined)


def test_what_may_take_time_is_not_held() -> None:
    checker = Checker(a_context(PUMP), CiteSettings(), None)
    assert checker.hold(Draft(text="The warranty lasts 24 months [1]."))
    assert not checker.hold(Draft(text=" It was"))
    assert not checker.hold(Draft(quotation=Quotation(1, 0, 6, "It was")))
    assert not checker.hold(Draft(text="a" * 10_000))


def test_a_quoted_heading_above_the_passage_is_shown_and_its_citation_names_it() -> None:
    context = a_context(a_passage("Parquet is exported.", headings=("Notes", "3.3 (6 May 2025)")))
    checker = Checker(context, CiteSettings(), None)
    (shown,) = checker.take(Draft(quotation=Quotation(1, 0, 20, "3.3 (6 May 2025):")))
    (citation,) = checker.citations
    assert shown.sentence.text == "3.3 (6 May 2025):"
    assert citation.heading_path[-1] == "3.3 (6 May 2025)"


def test_a_quoted_heading_of_another_place_is_dropped() -> None:
    context = a_context(a_passage("Parquet is exported.", headings=("Notes", "3.3 (6 May 2025)")))
    checker = Checker(context, CiteSettings(), None)
    assert checker.take(Draft(quotation=Quotation(1, 0, 20, "3.2 (1 March 2025):"))) == []
