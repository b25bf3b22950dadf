"""The numbers that Word shows and does not write, as `word/numbering.xml` describes them."""

from __future__ import annotations

from typing import Any

import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.parse.office import word
from tests.parse.reading import elements, read

MARKED = "%1.%2)"


def _level(depth: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def _numbered(document: Any, name: int, levels: str, override: str = "") -> None:
    """Adds a numbering to the document, under a name that paragraphs can give."""
    root = document.part.numbering_part.element
    definition = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{name}">{levels}</w:abstractNum>'
    root.insert(0, parse_xml(definition))
    root.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{name}"><w:abstractNumId w:val="{name}"/>{override}</w:num>'
        )
    )


def _item(document: Any, text: str, name: int, depth: int = 0) -> None:
    numbering = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{name}"/></w:numPr>'
    document.add_paragraph(text)._p.get_or_add_pPr().append(parse_xml(numbering))


def texts(fill: Any) -> list[str]:
    return [element.text for element in elements(read("a.docx", word(fill)))]


def test_a_level_names_those_above_it_and_begins_anew_under_each() -> None:
    def fill(document: Any) -> None:
        _numbered(document, 70, _level(0, "upperRoman", "%1.") + _level(1, "lowerLetter", MARKED))
        for text, depth in (("scope", 0), ("pumps", 1), ("valves", 1), ("terms", 0), ("pump", 1)):
            _item(document, text, 70, depth)

    assert texts(fill) == ["I. scope", "I.a) pumps", "I.b) valves", "II. terms", "II.a) pump"]


def test_a_level_that_never_restarts_goes_on_counting() -> None:
    def fill(document: Any) -> None:
        on = '<w:lvlRestart w:val="0"/>'
        _numbered(document, 70, _level(0, "decimal", "%1.") + _level(1, "decimal", "(%2)", on))
        for text, depth in (("one", 0), ("first", 1), ("two", 0), ("second", 1)):
            _item(document, text, 70, depth)

    assert texts(fill) == ["1. one", "(1) first", "2. two", "(2) second"]


def test_a_numbering_may_begin_elsewhere() -> None:
    def fill(document: Any) -> None:
        at = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
        _numbered(document, 70, _level(0, "decimal", "%1."), at)
        _item(document, "seventh", 70)
        _item(document, "eighth", 70)

    assert texts(fill) == ["7. seventh", "8. eighth"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [("decimalZero", "02"), ("ordinal", "2nd"), ("upperLetter", "B"), ("lowerRoman", "ii")],
)
def test_a_number_takes_the_form_that_its_level_names(form: str, shown: str) -> None:
    def fill(document: Any) -> None:
        _numbered(document, 70, _level(0, form, "%1:"))
        _item(document, "first", 70)
        _item(document, "second", 70)

    assert texts(fill)[1] == f"{shown}: second"


def test_a_form_that_only_word_can_write_is_an_item_without_a_number() -> None:
    def fill(document: Any) -> None:
        _numbered(document, 70, _level(0, "hebrew1", "%1."))
        _item(document, "first", 70)

    assert texts(fill) == ["- first"]


def test_numbers_go_on_behind_a_table_that_has_items_of_the_list() -> None:
    def fill(document: Any) -> None:
        _numbered(document, 70, _level(0, "decimal", "%1."))
        _item(document, "first", 70)
        cells = document.add_table(2, 2)
        cells.cell(0, 0).text, cells.cell(1, 1).text = "kind", "oil"
        _item(cells.cell(0, 1), "second", 70)
        _item(document, "third", 70)

    assert texts(fill)[-1] == "3. third"


def test_the_definition_of_a_level_may_be_broken_without_losing_its_text() -> None:
    def fill(document: Any) -> None:
        _numbered(document, 70, "")
        _item(document, "first", 70)

    assert texts(fill) == ["- first"]
