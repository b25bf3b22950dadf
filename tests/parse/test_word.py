from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import RGBColor

from ingestion.types import Document
from service.errors import CorruptFile, ExplodingFile
from tests.parse.office import with_part, word
from tests.parse.reading import elements, outline, read


def test_headings_lists_and_paragraphs_keep_kind_level_and_marker() -> None:
    def fill(document: Any) -> None:
        document.add_heading("Handbook", 0)
        document.add_heading("Leave", 1)
        document.add_paragraph("Everyone has leave.")
        document.add_heading("Sick leave", 2)
        document.add_paragraph("call", style="List Bullet")
        document.add_paragraph("rest", style="List Number")
        document.add_paragraph("return", style="List Number")

    assert outline(read("a.docx", word(fill))) == [
        ("title 1", "Handbook"),
        ("title 1", "Leave"),
        ("paragraph", "Everyone has leave."),
        ("title 2", "Sick leave"),
        ("list_item", "- call"),
        ("list_item", "1. rest"),
        ("list_item", "2. return"),
    ]


def test_a_merged_cell_repeats_in_every_place_it_covers() -> None:
    def fill(document: Any) -> None:
        table = document.add_table(3, 3)
        for row in range(3):
            for column in range(3):
                table.cell(row, column).text = f"{row}{column}"
        table.cell(0, 1).merge(table.cell(0, 2)).text = "wide"
        table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"

    assert elements(read("a.docx", word(fill)))[0].rows == (
        ("00", "wide", "wide"),
        ("tall", "11", "12"),
        ("tall", "21", "22"),
    )


def test_hidden_and_white_runs_are_left_out_and_counted() -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("Seen")
        paragraph.add_run(" vanished").font.hidden = True
        paragraph.add_run(" white").font.color.rgb = RGBColor(255, 255, 255)

    document = read("a.docx", word(fill))
    assert document.text == "Seen"
    assert document.receipt.hidden == {"hidden_run": 9, "white_text": 6}


VANISH = OxmlElement("w:vanish")
SHOWN = OxmlElement("w:vanish")
SHOWN.set(qn("w:val"), "0")


def styled(
    *,
    characters: Sequence[Any] = (),
    paragraph: Sequence[Any] = (),
    run: Sequence[Any] = (),
    all_: bool = False,
) -> Document:
    """A file with one run; of its styles, each is based on the one before."""

    def fill(document: Any) -> None:
        written = document.add_paragraph()
        text = written.add_run("judged")
        for kind, switches, used in (
            (WD_STYLE_TYPE.CHARACTER, characters, text),
            (WD_STYLE_TYPE.PARAGRAPH, paragraph, written),
        ):
            base = None
            for at, switch in enumerate(switches):
                style = document.styles.add_style(f"{kind.name}{at}", kind)
                style.base_style, base = base, style
                if switch is not None:
                    style.element.get_or_add_rPr().append(deepcopy(switch))
            if base is not None:
                used.style = base
        for switch in run:
            text._r.get_or_add_rPr().append(deepcopy(switch))
        if all_:
            defaults = document.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}")
            defaults.append(deepcopy(VANISH))
        document.add_paragraph().add_run("Seen").font.hidden = False

    return read("a.docx", word(fill))


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ({"characters": [VANISH]}, True),
        ({"characters": [VANISH, None]}, True),
        ({"characters": [VANISH, SHOWN]}, False),
        ({"paragraph": [VANISH]}, True),
        ({"paragraph": [VANISH, None]}, True),
        ({"paragraph": [VANISH, SHOWN]}, False),
        ({"paragraph": [VANISH], "characters": [VANISH]}, False),
        ({"paragraph": [VANISH], "characters": [SHOWN]}, True),
        ({"paragraph": [VANISH], "run": [SHOWN]}, False),
        ({"characters": [VANISH], "run": [SHOWN]}, False),
        ({"all_": True}, True),
        ({"all_": True, "run": [SHOWN]}, False),
    ],
)
def test_a_run_is_hidden_as_it_says_itself_or_as_its_styles_say(said: dict[str, Any], hidden: bool) -> None:
    document = styled(**said)
    assert ("judged" in document.text, "Seen" in document.text) == (not hidden, True)
    assert document.receipt.hidden == ({"hidden_run": 6} if hidden else {})


def test_white_text_on_the_dark_ground_of_its_style_is_seen() -> None:
    def fill(document: Any) -> None:
        style = document.styles.add_style("Band", WD_STYLE_TYPE.PARAGRAPH)
        shade = OxmlElement("w:shd")
        shade.set(qn("w:fill"), "003366")
        style.element.get_or_add_pPr().append(shade)
        document.add_paragraph(style=style).add_run("Seen").font.color.rgb = RGBColor(255, 255, 255)

    assert read("a.docx", word(fill)).text == "Seen"


WPS = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


@pytest.mark.parametrize(("fill", "seen"), [("003366", True), ("FFFFFF", False)])
def test_white_text_in_a_shape_is_seen_where_the_shape_is_dark(fill: str, seen: bool) -> None:
    shape = parse_xml(
        f'<wps:wsp xmlns:wps="{WPS}" xmlns:a="{DRAWING}" {nsdecls("w")}><wps:spPr><a:solidFill>'
        f'<a:srgbClr val="{fill}"/></a:solidFill></wps:spPr><wps:txbx><w:txbxContent><w:p><w:r><w:rPr>'
        '<w:color w:val="FFFFFF"/></w:rPr><w:t>judged</w:t></w:r></w:p></w:txbxContent></wps:txbx></wps:wsp>'
    )
    document = read("a.docx", word(lambda made: made.add_paragraph("Seen").add_run()._r.append(shape)))
    assert ("judged" in document.text) == seen


