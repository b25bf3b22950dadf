import subprocess

import pypandoc
import pytest

from service.errors import CorruptFile, MistypedFile
from tests.parse.office import zipped
from tests.parse.reading import elements, outline, read

SOURCE = (
    "---\ntitle: Manual\nauthor: Ann\n---\n\n# Use\n\nText.\n\n"
    "1. one\n2. two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n"
)


def made(form: str) -> bytes:
    command = [pypandoc.get_pandoc_path(), "--from=markdown", f"--to={form}", "--output=-"]
    return subprocess.run(command, input=SOURCE.encode(), capture_output=True, check=True).stdout


@pytest.mark.parametrize("form", ["odt", "epub"])
def test_office_and_book_formats_keep_structure(form: str) -> None:
    document = read(f"a.{form}", made(form))
    assert {kind for kind, _ in outline(document)} >= {"paragraph", "list_item", "table"}
    assert document.title == "Manual"
    assert next(element.rows for element in elements(document) if element.rows) == (("A", "B"), ("1", "2"))


def test_a_text_in_the_title_style_is_a_heading() -> None:
    assert outline(read("a.odt", made("odt")))[0] == ("title 1", "Manual")


def test_sections_of_restructured_text_lie_below_its_title() -> None:
    text = "Manual\n======\n\nUse\n---\n\nText with ``code``.\n\n::\n\n    x = 1\n\n- a\n- b\n"
    assert outline(read("a.rst", text)) == [
        ("title 1", "Manual"),
        ("title 2", "Use"),
        ("paragraph", "Text with code."),
        ("code", "x = 1"),
        ("list_item", "- a"),
        ("list_item", "- b"),
    ]


def test_restructured_text_cannot_include_other_files() -> None:
    document = read("a.rst", "Before\n\n.. include:: /etc/passwd\n\nAfter\n")
    assert "root:" not in document.text


def test_rich_text_is_read() -> None:
    assert (
        read("a.rtf", r"{\rtf1\ansi Hello {\b bold} world.\par Second.}").text
        == "Hello bold world.\n\nSecond."
    )


def test_a_damaged_file_is_a_typed_error() -> None:
    content = zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<broken"})
    with pytest.raises(CorruptFile):
        read("a.odt", content)


def test_an_archive_without_the_parts_is_mistyped() -> None:
    with pytest.raises(MistypedFile):
        read("a.epub", zipped({"mimetype": "application/epub+zip", "x": "y"}))
