"""csv, tsv, json and records."""

import json

import pytest

from ingestion.parse import parse
from ingestion.parse.registry import RECORD
from ingestion.types import Document, RawFile
from service.errors import CorruptFile, ExplodingFile, NestingTooDeep
from service.settings import ParseSettings
from tests.parse.reading import elements, outline, read


def record(value: object) -> Document:
    raw = RawFile("s#1", json.dumps(value).encode(), RECORD, "1.record")
    return parse(raw, ParseSettings())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["Id", "Name, first"], ["1", "Ann"], ["2", "Bob"]))
    if delimiter == ",":
        text = text.replace("Name, first", '"Name, first"')
    assert elements(read("a.csv", text))[0].rows == (("Id", "Name, first"), ("1", "Ann"), ("2", "Bob"))


def test_a_quoted_cell_may_hold_line_breaks_and_delimiters() -> None:
    assert elements(read("a.csv", 'a,b\n"x\ny, z",2\n'))[0].rows == (("a", "b"), ("x y, z", "2"))


def test_rows_of_uneven_length_are_padded() -> None:
    assert elements(read("a.tsv", "a\tb\tc\n1\n"))[0].rows == (("a", "b", "c"), ("1", "", ""))


def test_a_single_column_stays_a_table() -> None:
    assert elements(read("a.csv", "Name\nAnn\nBob\n"))[0].rows == (("Name",), ("Ann",), ("Bob",))


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(ExplodingFile):
        read("a.csv", "a,b\n" * 600, max_cells=1_000)


def test_json_objects_become_sections_and_lists_of_objects_tables() -> None:
    value = {"title": "Pump", "limits": {"max": 3}, "parts": [{"id": 1, "name": "Bolt"}, {"id": 2}]}
    document = read("a.json", json.dumps(value))
    assert outline(document)[:4] == [
        ("paragraph", "title: Pump"),
        ("title 1", "limits"),
        ("paragraph", "max: 3"),
        ("title 1", "parts"),
    ]
    assert elements(document)[4].rows == (("id", "name"), ("1", "Bolt"), ("2", ""))
    assert document.title == "Pump"


def test_json_that_is_cut_off_is_damage() -> None:
    with pytest.raises(CorruptFile):
        read("a.json", '{"a": [1, 2')


def test_json_that_nests_without_end_is_refused() -> None:
    with pytest.raises(NestingTooDeep):
        read("a.json", "[" * 100_000)


def test_a_record_keeps_its_id_title_and_metadata() -> None:
    document = record({"_id": 7, "title": "T", "text": "One.\n\nTwo.", "metadata": {"year": 2020, "x": None}})
    assert (document.external_id, document.title, document.text) == ("7", "T", "T\n\nOne.\n\nTwo.")
    assert document.metadata == {"year": 2020}


@pytest.mark.parametrize("value", [[], {"_id": "1"}, {"_id": "1", "text": 3}, {"text": "x", "metadata": [1]}])
def test_what_is_no_record_is_damage(value: object) -> None:
    with pytest.raises(CorruptFile):
        record(value)


def test_one_long_row_does_not_make_all_the_others_as_long() -> None:
    ragged = ",".join("b" * 100) + "\n" + "a\n" * 100
    with pytest.raises(ExplodingFile) as caught:
        read("a.csv", ragged, max_cells=1_000)
    assert "parse.max_cells" in caught.value.hint


def test_empty_columns_of_a_ragged_table_cost_nothing() -> None:
    assert elements(read("a.csv", "a" + "," * 500 + "b\n" + "c\n" * 100, max_cells=1_000))[0].rows[:2] == (
        ("a", "b"),
        ("c", ""),
    )
