"""What of a web page is left out as navigation, and what must never be."""

import pytest

from ingestion.types import Document
from tests.parse.reading import outline, read

TEXT = "<p>Open the valve by a quarter turn and wait until the needle rests.</p>"
HEADED = f"<h1>The valve</h1>{TEXT}"


def page(body: str, title: str = "The valve - ACME manual") -> Document:
    return read("page.html", f"<html><head><title>{title}</title></head><body>{body}</body></html>")


@pytest.mark.parametrize(
    "navigation",
    [
        "<nav><h2>Manual</h2><ul><li><a href=a>Pumps</a><li><a href=b>Seals</a></ul></nav>",
        "<div role=navigation><ul><li>Previous: <a href=a>Pumps</a></ul></div>",
        "<form role=search><input><button>Search</button> Search the manual</form>",
        "<ul role=menu><li><button>Light</button><li><button>Dark</button></ul>",
        "<div role=dialog>Keys <table><tr><td>n<td>next page</tr></table></div>",
        "<div class='cookie-bar'>We keep cookies to count visits. <button>Accept</button></div>",
    ],
    ids=["nav", "landmark", "search", "menu", "dialogue", "cookies"],
)
def test_what_calls_itself_navigation_is_left_out(navigation: str) -> None:
    for body in (navigation + HEADED, HEADED + navigation):
        assert outline(page(body)) == outline(page(HEADED))


def test_the_receipt_counts_what_was_left_out() -> None:
    document = page(f"<nav><a href=a>Pumps</a></nav>{HEADED}<nav><a href=b>Seals</a></nav>")
    assert document.receipt.elements == {"title": 1, "paragraph": 1, "navigation": 2}


def test_navigation_parts_what_stands_around_it() -> None:
    assert page(f"<div>one<nav><a href=a>Pumps</a></nav>two</div>{TEXT}").text.startswith("one\n\ntwo")


def test_text_of_some_length_stays_where_it_calls_itself_navigation() -> None:
    assert (
        "quarter turn"
        in page(f"<h1>The valve</h1><nav>{TEXT * 6}</nav><p>End of the page of valves.</p>").text
    )


@pytest.mark.parametrize(
    "outside",
    [
        "<a href='#main'>Skip to the text</a>",
        "<div><ul><li><a href=a>Pumps</a><li><a href=b>Seals</a></ul></div>",
        "<header><div><h2><a href=/>Manual</a></h2> Version <a href=2>2</a></div></header>",
        "<aside><h3>On this page</h3><a href='#a'>Turning it on</a> <a href='#b'>Turning it off</a></aside>",
        "<footer><ul><li><a href=a>Imprint</a><li><a href=b>Contact</a></ul></footer>",
    ],
)
@pytest.mark.parametrize("main", ["<main>{}</main>", "<div role=main>{}</div>", "<article>{}</article>"])
def test_links_outside_the_main_part_are_left_out(outside: str, main: str) -> None:
    content = main.format(HEADED)
    assert outline(page(f"<div>{outside}<div>{content}</div></div>")) == outline(page(content))


@pytest.mark.parametrize(
    "outside",
    [
        "<footer>ACME Ltd, 12 Mill Lane. Call <a href='tel:1'>01 234</a> from nine to five.</footer>",
        "<aside><h2>Beware</h2>Never open it under <a href=p>pressure</a>.</aside>",
        "<div><a href=manual.pdf>The printed manual</a></div>",
    ],
    ids=["address", "aside", "one link"],
)
def test_words_outside_the_main_part_stay(outside: str) -> None:
    words = page(f"{outside}").text
    assert words in page(f"<main>{HEADED}</main>{outside}").text


@pytest.mark.parametrize(
    "content",
    [
        "<ul><li><a href=a>Holiday form</a><li><a href=b>Sick note</a></ul>",
        "<h2>See also</h2><p><a href=a>Pumps</a>, <a href=b>Seals</a></p>",
        "<table><tr><th>Part<th>Page<tr><td><a href=a>Seal</a><td><a href=b>Page 4</a></table>",
        "<aside><p>Never open it under pressure.</p></aside>",
        "<header><p>Read this first.</p></header>",
    ],
)
def test_lists_of_links_within_the_content_stay(content: str) -> None:
    text = page(content, title="x").text
    assert text in page(f"<main>{HEADED}{content}</main>").text
    assert text in page(f"{HEADED}{content}").text


def test_links_before_the_title_of_a_page_are_left_out() -> None:
    links = "<div id=banner><a href=a>Home</a> | <a href=b>Download</a></div>"
    assert outline(page(f"{links}<div>{HEADED}</div>")) == outline(page(f"<div>{HEADED}</div>"))


