from typing import Any

import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from service.errors import CorruptFile, LimitExceeded
from tests.parse.office import deck, with_part
from tests.parse.reading import elements, outline, read

BOX = (Inches(1), Inches(1), Inches(4), Inches(2))


def slide(presentation: Any, title: str, *lines: str) -> Any:
    made = presentation.slides.add_slide(presentation.slide_layouts[1])
    made.shapes.title.text = title
    made.placeholders[1].text = "\n".join(lines)
    return made


def test_a_slide_is_a_page_headed_by_its_title() -> None:
    def fill(presentation: Any) -> None:
        slide(presentation, "Plan", "first", "second")
        slide(presentation, "Cost", "third")

    document = read("a.pptx", deck(fill))
    assert [(element.kind, element.page) for element in elements(document) if element.kind == "title"] == [
        ("title", 1),
        ("title", 2),
    ]
    assert [page.number for page in document.receipt.pages] == [1, 2]
    assert "second" in document.text


def test_a_hidden_slide_is_left_out_and_counted() -> None:
    def fill(presentation: Any) -> None:
        slide(presentation, "Shown", "text")
        slide(presentation, "Secret", "plan")._element.set("show", "0")

    document = read("a.pptx", deck(fill))
    assert "Secret" not in document.text
    assert document.receipt.hidden == {"hidden_slide": len("Secretplan")}


def test_a_merged_cell_of_a_table_repeats() -> None:
    def fill(presentation: Any) -> None:
        shape = slide(presentation, "T").shapes.add_table(2, 2, *BOX)
        table = shape.table
        table.cell(0, 0).merge(table.cell(0, 1))
        table.cell(0, 0).text, table.cell(1, 0).text, table.cell(1, 1).text = "both", "l", "r"

    table = next(element for element in elements(read("a.pptx", deck(fill))) if element.rows)
    assert table.rows == (("both", "both"), ("l", "r"))


def test_the_data_of_a_chart_becomes_a_table_behind_its_slide() -> None:
    def fill(presentation: Any) -> None:
        data = CategoryChartData()
        data.categories = ["2023", "2024"]
        data.add_series("Revenue", (1.5, 2))
        slide(presentation, "Numbers").shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *BOX, data)
        slide(presentation, "End")

    found = elements(read("a.pptx", deck(fill)))
    table = next(element for element in found if element.rows)
    assert table.rows == (("", "Revenue"), ("2023", "1.5"), ("2024", "2"))
    assert table.page == 1
    assert found.index(table) < next(at for at, element in enumerate(found) if element.text == "End")


def test_bullets_of_a_text_box_become_list_items_or_paragraphs_in_order() -> None:
    kinds = outline(read("a.pptx", deck(lambda made: slide(made, "Plan", "alpha", "beta"))))
    assert [text.removeprefix("- ") for _, text in kinds] == ["Plan", "alpha", "beta"]


def test_more_slides_than_the_limit_are_refused() -> None:
    def fill(presentation: Any) -> None:
        slide(presentation, "1")
        slide(presentation, "2")

    with pytest.raises(LimitExceeded):
        read("a.pptx", deck(fill), max_pages=1)


def test_the_speakers_notes_stand_behind_their_slide_and_say_what_they_are() -> None:
    def fill(presentation: Any) -> None:
        made = slide(presentation, "Plan", "first")
        made.notes_slide.notes_text_frame.text = "Say why.\n\nThen pause."
        slide(presentation, "Cost", "second")

    document = read("a.pptx", deck(fill))
    assert [(element.page, element.text) for element in elements(document)] == [
        (1, "Plan"),
        (1, "first"),
        (1, "Speaker notes: Say why.\nThen pause."),
        (2, "Cost"),
        (2, "second"),
    ]


def test_a_relationship_without_a_target_is_damage() -> None:
    content = deck(lambda show: show.slides.add_slide(show.slide_layouts[5]))
    named = "ppt/_rels/presentation.xml.rels"
    damaged = with_part(content, named, lambda part: part.replace(b"Target=", b"Aim="))
    with pytest.raises(CorruptFile):
        read("a.pptx", damaged)
