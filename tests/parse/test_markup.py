import pytest

from ingestion.parse.markup.parser import tree
from ingestion.types import Document
from service.errors import ExplodingFile, MistypedFile, NestingTooDeep
from tests.parse.reading import elements, outline, read


def page(body: str, head: str = "") -> Document:
    return read("page.html", f"<html><head>{head}</head><body>{body}</body></html>")


def test_blocks_of_a_page_become_elements() -> None:
    document = page(
        "<h1>A <b>b</b></h1>\n<p>one<br>two</p><div>three<h3>C</h3>four</div><pre>  x\n    y</pre>"
    )
    assert outline(document) == [
        ("title 1", "A b"),
        ("paragraph", "one\ntwo"),
        ("paragraph", "three"),
        ("title 3", "C"),
        ("paragraph", "four"),
        ("code", "  x\n    y"),
    ]


def test_lists_keep_their_markers_and_numbers() -> None:
    document = page("<ol start=4><li>a<ul><li>b</li></ul></li><li value=9>c<li>d</ol>")
    assert document.text == "4. a\n  - b\n9. c\n10. d"


def test_a_definition_begins_with_what_it_defines() -> None:
    document = page(
        "<dl><dt>gc.auto</dt><dd><p>How many.</p><p>Zero is never.</p></dd>"
        "<dt>-f</dt><dt>--force</dt><dd>At once.</dd></dl><p>After.</p>"
    )
    assert [element.text for element in elements(document)] == [
        "gc.auto: How many.",
        "Zero is never.",
        "-f, --force: At once.",
        "After.",
    ]


def test_a_term_whose_definition_is_no_paragraph_stands_before_it() -> None:
    document = page("<dl><dt>Colours:</dt><dd><ul><li>red</ul></dd><dt>Shapes</dt></dl>")
    assert outline(document) == [("paragraph", "Colours:"), ("list_item", "- red"), ("paragraph", "Shapes:")]


def test_a_definition_list_within_an_item_keeps_the_mark_of_the_item() -> None:
    assert page("<ul><li><dl><dt>red</dt><dd>warm</dd></dl></ul>").text == "- red: warm"


def test_a_heading_in_the_place_of_a_term_stays_a_heading() -> None:
    assert outline(page("<dl><dt><h3>Term</h3></dt><dd>Text.</dd></dl>")) == [
        ("title 3", "Term"),
        ("paragraph", "Text."),
    ]


def test_a_merged_cell_repeats_in_every_place_it_covers() -> None:
    table = (
        "<table><tr><th rowspan=2>A<th colspan=2>B</tr><tr><td>1<td>2</tr><tr><td>x<td>y<td>z</tr></table>"
    )
    assert elements(page(table))[0].rows == (("A", "B", "B"), ("A", "1", "2"), ("x", "y", "z"))


def test_a_layout_table_is_read_as_the_blocks_it_arranges() -> None:
    layout = "<table role=presentation><tr><td><h2>T</h2><p>text</p></td></tr></table>"
    assert outline(page(layout)) == [("title 2", "T"), ("paragraph", "text")]


def test_a_caption_comes_before_its_table() -> None:
    table = "<table><caption>Prices</caption><tr><td>a<td>b</tr></table>"
    assert [element.kind for element in elements(page(table))] == ["caption", "table"]


def test_title_and_meta_are_what_the_page_says_of_itself() -> None:
    document = page("<p>x</p>", "<title> The page </title><meta name=author content='A. Author'>")
    assert (document.title, document.metadata) == ("The page", {"author": "A. Author"})


@pytest.mark.parametrize(
    ("cause", "body"),
    [
        ("display_none", "<p style='DISPLAY : none !important'>secret</p>"),
        ("visibility_hidden", "<p style='visibility:hidden'>secret</p>"),
        ("zero_opacity", "<p style='opacity:0.0'>secret</p>"),
        ("zero_font_size", "<p style='font-size:0px'>secret</p>"),
        ("off_screen", "<p style='position:absolute; left:-9999px'>secret</p>"),
        ("invisible_colour", "<p style='color:#FFF'>secret</p>"),
        ("invisible_colour", "<p style='color:rgba(0,0,0,0)'>secret</p>"),
        ("hidden_attribute", "<p hidden>secret</p>"),
        ("comment", "<!-- secret -->"),
        ("not_rendered", "<noscript><p>secret</p></noscript>"),
    ],
)
def test_hidden_text_is_left_out_and_counted_by_cause(cause: str, body: str) -> None:
    document = page(f"<p>Seen</p>{body}<p>too</p>")
    assert document.text == "Seen\n\ntoo"
    assert document.receipt.hidden == {cause: 6}