def test_links_before_a_heading_that_is_not_the_title_stay() -> None:
    links = "<p>Forms:</p><ul><li><a href=a>Holiday</a><li><a href=b>Sick note</a></ul>"
    body = f"{links}<h2>Opening hours</h2><p>Nine to five.</p>"
    assert "- Holiday\n- Sick note" in page(body, title="Forms of the house").text


@pytest.mark.parametrize(
    "line",
    [
        "<p>Next: <a href=b rel=next>Seals</a>, Up: <a href=. rel=up>Manual</a></p>",
        "<table><tr><td><a accesskey=p href=a>Prev</a><td>Up<td><a accesskey=n href=b>Next</a></table>",
        "<div class=navheader><b>3. The valve</b> <a href=a>Prev</a> <a href=b>Next</a></div>",
        "<table class=header><tr><td>[<a href=a> Up </a>]<td>[<a href=b>Contents</a>]</table>",
        "<ol class='breadcrumb small'><li><a href=/>Home</a><li><a href=b>Manual</a><li>The valve</ol>",
    ],
    ids=["texinfo", "docbook", "docbook's head", "texi2html", "breadcrumb"],
)
def test_lines_of_links_to_other_pages_are_left_out(line: str) -> None:
    assert outline(page(f"{HEADED}{line}{TEXT}")) == outline(page(HEADED + TEXT))


def test_a_link_to_the_next_page_within_a_sentence_stays() -> None:
    sentence = "<p>Then go on with <a href=b rel=next>the seals</a> as soon as the valve is closed.</p>"
    assert "Then go on with the seals as soon" in page(HEADED + sentence).text


SECTIONS = "".join(
    f"<h2 id={name}>2.{at} {name}</h2>{TEXT}" for at, name in enumerate(("Parts", "Use", "Care"), 1)
)
CONTENTS = "<ul><li><a href='#Parts'>Parts</a><li><a href='#Use'>Use</a><li><a href='#Care'>2.3 Care</a></ul>"


def test_a_table_of_contents_is_left_out() -> None:
    assert outline(page(f"<h1>Valve</h1>{CONTENTS}{SECTIONS}")) == outline(page(f"<h1>Valve</h1>{SECTIONS}"))


def test_a_list_that_is_called_contents_names_some_chapters_without_their_word() -> None:
    listed = "".join(
        f"<dt><a href='#c{at}'>{at}. {name}</a>" for at, name in enumerate(("Parts", "Use", "Care"), 1)
    )
    contents = f"<dl class=toc>{listed}</dl>"
    names = enumerate(("Parts", "Use", "Care", "End"), 1)
    chapters = "".join(f"<h2>Chapter {at}. {name}</h2>{TEXT}" for at, name in names)
    assert outline(page(f"<h1>Valve</h1>{contents}{chapters}")) == outline(page(f"<h1>Valve</h1>{chapters}"))


@pytest.mark.parametrize(
    "listed",
    [
        CONTENTS.replace("2.3 Care", "Care of old ones"),
        CONTENTS.replace("<ul>", "<ul><li><a href='other.html'>Parts</a>"),
        CONTENTS.replace("</ul>", "<li>Spares: on demand</ul>"),
        "<ul><li><a href='#Parts'>Parts</a><li><a href='#Use'>Use</a><li><a href='#Use'>Use</a></ul>",
    ],
    ids=["names no heading", "leads elsewhere", "says more", "leaves one out"],
)
def test_a_list_of_links_that_is_no_table_of_contents_stays(listed: str) -> None:
    assert page(listed, title="x").text in page(f"<h1>Valve</h1>{listed}{SECTIONS}").text


def test_a_table_of_contents_that_is_the_page_stays() -> None:
    assert "- Use" in page(f"<h1>Valve</h1>{CONTENTS}<h2>Parts</h2><h2>Use</h2><h2>Care</h2>").text


def test_a_page_of_nothing_but_navigation_stays() -> None:
    assert page(
        "<nav><h1>Contents</h1><ol><li><a href=a>Pumps</a><li><a href=b>Seals</a></ol></nav>"
    ).text == ("Contents\n\n1. Pumps\n2. Seals")


@pytest.mark.parametrize("sign", ["\u00b6", "#", "\u00a7", "\uf0c1"])
def test_a_heading_ends_before_its_link_to_itself(sign: str) -> None:
    assert page(f"<h1 id=x>The valve<a class=headerlink href='#x'>{sign}</a></h1>{TEXT}").text.startswith(
        "The valve\n\n"
    )


def test_buttons_in_code_and_beside_the_words_of_a_heading_are_left_out() -> None:
    document = page("<h1>The valve <button>Copy path</button></h1><pre><button>Copy</button>open()</pre>")
    assert document.text == "The valve\n\nopen()"


