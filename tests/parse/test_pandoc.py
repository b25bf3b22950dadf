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


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{place}:1.0"'
    for name, place in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "style": "style",
        "fo": "xsl-fo-compatible",
    }.items()
)


def open_text(body: str, styles: str = "") -> bytes:
    """An odt file of this content."""
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "styles.xml": f"<office:document-styles {_SPACES}><office:styles/></office:document-styles>",
            "content.xml": f"<office:document-content {_SPACES}>"
            f"<office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        }
    )


def test_the_text_of_a_text_box_stands_behind_its_paragraph() -> None:
    frame = "<draw:frame><draw:text-box><text:p>in the box</text:p></draw:text-box></draw:frame>"
    assert outline(
        read("a.odt", open_text(f"<text:p>before {frame}after</text:p><text:p>next</text:p>"))
    ) == [
        ("paragraph", "before after"),
        ("paragraph", "in the box"),
        ("paragraph", "next"),
    ]


def test_a_field_is_read_as_it_is_shown() -> None:
    fields = "<text:user-field-get>Max</text:user-field-get> on <text:date>3 May</text:date>"
    assert read("a.odt", open_text(f"<text:p>For {fields}.</text:p>")).text == "For Max on 3 May."


def test_a_table_in_a_cell_is_text_of_that_cell() -> None:
    def row(*cells: str) -> str:
        inside = "".join(f"<table:table-cell>{cell}</table:table-cell>" for cell in cells)
        return f"<table:table-row>{inside}</table:table-row>"

    def table(*rows: str) -> str:
        return f"<table:table><table:table-column/><table:table-column/>{''.join(rows)}</table:table>"

    inner = table(row("<text:p>in<text:span>ner</text:span></text:p>", "<text:p>1</text:p>"))
    document = read("a.odt", open_text(table(row(inner, "<text:p>right</text:p>"))))
    assert next(element.rows for element in elements(document) if element.rows) == (("inner 1", "right"),)


def test_hidden_text_of_an_odt_is_left_out_and_counted() -> None:
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/>'
        '</style:style><style:style style:name="I" style:family="text" style:parent-style-name="H"/>'
    )
    body = (
        '<text:p>a <text:span text:style-name="I">secret</text:span>b</text:p>'
        '<text:section text:name="s" text:display="none"><text:p>unseen</text:p></text:section>'
    )
    document = read("a.odt", open_text(body, styles))
    assert document.text == "a b"
    assert document.receipt.hidden == {"hidden_run": 6, "hidden_section": 6}


def test_words_that_were_deleted_with_changes_tracked_are_not_read() -> None:
    body = (
        '<text:tracked-changes><text:changed-region text:id="c"><text:deletion><text:p>gone</text:p>'
        "</text:deletion></text:changed-region></text:tracked-changes>"
        '<text:p>kept<text:change text:change-id="c"/> text</text:p>'
    )
    assert read("a.odt", open_text(body)).text == "kept text"
