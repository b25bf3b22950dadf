from datetime import datetime
from typing import Any

import pytest

from ingestion.parse.office.cell_format import shown
from service.errors import ExplodingFile
from tests.parse.office import with_part, workbook
from tests.parse.reading import elements, outline, read


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (1234.5, "#,##0.00", "1,234.50"),
        (0.255, "0.0%", "25.5%"),
        (7, "0.00", "7.00"),
        (12, '0 "pcs"', "12"),
        (True, "General", "TRUE"),
        (datetime(2024, 5, 1), "dd/mm/yyyy", "2024-05-01"),
        (datetime(2024, 5, 1, 8, 30), "General", "2024-05-01 08:30:00"),
        ("A-7", "@", "A-7"),
    ],
)
def test_a_cell_reads_as_it_is_shown(value: object, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_a_sheet_is_a_heading_and_each_block_of_rows_a_table() -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        sheet.title = "Prices"
        for row in (["Part", "Price"], ["A-1", 2.0], [None, None], ["City", "Days"], ["Rome", 3]):
            sheet.append(row)

    document = read("a.xlsx", workbook(fill))
    assert [element.kind for element in elements(document)] == ["title", "table", "table"]
    assert elements(document)[1].rows == (("Part", "Price"), ("A-1", "2"))
    assert document.receipt.tables == ((2, 2), (2, 2))


def test_tables_side_by_side_are_told_apart() -> None:
    def fill(book: Any) -> None:
        for row in (["a", "b", None, "x", "y"], [1, 2, None, 3, 4], [5, 6, None, None, None]):
            book.active.append(row)

    tables = [element.rows for element in elements(read("a.xlsx", workbook(fill))) if element.rows]
    assert tables == [(("a", "b"), ("1", "2"), ("5", "6")), (("x", "y"), ("3", "4"))]


def test_a_line_above_a_table_is_its_caption_and_not_its_header() -> None:
    def fill(book: Any) -> None:
        for row in (["Ducks", None], ["Year", "Count"], [2019, 120]):
            book.active.append(row)
        book.active.merge_cells("A1:B1")

    document = read("a.xlsx", workbook(fill))
    assert outline(document)[1] == ("caption", "Ducks")
    assert elements(document)[2].rows == (("Year", "Count"), ("2019", "120"))


def test_a_merged_cell_repeats() -> None:
    def fill(book: Any) -> None:
        for row in (["Team", "Name"], ["Blue", "Ann"], [None, "Bob"]):
            book.active.append(row)
        book.active.merge_cells("A2:A3")

    assert elements(read("a.xlsx", workbook(fill)))[1].rows[2] == ("Blue", "Bob")


def test_hidden_sheets_rows_and_columns_are_left_out_and_counted() -> None:
    def fill(book: Any) -> None:
        for row in (["a", "cc"], ["b", "dd"], ["eee", "f"]):
            book.active.append(row)
        book.active.column_dimensions["B"].hidden = True
        book.active.row_dimensions[3].hidden = True
        secret = book.create_sheet("Secret")
        secret["A1"] = "plan"
        secret.sheet_state = "veryHidden"

    document = read("a.xlsx", workbook(fill))
    assert "Secret" not in document.text
    assert document.receipt.hidden == {"hidden_column": 4, "hidden_row": 4, "hidden_sheet": 4}


def test_a_lone_cell_far_away_costs_nothing() -> None:
    def fill(book: Any) -> None:
        book.active["A1"] = "near"
        book.active["XFD1048576"] = "far"

    assert [text for _, text in outline(read("a.xlsx", workbook(fill)))] == ["Sheet", "near", "far"]


def test_more_cells_than_the_limit_are_refused_before_they_are_loaded() -> None:
    def many(xml: bytes) -> bytes:
        row = b"<row>" + b"<c><v>1</v></c>" * 1000 + b"</row>"
        return xml.replace(b"<sheetData", b"<sheetData>" + row * 6 + b"</sheetData><x", 1)

    content = with_part(workbook(lambda book: book.active.append([1])), "xl/worksheets/sheet1.xml", many)
    with pytest.raises(ExplodingFile):
        read("a.xlsx", content, max_cells=5_000)