def test_header_and_footer_are_recognised_and_left_out() -> None:
    def fill(document: Any) -> None:
        document.sections[0].header.paragraphs[0].text = "ACME confidential"
        document.sections[0].footer.paragraphs[0].text = "page"
        document.add_paragraph("Body")

    document = read("a.docx", word(fill))
    assert document.text == "Body"
    assert document.receipt.elements == {"header": 1, "footer": 1, "paragraph": 1}


def test_typewriter_lines_that_look_like_code_become_one_code_block() -> None:
    def fill(document: Any) -> None:
        for line in ("def f():", "    return 1"):
            document.add_paragraph().add_run(line).font.name = "Courier New"

    assert outline(read("a.docx", word(fill))) == [("code", "def f():\n    return 1")]


def test_text_in_content_controls_and_tracked_insertions_is_read_and_deletions_are_not() -> None:
    body = (
        b"<w:sdt><w:sdtContent><w:p><w:r><w:t>control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        b"<w:p><w:ins w:id='1' w:author='x'><w:r><w:t>inserted</w:t></w:r></w:ins>"
        b"<w:del w:id='2' w:author='x'><w:r><w:delText>deleted</w:delText></w:r></w:del></w:p>"
    )
    content = with_part(
        word(lambda _: None), "word/document.xml", lambda xml: xml.replace(b"<w:body>", b"<w:body>" + body)
    )
    assert read("a.docx", content).text == "control\n\ninserted"


def test_properties_are_metadata() -> None:
    def fill(document: Any) -> None:
        document.core_properties.title = "The plan"
        document.core_properties.author = "A. Author"
        document.add_paragraph("x")

    document = read("a.docx", word(fill))
    assert document.title == "The plan"
    assert document.metadata["author"] == "A. Author"


def test_xml_entities_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    with pytest.raises(ExplodingFile):
        read("a.docx", with_part(word(lambda _: None), "word/document.xml", lambda _: bomb))


def test_a_part_that_is_no_xml_is_damage() -> None:
    with pytest.raises(CorruptFile):
        read("a.docx", with_part(word(lambda _: None), "word/document.xml", lambda xml: xml[: len(xml) // 2]))


def test_the_data_of_a_chart_becomes_a_table() -> None:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/"
    points = "<c:pt idx='0'><c:v>{}</c:v></c:pt><c:pt idx='1'><c:v>{}</c:v></c:pt>"
    chart = (
        f"<c:chartSpace xmlns:c='{drawing}chart' xmlns:a='{drawing}main'>"
        "<c:chart><c:title><a:t>Sales</a:t></c:title>"
        f"<c:ser><c:tx><c:v>2025</c:v></c:tx><c:cat>{points.format('Q1', 'Q2')}</c:cat>"
        f"<c:val>{points.format(10, 20)}</c:val></c:ser></c:chart></c:chartSpace>"
    )
    content = with_part(
        word(lambda made: made.add_paragraph("x")), "word/charts/chart1.xml", lambda _: chart.encode()
    )
    found = elements(read("a.docx", content))
    assert [element.kind for element in found] == ["paragraph", "caption", "table"]
    assert found[2].rows == (("", "2025"), ("Q1", "10"), ("Q2", "20"))


NOTES = """<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:footnote w:id="-1" w:type="separator"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:id="7"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> Mostly </w:t></w:r>
<w:del><w:r><w:delText>always </w:delText></w:r></w:del><w:r><w:t>so.</w:t></w:r></w:p></w:footnote>
<w:footnote w:id="8"><w:p><w:r><w:t>See the annex.</w:t></w:r></w:p></w:footnote>
<w:footnote w:id="9"><w:p><w:r><w:t>Taken out.</w:t></w:r></w:p></w:footnote>
</w:footnotes>"""


def with_notes() -> bytes:
    """A paragraph with a note, a table with one, and a note whose mark was deleted."""

    def fill(document: Any) -> None:
        first = document.add_paragraph("It was successful.")
        first._p.append(parse_xml(MARK.format(7)))
        first.add_run(" State law applies.")
        cell = document.add_table(2, 2).cell(0, 0)
        cell.text = "Sum"
        cell.paragraphs[0]._p.append(parse_xml(MARK.format(8)))
        gone = document.add_paragraph("The end.")
        gone._p.append(parse_xml(MARK.format(9).replace("w:r ", "w:del ").replace("w:r>", "w:del>")))

    return with_part(word(fill), "word/footnotes.xml", lambda _: NOTES.encode())


MARK = (
    '<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:footnoteReference w:id="{}"/></w:r>'
)


def test_a_footnote_stands_behind_its_paragraph_or_table_with_its_number() -> None:
    assert [text for _, text in outline(read("a.docx", with_notes()))] == [
        "It was successful. State law applies.",
        "1 Mostly so.",
        "Sum",
        "2 See the annex.",
        "The end.",
    ]


def test_no_text_is_lost_at_a_page_break_at_the_end_of_a_run() -> None:
    def fill(document: Any) -> None:
        paragraph = document.add_paragraph()
        for word_ in ("one", "two", "three"):
            paragraph.add_run(word_)._r.append(OxmlElement("w:lastRenderedPageBreak"))

    document = read("a.docx", word(fill))
    assert [(element.page, element.text) for element in elements(document)] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
