"""Small files that ask for much: each is refused by a limit that it names, before memory is spent on it."""

import random
from typing import Any

import pytest
from docx.shared import RGBColor
from lxml import html
from pptx.util import Inches

from ingestion.parse.markup import parser, trees
from ingestion.parse.markup.trees import drop_trees
from ingestion.parse.office import sheet_xlsx, word_numbers, word_styles
from service.errors import CorruptFile, ExplodingFile, LimitExceeded
from tests.parse.office import deck, with_part, word, workbook
from tests.parse.reading import elements, read

_CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def chart_of_series(count: int) -> str:
    """A chart in which each series has a point of its own, and none of the others'."""
    series = "".join(
        f'<c:ser><c:val><c:numRef><c:numCache><c:pt idx="{place}"><c:v>1</c:v></c:pt></c:numCache></c:numRef>'
        "</c:val></c:ser>"
        for place in range(count)
    )
    return f'<c:chartSpace xmlns:c="{_CHART}"><c:chart>{series}</c:chart></c:chartSpace>'


def diagonal(book: Any) -> None:
    for place in range(1, 40):
        book.active.cell(place, place, "x")


def merged(book: Any) -> None:
    for row in range(1, 50, 10):
        book.active.cell(row, 1, "x")
        book.active.merge_cells(start_row=row, end_row=row + 9, start_column=1, end_column=40)


def spanning(document: Any) -> None:
    table = document.add_table(40, 30)
    table.cell(0, 0).merge(table.cell(39, 29)).text = "x"


FEW_CELLS = {
    "rows filled from above": (
        "a.html",
        "<table><tr><td colspan=90 rowspan=90>x</td></tr>" + "<tr></tr>" * 89,
    ),
    "one wide row": ("a.html", "<table><tr>" + "<td colspan=900>x</td>" * 9),
    "many tables": ("a.html", "<table><tr><td>a<td>b<tr><td>c<td>d</table>" * 300),
    "a diagonal sheet": ("a.xlsx", workbook(diagonal)),
    "merged cells of a sheet": ("a.xlsx", workbook(merged)),
    "merged cells in Word": ("a.docx", word(spanning)),
    "a chart of many series": (
        "a.docx",
        with_part(
            word(lambda document: document.add_paragraph("x")),
            "word/charts/chart1.xml",
            lambda _: chart_of_series(60).encode(),
        ),
    ),
    "many tables of asciidoc": ("a.adoc", "|===\n20*|a\n|===\n\n" * 60),
}


@pytest.mark.parametrize("name", FEW_CELLS)
def test_more_cells_than_the_limit_are_refused_by_its_name(name: str) -> None:
    filename, content = FEW_CELLS[name]
    with pytest.raises(ExplodingFile) as caught:
        read(filename, content, max_cells=1_000)
    assert "parse.max_cells" in caught.value.hint


def test_a_long_text_in_a_wide_cell_is_refused_before_it_is_repeated() -> None:
    with pytest.raises(ExplodingFile, match="tables of the file") as caught:
        read(
            "a.html",
            f"<table><tr><td>k<td colspan=100>{'long ' * 100}</table>",
            max_output_characters=10_000,
        )
    assert "parse.max_output_characters" in caught.value.hint


def test_a_long_text_in_a_tall_cell_of_word_is_refused_before_it_is_repeated() -> None:
    def fill(document: Any) -> None:
        table = document.add_table(100, 2)
        table.cell(0, 0).merge(table.cell(99, 0)).text = "long " * 100

    with pytest.raises(ExplodingFile, match="tables of the file"):
        read("a.docx", word(fill), max_output_characters=10_000)


def test_a_row_of_word_that_begins_far_to_the_right_has_no_more_columns_than_word() -> None:
    def fill(document: Any) -> None:
        document.add_table(2, 2).cell(1, 1).text = "x"

    def far(part: bytes) -> bytes:
        before = b'<w:tr><w:trPr><w:gridBefore w:val="1000000000"/></w:trPr>'
        return part.replace(b"<w:tr>", before)

    assert read("a.docx", with_part(word(fill), "word/document.xml", far), max_cells=1_000).text == "x"


