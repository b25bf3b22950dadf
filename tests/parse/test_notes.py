"""A mark of a footnote is no text; an exponent is."""

from __future__ import annotations

import pytest
from fpdf import FPDF

from ingestion.parse.notes import raised
from tests.parse.reading import outline, read


@pytest.mark.parametrize(
    ("before", "sign"),
    [
        ("It was successful.", "1"),
        ("the revenue", "12"),
        ("1,234", "1"),
        ("in 2023", "2"),
        ("(as amended)", "3"),
        ("said \u201cno\u201d", "4"),
        ("kg", "\u2020"),
        ("profit", "2,3"),
        ("12.5%", "(1)"),
        ("the SEC", "1)"),
        ("\uc0c1\ud574", "1"),
    ],
)
def test_a_mark_goes(before: str, sign: str) -> None:
    assert raised(before, sign) == ""


@pytest.mark.parametrize(
    ("before", "sign", "text"),
    [
        ("10", "6", "^6"),
        ("an area of 20 m", "2", "2"),
        ("40 square feet, 12 feet", "3", "3"),
        ("CO", "2", "2"),
        ("(a+b)", "2", "^2"),
        ("the 1", "st", "st"),
        ("Footnote", "TM", "TM"),
        ("", "1", "1"),
    ],
)
def test_an_exponent_stays_and_does_not_become_a_digit(before: str, sign: str, text: str) -> None:
    assert raised(before, sign) == text


def paragraphs(html: str) -> list[str]:
    return [text for kind, text in outline(read("a.html", html)) if kind == "paragraph"]


@pytest.mark.parametrize(
    "mark",
    [
        '<sup><a href="#fn1">1</a></sup>',
        '<a href="#fn1"><sup>1</sup></a>',
        '<sup class="reference"><a href="#cite-1">[1]</a></sup>',
        '<a role="doc-noteref" href="notes.html#n1">1</a>',
        "<sup>1</sup>",
    ],
)
def test_a_mark_in_a_web_page_does_not_part_its_sentences(mark: str) -> None:
    text = "It was successful. State law applies."
    assert paragraphs(f"<p>It was successful.{mark} State law applies.</p>") == [text]


def test_a_linked_mark_goes_behind_any_word() -> None:
    assert paragraphs('<p>The SEC<sup><a href="#n2">2</a></sup> asked.</p>') == ["The SEC asked."]


def test_exponents_and_formulas_of_a_web_page_stay() -> None:
    html = "<p>10<sup>6</sup> t of CO<sub>2</sub><sup>*</sup> on 5 m<sup>2</sup></p>"
    assert paragraphs(html) == ["10^6 t of CO2* on 5 m2"]


@pytest.mark.parametrize("sign", ["*", "\u2020"])
def test_a_raised_sign_that_hangs_on_no_word_is_spoken_of(sign: str) -> None:
    raised = f"<sup>{sign}</sup>"
    html = f"<p>A row with {raised} was checked ({raised}), the others{raised} not.</p>"
    assert paragraphs(html) == [f"A row with {sign} was checked ({sign}), the others not."]


def test_a_mark_in_a_cell_does_not_join_its_number() -> None:
    html = "<table><tr><th>Year<th>Sum</tr><tr><td>2023<td>1,234<sup>1</sup></tr></table>"
    assert "| 2023 | 1,234 |" in read("a.html", html).text


def test_the_way_back_from_a_note_is_no_text() -> None:
    html = '<p>So.</p><ol><li id="fn1">Says who. <a href="#r1" class="footnote-backref">\u21a9</a></li></ol>'
    assert outline(read("a.html", html))[1] == ("list_item", "1. Says who.")


def test_the_brackets_of_a_way_back_go_with_it() -> None:
    label = (
        "<span class=label><span>[</span><a role=doc-backlink href='#id1'>1</a><span>]</span></span>"
        "<p>Set at the factory.</p>"
    )
    assert paragraphs(f"<p>Text.</p><aside role=note>{label}</aside>") == ["Text.", "Set at the factory."]


def test_a_heading_that_leads_back_to_the_contents_is_kept() -> None:
    heading = "<h3><a class=toc-backref href='#id1' role=doc-backlink>Is it free?</a></h3>"
    assert outline(read("a.html", f"{heading}<p>It is.</p>")) == [
        ("title 3", "Is it free?"),
        ("paragraph", "It is."),
    ]


def test_notes_of_markdown_stand_behind_the_text_and_their_marks_go() -> None:
    source = (
        "It was successful.[^1] State law applies.[^long]\n\n[^1]: Mostly.\n\n[^long]: See the act of 1999.\n"
    )
    assert [text for _, text in outline(read("a.md", source))] == [
        "It was successful. State law applies.",
        "1. Mostly.",
        "2. See the act of 1999.",
    ]


def test_a_note_that_nothing_in_the_text_points_to_is_kept() -> None:
    assert "Nobody asked." in read("a.md", "A sentence.\n\n[^9]: Nobody asked.\n").text


def pdf(*runs: tuple[str, float, float]) -> str:
    """The text of a page with one line of runs: text, size, rise."""
    document = FPDF(unit="pt", format=(400, 200))
    document.add_page()
    x = 40.0
    for text, size, rise in runs:
        document.set_font("Helvetica", size=size)
        document.text(x, 100 - rise, text)
        x += document.get_string_width(text)
    return read("a.pdf", bytes(document.output())).text


def test_a_mark_in_a_pdf_goes_and_its_sentence_ends() -> None:
    line = (("It was successful.", 11, 0), ("1", 7, 4), (" State law applies.", 11, 0))
    assert pdf(*line) == "It was successful. State law applies."


def test_a_mark_before_a_full_stop_goes() -> None:
    assert (
        pdf(("Based on revenue", 11, 0), ("12", 7, 4), (". It rose.", 11, 0)) == "Based on revenue. It rose."
    )


def test_a_mark_in_brackets_goes_from_a_pdf() -> None:
    assert pdf(("Net sales", 11, 0), ("(1)", 7, 4), (" rose", 11, 0)) == "Net sales rose"


def test_an_exponent_in_a_pdf_stays() -> None:
    line = (("About 10", 11, 0), ("6", 7, 4), (" people on 5 m", 11, 0), ("2", 7, 4), (".", 11, 0))
    assert pdf(*line) == "About 10^6 people on 5 m2."


def test_the_index_of_a_formula_in_a_pdf_stays() -> None:
    assert pdf(("Less CO", 11, 0), ("2", 7, -3), (" is better.", 11, 0)) == "Less CO2 is better."


def test_a_note_at_the_foot_keeps_its_mark() -> None:
    text = pdf(("1", 6, 3), (" Not counting the district.", 9, 0))
    assert text == "1 Not counting the district."
