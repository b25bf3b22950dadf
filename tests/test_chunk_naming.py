"""A file's name is indexed where it says what the headings do not."""

from __future__ import annotations

import pytest

from ingestion.chunk import chunk
from ingestion.chunking.naming import telling_name
from service.settings import ChunkSettings
from tests.chunk_documents import document, paragraph, title, tokenize


def paths_of(filename: str, *headings: str) -> list[tuple[str, ...]]:
    elements = [title(heading, level) for level, heading in enumerate(headings, start=1)]
    made = chunk(
        document(*elements, paragraph("Net sales rose by a tenth.")),
        tenant="t",
        document_id="d",
        settings=ChunkSettings(),
        tokenize=tokenize,
        filename=filename,
    )
    return [one.heading_path for one in made]


def test_a_name_that_tells_more_stands_before_the_headings() -> None:
    assert paths_of("2023 Q3 AAPL.pdf", "Apple Inc.") == [("2023 Q3 AAPL", "Apple Inc.")]


def test_a_name_that_the_headings_say_is_left_out() -> None:
    assert paths_of("mv450-manual.md", "MV450: Operating Manual") == [("MV450: Operating Manual",)]


def test_a_document_without_headings_has_its_name_for_one() -> None:
    assert paths_of("spare_parts.csv") == [("spare parts",)]


def test_the_name_is_part_of_what_is_indexed() -> None:
    (made,) = chunk(
        document(paragraph("Net sales rose by a tenth.")),
        tenant="t",
        document_id="d",
        settings=ChunkSettings(),
        tokenize=tokenize,
        filename="2023 Q3 AAPL.pdf",
    )
    assert made.indexed_text == "2023 Q3 AAPL\nNet sales rose by a tenth."
    assert made.text == "Net sales rose by a tenth."


@pytest.mark.parametrize("filename", ["RN-1107.record", "travel-policy-2024.docx", "MV450.md", "2024.txt"])
def test_years_and_words_with_letters_tell_something(filename: str) -> None:
    assert telling_name(filename, ["Travel policy"])


@pytest.mark.parametrize(
    "filename",
    [
        "4983.record",
        "0000320193-23-000077.pdf",
        "index.html",
        "README.md",
        "document (2).docx",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b.txt",
        "",
        f"{'very ' * 20}long.txt",
    ],
)
def test_numbers_hashes_and_usual_words_tell_nothing(filename: str) -> None:
    assert telling_name(filename, []) == ""


def test_a_year_that_the_headings_lack_makes_the_name_tell() -> None:
    assert telling_name("travel-policy-2024.docx", ["Travel policy"]) == "travel-policy-2024"
    assert telling_name("travel-policy-2024.docx", ["Travel policy 2024"]) == ""