def test_a_merge_of_a_whole_sheet_costs_no_cells() -> None:
    def everything(part: bytes) -> bytes:
        merge = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        return part.replace(b"</sheetData>", b"</sheetData>" + merge)

    content = workbook(lambda book: book.active.append(["a", "b"]))
    document = read("a.xlsx", with_part(content, "xl/worksheets/sheet1.xml", everything))
    assert "| a | b |" in document.text


def test_a_span_beyond_the_edge_of_a_slides_table_is_read_to_the_edge() -> None:
    def fill(presentation: Any) -> None:
        made = presentation.slides.add_slide(presentation.slide_layouts[5])
        table = made.shapes.add_table(2, 2, *[Inches(1)] * 4).table
        table.cell(0, 0).merge(table.cell(1, 0))
        table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 1).text = "tall", "r", "s"
        table.cell(0, 0)._tc.set("rowSpan", "1000000000")

    table = next(element for element in elements(read("a.pptx", deck(fill))) if element.rows)
    assert table.rows == (("tall", "r"), ("tall", "s"))


def test_the_numbers_of_a_list_do_not_go_on_in_a_repeated_cell() -> None:
    def fill(document: Any) -> None:
        document.add_paragraph("first", style="List Number")
        table = document.add_table(2, 3)
        wide = table.cell(0, 0).merge(table.cell(0, 2))
        wide.paragraphs[0].text, wide.paragraphs[0].style = "second", "List Number"
        table.cell(1, 0).text, table.cell(1, 1).text = "a", "b"
        document.add_paragraph("third", style="List Number")

    assert read("a.docx", word(fill)).text.endswith("3. third")


def tangled(seed: int) -> Any:
    """A tree of thirty elements, some with text in them and behind them."""
    chance = random.Random(seed)
    root = html.Element("div")
    nodes = [root]
    for place in range(30):
        node = html.Element("b")
        node.text, node.tail = chance.choice([None, f"t{place}"]), chance.choice([None, f"u{place}"])
        chance.choice(nodes).append(node)
        nodes.append(node)
    return root


@pytest.mark.parametrize("seed", range(20))
def test_nodes_dropped_together_leave_what_they_leave_one_by_one(seed: int) -> None:
    together, single = tangled(seed), tangled(seed)
    chosen = random.Random(-seed).sample(range(1, 31), 12)
    drop_trees([list(together.iter())[place] for place in chosen])
    for node in [list(single.iter())[place] for place in chosen]:
        node.drop_tree()
    assert html.tostring(together) == html.tostring(single)


def test_the_text_between_dropped_nodes_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = trees._write

    def counting(parent: Any, kept: Any, text: list[str]) -> None:
        written.append(sum(map(len, text)))
        write(parent, kept, text)

    monkeypatch.setattr(trees, "_write", counting)
    assert read("a.html", "<p>" + "ab<!-- x -->" * 2_000).text == "ab" * 2_000
    assert 4_000 <= sum(written) < 8_000


def test_numbers_of_more_digits_than_python_reads_cost_nobody_the_text() -> None:
    many = "9" * 5_000
    page = f"<ol start={many}><li value={many}>x</ol><table><tr><td colspan={many}>a<td>b</table>"
    assert "x" in read("a.html", page).text

    def numbered(part: bytes) -> bytes:
        level = (
            f'<w:p><w:pPr><w:outlineLvl w:val="{many}"/></w:pPr><w:r><w:rPr><w:sz w:val="{many}"/></w:rPr>'
        )
        return part.replace(b"<w:p><w:r>", f"{level}".encode(), 1)

    content = word(lambda document: document.add_paragraph("body"))
    assert read("a.docx", with_part(content, "word/document.xml", numbered)).text == "body"


def test_a_point_of_a_chart_that_has_no_number_is_left_out() -> None:
    def chart(_: bytes) -> bytes:
        return chart_of_series(2).replace('idx="1"', 'idx="first"').encode()

    content = word(lambda document: document.add_paragraph("body"))
    assert read("a.docx", with_part(content, "word/charts/chart1.xml", chart)).text.startswith("body")


@pytest.mark.parametrize("name", ["undefined", "no-such-charset", "hex"])
def test_a_page_in_a_character_set_that_is_none_is_read_by_its_bytes(name: str) -> None:
    assert read("a.html", f"<meta charset={name}><p>text").text == "text"