def test_a_heading_that_is_a_button_stays() -> None:
    assert page(f"<h1><button>Is it free?</button></h1>{TEXT}").text.startswith("Is it free?")


def test_a_table_of_signs_keeps_them() -> None:
    assert page("<p><a href='#sharp'>#</a> begins a comment.</p>").text == "# begins a comment."


def test_links_to_edit_a_section_are_left_out() -> None:
    edit = "<span class=mw-editsection>[<a href='/w?action=edit'>edit</a>]</span>"
    assert outline(page(f"<h1>The valve{edit}</h1>{TEXT}")) == outline(page(HEADED))


@pytest.mark.parametrize(
    "said",
    [
        "<nav><p>Before you open it call <a href=f>the foreman</a>.</p><ul><li><a href=a>P</a></ul></nav>",
        "<div role=dialog><p>The valve is hot, so wear gloves.</p></div>",
        "<div role=alertdialog>Serial numbers 100 to 200 are defective.</div>",
        "<aside>Never open it while it is hot. <a href=a>How hot the valve may become in use</a></aside>",
    ],
    ids=["nav", "dialogue", "warning", "aside"],
)
def test_a_sentence_stays_wherever_it_stands(said: str) -> None:
    sentence = page(said.partition("<ul>")[0].partition(" <a href=a>")[0]).text
    assert sentence in page(f"<main>{HEADED}</main>{said}").text


def test_the_links_beside_a_sentence_in_navigation_are_left_out() -> None:
    links = "<ul><li><a href=a>Pumps</a><li><a href=b>Seals</a></ul>"
    sentence = "<p>Never open it while it is under pressure.</p>"
    assert outline(page(f"{HEADED}<nav>{sentence}{links}</nav>")) == outline(page(f"{HEADED}{sentence}"))


@pytest.mark.parametrize(
    "menu",
    [
        "<div class=menu><p><a href=p>Pizza Margherita</a> 8.50</p><p><a href=q>Pasta</a> 9.00</p></div>",
        "<ul id=menu><li><a href=p>Spaghetti with olives and capers</a> 9<li><a href=q>Lasagne</a> 9</ul>",
        "<ul role=menu><li>Pizza Margherita 8.50<li>Pasta al pesto 9.00</ul>",
        "<table class=menu><tr><td><a href=a>Opening it</a><td>By hand<tr><td><a href=b>Care</a></table>",
    ],
    ids=["prices", "few prices", "role", "descriptions"],
)
def test_a_menu_that_names_more_than_links_stays(menu: str) -> None:
    assert page(menu, title="x").text in page(f"{HEADED}{menu}").text


@pytest.mark.parametrize("address", ["tel:0800", "mailto:help@acme.example", " MailTo:help@acme.example"])
def test_how_somebody_is_reached_stays(address: str) -> None:
    footer = f"<footer><a href='{address}'>0800 1234</a> <a href='{address}'>at night</a></footer>"
    assert "0800 1234 at night" in page(f"<main>{HEADED}</main>{footer}").text


def test_a_form_of_consent_and_a_recipe_of_cookies_are_no_banners() -> None:
    for name in ("consent-form", "recipe cookies", "post-cookie"):
        body = f"{HEADED}<div class='{name}'>200 g flour for all of us. <button>Print</button></div>"
        assert "200 g flour" in page(body).text


@pytest.mark.parametrize(
    "name",
    ["cookie-banner", "cookieConsent", "CybotCookiebotDialog cookie-dialog", "md-consent", "notice-cookie"],
)
def test_banners_that_ask_for_consent_go_by_many_names(name: str) -> None:
    banner = f"<div class='{name}'>We keep cookies to count all visits here. <button>Accept</button></div>"
    assert outline(page(HEADED + banner)) == outline(page(HEADED))


@pytest.mark.parametrize(
    "content",
    [
        "<p class=edition><a href='editions.html'>Edition of 1987</a></p>",
        "<p class=editorial>See <a href='/editions/3'>the third edition</a>.</p>",
        "<h2 class=edit><a href='#edit'>How to edit</a></h2>",
    ],
)
def test_a_link_to_an_edition_or_about_editing_stays(content: str) -> None:
    assert page(content, title="x").text in page(f"{HEADED}{content}").text


def test_a_label_that_explains_and_a_heading_that_is_opened_stay_outside_the_main_part() -> None:
    for content in (
        "<section><label>Send three copies of the certificate</label></section>",
        "<section><h3><button>Is it free of charge?</button></h3><p>Yes.</p></section>",
    ):
        assert page(content, title="x").text in page(f"<main>{HEADED}</main>{content}").text


def test_what_is_said_beside_a_field_to_search_in_is_left_out() -> None:
    search = "<div role=dialog>From here you can search these documents. <input></div>"
    assert outline(page(HEADED + search)) == outline(page(HEADED))
