from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingestion.parse.normalise import clean_text, normalise
from ingestion.types import Element

KINDS = st.sampled_from(["title", "paragraph", "list_item", "code", "caption", "header", "footer"])
ELEMENTS = st.lists(st.builds(Element, KINDS, st.text(), level=st.integers(0, 6)), max_size=12)
TABLES = st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1, max_size=4).map(
    lambda rows: Element("table", "", rows=tuple(map(tuple, rows)))
)


@given(st.lists(st.one_of(st.builds(Element, KINDS, st.text()), TABLES), max_size=12))
def test_every_element_lies_exactly_where_it_says(elements: list[Element]) -> None:
    normalised = normalise(elements)
    assert all(normalised.text[at.start : at.end] == at.element.text for at in normalised.elements)


@given(ELEMENTS)
def test_elements_follow_one_another_without_overlap(elements: list[Element]) -> None:
    placed = normalise(elements).elements
    assert all(before.end < after.start for before, after in pairwise(placed))


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text)[0]
    assert clean_text(once) == (once, {})


def test_furniture_is_kept_apart_from_the_text() -> None:
    normalised = normalise(
        [Element("header", "ACME"), Element("paragraph", "Body"), Element("page_number", "3")]
    )
    assert normalised.text == "Body"
    assert [element.kind for element in normalised.furniture] == ["header", "page_number"]


def test_list_items_stand_on_lines_of_their_own_indented_by_depth() -> None:
    items = [Element("list_item", "- a"), Element("list_item", "- b", level=1), Element("paragraph", "c")]
    assert normalise(items).text == "- a\n  - b\n\nc"


def test_composed_and_decomposed_letters_become_the_same() -> None:
    assert normalise([Element("paragraph", "Cafe\u0301")]).text == "Caf\u00e9"


def test_code_keeps_its_indentation() -> None:
    assert normalise([Element("code", "\n    if x:\n        y\n")]).text == "    if x:\n        y"


def test_a_table_is_written_from_its_cells() -> None:
    table = Element("table", "whatever", rows=(("a|b", "c\nd"), ("1", "")))
    assert normalise([table]).text == "| a\\|b | c d |\n| --- | --- |\n| 1 |  |"


def test_half_a_surrogate_pair_cannot_break_what_follows() -> None:
    assert normalise([Element("paragraph", "a\ud800b")]).text == "a\N{REPLACEMENT CHARACTER}b"
