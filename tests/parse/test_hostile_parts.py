"""Parts of office files that are written so that a look at their bytes does not find what is in them."""

import pytest

from ingestion.parse.office.package import as_utf8
from service.errors import CorruptFile, ExplodingFile, FootnoteError, NestingTooDeep
from tests.parse.office import deck, with_part, word, workbook, zipped
from tests.parse.reading import read

DECLARATION = '<?xml version="1.0" encoding="UTF-16"?>'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>'
SHEET = "xl/worksheets/sheet1.xml"


def wide(part: bytes, before: str = "") -> bytes:
    """The part in UTF-16, with something behind its declaration."""
    _, _, text = part.decode().rpartition("?>")
    return f"{DECLARATION}{before}{text}".encode("utf-16")


FILES = {
    "a.docx": (word(lambda document: document.add_paragraph("body")), "word/document.xml"),
    "a.pptx": (
        deck(lambda show: show.slides.add_slide(show.slide_layouts[5])),
        "ppt/slides/slide1.xml",
    ),
    "a.xlsx": (workbook(lambda book: book.active.append(["body", 1])), SHEET),
    "a.odt": (
        zipped(
            {
                "mimetype": "application/vnd.oasis.opendocument.text",
                "content.xml": '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:'
                'office:1.0"/>',
            }
        ),
        "content.xml",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_entities_in_a_part_of_two_byte_characters_are_refused_as_any_are(name: str) -> None:
    content, part = FILES[name]
    with pytest.raises(ExplodingFile, match="entities"):
        read(name, with_part(content, part, lambda before: wide(before, ENTITIES)))


def test_a_part_of_two_byte_characters_is_read_as_any_is() -> None:
    content, part = FILES["a.docx"]
    assert read("a.docx", with_part(content, part, wide)).text == "body"


def test_a_part_that_only_says_that_it_has_two_byte_characters_is_read() -> None:
    """.NET's StringWriter declares UTF-16, whatever the file is then written in."""
    assert as_utf8(b'<?xml version="1.0" encoding="utf-16"?><a>\xc3\xa4</a>') == (
        b'<?xml version="1.0"?><a>\xc3\xa4</a>'
    )


def test_a_part_in_an_encoding_of_the_east_is_left_as_it_is() -> None:
    part = '<?xml version="1.0" encoding="GB2312"?><a>\u4f60</a>'.encode("gb2312")
    assert as_utf8(part) == part


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "utf-32", "shift_jis_2004"])
def test_a_part_in_an_encoding_that_office_programs_do_not_write_is_refused(encoding: str) -> None:
    with pytest.raises(CorruptFile, match="encoding"):
        as_utf8(f'<?xml version="1.0" encoding="{encoding}"?>{ENTITIES}<x>&b;</x>'.encode(encoding))


def test_a_part_that_goes_on_in_an_encoding_of_mainframes_is_refused() -> None:
    begun = b'<?xml version="1.0" encoding="cp037"?>'
    with pytest.raises(CorruptFile, match="encoding"):
        as_utf8(begun + f"{ENTITIES}<x>&b;</x>".encode("cp037"))


def test_tables_in_tables_beyond_what_is_read_are_told_as_what_they_are() -> None:
    nested = b"<w:tbl><w:tr><w:tc>" * 300 + b"<w:p/>" + b"</w:tc></w:tr></w:tbl>" * 300
    content, part = FILES["a.docx"]
    with pytest.raises(NestingTooDeep, match="256"):
        read("a.docx", with_part(content, part, lambda xml: xml.replace(b"<w:body>", b"<w:body>" + nested)))


CELLS = "<row>" + "<c><v>1</v></c>" * 1_100 + "</row></sheetData>"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def cells(part: bytes) -> bytes:
    return part.replace(b"</sheetData>", CELLS.encode())


def merging(end: str, prefix: str = "", row: str = "1000") -> bytes:
    """A workbook that merges 4,000 cells."""
    merge = f'</sheetData><mergeCells><{prefix}mergeCell ref="A1:D{row}"{end}</mergeCells>'
    return with_part(*FILES["a.xlsx"], lambda part: part.replace(b"</sheetData>", merge.encode()))


def moved(content: bytes) -> bytes:
    """The workbook with its sheet in a folder, and under an ending, where nobody looks for one."""
    content = with_part(content, "xl/other/sheet.bin", lambda _: _sheet_of(content))
    for named in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
        content = with_part(
            content, named, lambda part: part.replace(b"worksheets/sheet1.xml", b"other/sheet.bin")
        )
    return content


def _sheet_of(content: bytes) -> bytes:
    found: list[bytes] = []
    with_part(content, SHEET, lambda part: found.append(part) or part)
    return found[0]


FULL = {
    "two-byte characters": with_part(*FILES["a.xlsx"], lambda part: wide(cells(part))),
    "another folder": moved(with_part(*FILES["a.xlsx"], cells)),
    "a prefix": with_part(
        *FILES["a.xlsx"],
        lambda part: (
            cells(part)
            .replace(b"<worksheet ", f'<worksheet xmlns:y-z="{MAIN}" '.encode())
            .replace(b"<c>", b"<y-z:c>")
            .replace(b"</c></row>", b"</y-z:c></row>")
            .replace(b"</v></c>", b"</v></y-z:c>")
        ),
    ),
}


@pytest.mark.parametrize("way", FULL)
def test_cells_are_counted_however_the_sheet_is_written(way: str) -> None:
    with pytest.raises(ExplodingFile, match="table cells"):
        read("a.xlsx", FULL[way], max_cells=1_000)


MERGES = {
    "a sign in a value": merging(' x="a>b"/>'),
    "a comment": merging("><!-- x --></mergeCell>"),
    "a sign by its number": merging("/>", row="100&#48;"),
    "a prefix": merging(f' xmlns:y-z="{MAIN}"/>', prefix="y-z:"),
}


@pytest.mark.parametrize("way", MERGES)
def test_merged_cells_are_counted_however_they_are_written(way: str) -> None:
    with pytest.raises(FootnoteError) as caught:
        read("a.xlsx", MERGES[way], max_cells=1_000)
    assert isinstance(caught.value, CorruptFile | ExplodingFile)


def test_a_text_that_is_not_where_it_is_looked_for_hides_nothing() -> None:
    """The part of the usual name is prepared: hidden text goes. Another one would be read as it is."""
    content, part = FILES["a.docx"]
    found: list[bytes] = []
    with_part(content, part, lambda xml: found.append(xml) or xml)
    content = with_part(content, "word/real.xml", lambda _: found[0])
    for named in ("_rels/.rels", "[Content_Types].xml"):
        content = with_part(content, named, lambda xml: xml.replace(b"word/document.xml", b"word/real.xml"))
    with pytest.raises(CorruptFile, match="another part"):
        read("a.docx", content)