def test_a_field_without_an_end_is_refused_by_its_length() -> None:
    with pytest.raises(LimitExceeded, match="longer than 1,048,576 characters"):
        read("a.csv", "a,b\n1," + '"' + "x\n" * 600_000)


def test_a_form_feed_in_a_cell_ends_no_row() -> None:
    table = next(element for element in elements(read("a.csv", "a,b\n1,two\x0cpages\n")) if element.rows)
    assert table.rows == (("a", "b"), ("1", "two pages"))


def test_what_a_sheet_says_of_every_element_is_not_written_into_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred kilobytes of it took two gigabytes."""
    written: list[int] = []
    inlined = parser.with_styles_inlined

    def counting(root: Any) -> str:
        page = inlined(root)
        written.append(len(page))
        return page

    monkeypatch.setattr(parser, "with_styles_inlined", counting)
    declared = f"background:url(data:{'a' * 10_000});" + "".join(f"--x{place}:1;" for place in range(1_000))
    html = f"<style>p{{{declared}}} b{{display:none}}</style>" + "<p>x<b>hidden</b></p>" * 500
    assert "hidden" not in read("a.html", html).text
    assert 0 < sum(written) < 200_000


def test_what_hides_a_text_counts_whatever_a_sheet_says_beside_it() -> None:
    sheet = "p{display:none!important;display:block;--x:1} i{display:block;display:none} b{color:red}"
    assert read("a.html", f"<style>{sheet}</style><p>one</p><i>two</i><b>three</b>").text == "three"


def test_a_selector_cannot_write_text_into_its_page() -> None:
    sheet = 'p[title="\\3c /style>smuggled"]{display:none}'
    assert read("a.html", f"<style>{sheet}</style><p>text</p>").text == "text"


def test_columns_beyond_the_edge_of_a_sheet_are_hidden_up_to_the_edge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hiding(part: bytes) -> bytes:
        columns = b'<cols><col min="3" max="2000000000" hidden="1"/></cols>'
        return part.replace(b"<sheetData>", columns + b"<sheetData>")

    found: list[int] = []
    hidden_columns = sheet_xlsx._hidden_columns
    monkeypatch.setattr(
        sheet_xlsx, "_hidden_columns", lambda sheet: [found.append(len(hidden_columns(sheet))), set()][1]
    )
    content = workbook(lambda book: book.active.append(["a", "b"]))
    read("a.xlsx", with_part(content, "xl/worksheets/sheet1.xml", hiding))
    assert found == [16_382]


def shown_again(times: int) -> bytes:
    """A presentation that shows its slide so many times more."""

    def repeated(part: bytes) -> bytes:
        start, end = part.index(b"<p:sldId "), part.index(b"</p:sldIdLst>")
        more = (part[start:end].replace(b'id="256"', b'id="%d"' % (300 + at)) for at in range(times))
        return part[:end] + b"".join(more) + part[end:]

    content = deck(lambda show: show.slides.add_slide(show.slide_layouts[5]))
    return with_part(content, "ppt/presentation.xml", repeated)


def test_slides_are_counted_before_any_is_looked_at() -> None:
    with pytest.raises(LimitExceeded, match="more than 100 slides"):
        read("a.pptx", shown_again(100), max_pages=100)


def test_a_slide_that_is_shown_again_and_again_is_refused() -> None:
    with pytest.raises(CorruptFile, match="more than once"):
        read("a.pptx", shown_again(2))


def test_what_is_around_white_text_is_looked_at_once_for_a_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Any] = []
    around = word_styles._is_filled_around
    monkeypatch.setattr(word_styles, "_is_filled_around", lambda run: looked.append(run) or around(run))

    def fill(document: Any) -> None:
        paragraph = document.add_paragraph("seen")
        for _ in range(50):
            paragraph.add_run("unseen").font.color.rgb = RGBColor(255, 255, 255)

    assert read("a.docx", word(fill)).text == "seen"
    assert len(looked) == 1


def test_the_levels_of_a_list_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    within = word_numbers._with
    monkeypatch.setattr(word_numbers, "_with", lambda *given: looked.append(given[1]) or within(*given))

    def fill(document: Any) -> None:
        for _ in range(100):
            document.add_paragraph("x", style="List Number")

    assert read("a.docx", word(fill)).text.endswith("100. x")
    assert len(looked) < 50
