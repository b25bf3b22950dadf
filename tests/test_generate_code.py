"""An example of code is shown whole, as it stands, or not at all."""

from __future__ import annotations

import pytest

from service.generate.candidates import candidate_sentences
from service.generate.code import code_blocks
from service.generate.extractive import _quotations
from tests.answering import a_passage

CODE = (
    "@click.command()\n@click.option(\n    '--count', default=1,\n)\ndef hello(count):\n    click.echo(count)"
)


def shown(text: str) -> list[str]:
    return [quotation.text for quotation in _quotations(candidate_sentences(a_passage(text)))]


def test_an_example_is_shown_whole_with_its_lines() -> None:
    assert shown(f"An option has a default.\n\n{CODE}\n\nThat is all there is.") == [
        "An option has a default.",
        CODE,
        "That is all there is.",
    ]


def test_what_leads_to_an_example_stands_before_it() -> None:
    assert shown(f"An option is declared by a decorator:\n\n{CODE}") == [
        "An option is declared by a decorator:",
        CODE,
    ]


def test_the_indentation_that_all_lines_share_is_left_out() -> None:
    assert shown(CODE.replace("\n", "\n    ").join(["    ", ""])) == [CODE]


def test_an_example_too_long_to_show_is_not_cut() -> None:
    assert shown("\n".join([CODE] * 4)) == []


def test_a_quoted_example_is_where_its_footnote_says() -> None:
    passage = a_passage(f"A default is set so:\n\n    {CODE}\n\nMore text.")
    (example,) = [one for one in candidate_sentences(passage) if "click" in one.text]
    start, end = example.span
    assert passage.text[start:end].strip().splitlines()[-1].strip() == "click.echo(count)"


@pytest.mark.parametrize(
    "code", [">>> C(1)\nC(x=1)", "    json.dumps(value)", "$ flask run --port 5001", "x = f(y)\nreturn g(x)"]
)
def test_prompts_calls_and_assignments_are_code(code: str) -> None:
    assert list(code_blocks(f"Text.\n\n{code}\n\nMore.")) == [(7, 7 + len(code))]


@pytest.mark.parametrize(
    "text",
    [
        "The pump() function returns the\nspeed (in rpm) of the pump.",
        "- wear of seals;\n- damage by liquid;\n- opened heads.",
        "- Client Computing (CCG)\n- Network and Edge (NEX)",
        "| a | f(x) |\n|---|---|\n| b | g(x) |",
        "$ 416 was paid (see note)",
        "Code (short)",
    ],
)
def test_prose_lists_and_tables_are_no_code(text: str) -> None:
    assert list(code_blocks(text)) == []
