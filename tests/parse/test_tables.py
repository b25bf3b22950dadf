from typing import Any

import pytest

from ingestion.chunk import chunk
from ingestion.parse.tables import LINE_OF_CELLS, table_element
from service.settings import ChunkSettings
from tests.parse.office import workbook
from tests.parse.reading import elements, read

NUMBERS = [["pump", "4", "x"], ["seal", "12", "y"], ["bolt", "7", "z"]]


def layout(rows: list[list[str]], headed: bool | None = None) -> str:
    element = table_element(rows, headed=headed)
    assert element is not None
    return element.layout


def test_a_first_row_that_holds_a_number_above_numbers_is_no_header() -> None:
    assert layout(NUMBERS) == "rows"
    assert read("a.csv", "pump,4,x\nseal,12,y\nbolt,7,z\n").text.startswith(
        "|  |  |  |\n| --- | --- | --- |\n| pump"
    )


@pytest.mark.parametrize("first", [["part", "count", "mark"], ["part", "2019", "mark"], ["part", "", "4"]])
def test_a_first_row_of_names_or_years_is_a_header(first: list[str]) -> None:
    assert layout([first, *NUMBERS]) == "columns"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.md", "| | |\n|---|---|\n| Type | Int |\n| Default | 1800 |\n"),
        ("a.html", "<table><tr><th>Type<td>Int</tr><tr><th>Default<td>1800</tr></table>"),
        ("a.csv", "Type:,Int\nDefault:,1800\n"),
        ("a.adoc", "|===\n|Type |Int\n|Default |1800\n|===\n"),
    ],
)
def test_keys_and_values_are_read_as_such(name: str, source: str) -> None:
    document = read(name, source)
    assert document.text == "Type: Int\nDefault: 1800"
    assert [len(row) for row in elements(document)[0].rows] == [2, 2]


def test_header_cells_at_the_top_are_a_header_also_where_rows_begin_with_one() -> None:
    source = "<table><tr><th>A<th>B</tr><tr><th>x<td>1</tr></table>"
    assert read("a.html", source).text.startswith("| A | B |\n| --- |")


def wide(book: Any) -> None:
    names = ["Region", "Well", *(f"Measurement of column {number}" for number in range(31))]
    book.active.append(names)
    for number in range(3):
        book.active.append(["North", f"W-{number}", *(f"v{number}.{column}" for column in range(31))])


def test_a_row_of_a_wide_sheet_is_lines_of_named_cells_each_with_its_key() -> None:
    table = elements(read("a.xlsx", workbook(wide)))[1]
    lines = table.text.split("\n")
    assert lines[0].startswith("Well: W-0; Region: North; Measurement of column 0: v0.0; ")
    assert all(line.startswith("Well: W-") and len(line) <= LINE_OF_CELLS + 80 for line in lines)
    assert "Measurement of column 30: v2.30" in lines[-1]
    assert (len(table.rows), len(table.rows[0])) == (4, 33)


def test_every_chunk_of_a_wide_sheet_names_its_columns_and_its_row() -> None:
    document = read("a.xlsx", workbook(wide))
    pieces = chunk(
        document,
        tenant="t",
        document_id="d",
        settings=ChunkSettings(),
        tokenize=lambda text: [(at, at + 1) for at in range(0, len(text), 4)],
    )
    assert all(piece.text.startswith("Well: W-") and not piece.header for piece in pieces)
    assert [document.text[piece.start : piece.end] for piece in pieces] == [piece.text for piece in pieces]