def test_a_style_sheet_hides_by_class() -> None:
    document = page(
        "<p class='x y'>secret</p><p>Seen</p>", "<style>/* c */ .x.y, h9 { display: none }</style>"
    )
    assert (document.text, document.receipt.hidden) == ("Seen", {"display_none": 6})


@pytest.mark.parametrize(
    ("sheet", "hidden"),
    [
        ("#it { display: none } p { display: block }", True),
        ("p { display: block } #it { display: none }", True),
        ("p { display: none !important }", True),
        (".a { display: none } .a { display: block }", False),
        ("p { display: none }", False),
        ("@media print { p { display: none !important } }", False),
        ("p:hover { display: none !important }", False),
    ],
    ids=["specific", "later", "important", "overruled", "inline wins", "print", "hover"],
)
def test_style_sheets_hide_what_a_browser_hides(sheet: str, hidden: bool) -> None:
    own = "" if sheet.startswith(("#", "p { display: block }", ".")) else "style='display: block'"
    document = page(f"<p id=it class=a {own}>judged</p><h1>Seen</h1>", f"<style>{sheet}</style>")
    assert ("judged" in document.text, "Seen" in document.text) == (not hidden, True)


def test_a_page_cannot_exempt_a_rule_from_being_read() -> None:
    sheet = "<style data-css-inline=ignore>p { display: none }</style>"
    assert page("<p data-css-inline='ignore'>secret</p><h1>Seen</h1>", sheet).text == "Seen"


def test_white_text_on_a_dark_ground_is_seen() -> None:
    document = page("<div style='background:#003366'><p style='color:white'>Seen</p></div>")
    assert document.text == "Seen"


def test_a_script_is_no_text() -> None:
    assert page("<p>a</p><script>var secret</script><style>p{}</style>").text == "a"


def test_a_declared_character_set_is_followed() -> None:
    content = "<html><head><meta charset=windows-1251></head><body><p>Привет</p></body></html>".encode(
        "cp1251"
    )
    assert read("a.html", content).text == "Привет"


def test_text_that_calls_itself_html_is_mistyped() -> None:
    with pytest.raises(MistypedFile):
        read("a.html", "just words")


def test_deep_nesting_ends_in_a_typed_error() -> None:
    with pytest.raises(NestingTooDeep):
        page("<b>" * 250 + "x")


def test_a_table_of_too_many_cells_is_refused() -> None:
    with pytest.raises(ExplodingFile):
        read("a.html", "<table>" + "<tr><td colspan=1000>x</tr>" * 11 + "</table>", max_cells=10_000)


def test_only_the_first_attributes_of_an_element_are_read() -> None:
    many = " ".join(f"a{number}='x > {number}'" for number in range(2_000))
    root = tree(f"<p {many}>Seen</p><p class=b id=c>too</p>")
    assert [len(node.attrib) for node in root.iter("p")] == [500, 2]
    assert root.text_content() == "Seentoo"


def test_what_stands_after_a_huge_text_is_read() -> None:
    assert read("a.html", f"<p>{'a' * 10_000_001}</p><p>after</p>").text.endswith("after")


@pytest.mark.parametrize("depth", [300, 3000])
def test_a_page_that_is_not_read_to_its_end_is_refused(depth: int) -> None:
    with pytest.raises(NestingTooDeep):
        read("a.html", "<p>before</p>" + "<div>" * depth + "deep" + "</div>" * depth + "<p>after</p>")


def test_nested_markup_of_a_cell_keeps_its_order() -> None:
    source = (
        "<table><tr><td>text <code>IS</code> [<span>NOT</span>] [<span><em>form</em></span>] NORMALIZED<td>x"
        "<tr><td>one<dl><dt>term<dd>said</dl><td>y</table>"
    )
    table = next(element for element in elements(read("a.html", source)) if element.rows)
    assert table.rows == (("text IS [NOT] [form] NORMALIZED", "x"), ("one term said", "y"))


def test_a_paragraph_behind_the_inner_list_of_an_item_is_no_line_of_its_last_item() -> None:
    page = "<ol><li>Bound on:<ul><li>columns</li><li>values</li></ul><p>The default is 2000.</p></li></ol>"
    assert read("a.html", page).text == "1. Bound on:\n  - columns\n  - values\n\nThe default is 2000."
