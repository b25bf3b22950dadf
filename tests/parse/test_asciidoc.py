import pytest

from service.errors import ExplodingFile
from tests.parse.reading import elements, outline, read

PAGE = """git-gc(1)
=========

NAME
----
git-gc - Cleanup unnecessary files

OPTIONS
-------

-q::
--quiet::
\tSuppress all
\tprogress reports.

--auto::
\tWith this option, 'git gc' checks
\tfor work. See linkgit:git-log[1].
+
See the `gc.auto` option below.
+
----
$ git gc --auto
----

EXAMPLES
--------
"""


def test_titles_in_two_lines_and_definition_lists_are_read() -> None:
    assert outline(read("git-gc.adoc", PAGE)) == [
        ("title 1", "git-gc(1)"),
        ("title 2", "NAME"),
        ("paragraph", "git-gc - Cleanup unnecessary files"),
        ("title 2", "OPTIONS"),
        ("list_item", "-q, --quiet: Suppress all progress reports."),
        (
            "list_item",
            "--auto: With this option, git gc checks for work. See git-log(1).\n"
            "See the gc.auto option below.",
        ),
        ("code", "$ git gc --auto"),
        ("title 2", "EXAMPLES"),
    ]


def test_every_element_lies_where_it_says_it_does() -> None:
    document = read("git-gc.adoc", PAGE)
    for placed in document.elements:
        assert document.text[placed.start : placed.end] == placed.element.text


def test_headings_listings_captions_and_tables_of_today_are_read() -> None:
    text = "= Guide\n\n== Use\n\n* one\n\n----\nx  = 1\n----\n\n.Parts\n|===\n|Id |Name\n\n|1 |Bolt\n|===\n"
    document = read("a.adoc", text)
    assert outline(document)[:5] == [
        ("title 1", "Guide"),
        ("title 2", "Use"),
        ("list_item", "- one"),
        ("code", "x  = 1"),
        ("caption", "Parts"),
    ]
    assert elements(document)[5].rows == (("Id", "Name"), ("1", "Bolt"))


def test_a_listing_whose_fence_is_not_as_long_as_the_line_above_is_no_title() -> None:
    text = "A longer sentence about it.\n----\nx = 1\n----\n"
    assert outline(read("a.adoc", text)) == [("paragraph", "A longer sentence about it."), ("code", "x = 1")]


def test_items_are_numbered_and_nested_as_a_reader_sees_them() -> None:
    text = ". one\n** a\n** b\n. two\n\nterm:: its meaning\n* under it\n\nAfter.\n\n. anew\n"
    assert read("a.adoc", text).text == (
        "1. one\n  - a\n  - b\n2. two\n\nterm: its meaning\n  - under it\n\nAfter.\n\n1. anew"
    ).replace("term", "  term").replace("  - under", "    - under")


def test_a_block_in_a_list_has_lists_of_its_own_and_the_list_goes_on_after_it() -> None:
    text = "a:: first\n+\n--\n* inside\n--\n\nb:: second\n"
    document = read("a.adoc", text)
    assert [(element.text, element.level) for element in elements(document)] == [
        ("a: first", 0),
        ("- inside", 1),
        ("b: second", 0),
    ]


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("*bold*, _soft_, `a*b*` and 2 * 3 * 4", "bold, soft, a*b* and 2 * 3 * 4"),
        ("un**bold**ed snake_case_name", "unbolded snake_case_name"),
        ("see https://a.org/x[the page] or link:b.html[b]", "see the page or b"),
        ("https://a.org/x[] and <<use,the use>> and <<use>>", "https://a.org/x and the use and use"),
        ("xref:a.adoc#b[There]; kbd:[Ctrl+C], btn:[OK], menu:File[Save]", "There; Ctrl+C, OK, File > Save"),
        ("[[here]]text ((indexed)) (((not,seen)))", "text indexed"),
        ("known.footnote:[Since 2001.]", "known. (Since 2001.)"),
        ("it's users' own 'word'", "it's users' own 'word'"),
        ("pass:[<b>] and +++raw+++ and \\*no*", "<b> and raw and *no*"),
        ("one +\ntwo", "one\ntwo"),
        ("{unknown} {plus} {empty}x", "{unknown} + x"),
    ],
)
def test_macros_and_marks_read_as_a_reader_sees_them(source: str, seen: str) -> None:
    assert read("a.adoc", source).text == seen


def test_a_page_with_an_old_title_has_old_quotes() -> None:
    assert read("a.adoc", "A page\n======\n\n'git' is ``that'' one.\n").text.endswith("git is “that” one.")


def test_attributes_are_put_in_and_the_author_is_no_text() -> None:
    document = read("a.adoc", "= Manual\nAnn Lee <ann@example.org>\n:product: Pump\n\nThe {product} runs.\n")
    assert document.text == "Manual\n\nThe Pump runs."
    assert document.metadata == {"author": "Ann Lee"}


def test_comments_are_left_out_and_counted() -> None:
    document = read("a.adoc", "Seen\n// secret\n\n////\nmore\n////\n\ntoo\n")
    assert (document.text, document.receipt.hidden) == ("Seen\n\ntoo", {"comment": 10})


def test_what_is_included_is_named_and_not_read() -> None:
    document = read("a.adoc", "Before\n\ninclude::/etc/passwd[]\n\nAfter\n")
    assert document.text == "Before\n\nAfter"
    assert document.receipt.warnings == ("Included files are not read with the page: /etc/passwd.",)


def test_conditions_are_decided_where_the_page_decides_them_and_kept_where_it_does_not() -> None:
    text = (
        ":here: 1\nifdef::here[]\na\nendif::[]\nifndef::here[]\nb\nendif::[]\n"
        "ifdef::git-pull[]\nc\nendif::[]\nifndef::git-pull[d]\nifdef::env-github[]\ne\nendif::[]\n"
    )
    assert read("a.adoc", text).text == "a c d"


def test_admonitions_say_what_they_are() -> None:
    text = "[NOTE]\n====\nMind it.\n====\n\nTIP: Or not.\n"
    assert read("a.adoc", text).text == "Note: Mind it.\n\nTIP: Or not."


def test_cells_stand_one_a_line_span_and_repeat() -> None:
    text = '[cols="1,1,1",options="header"]\n|===\n|A\n|B\n|C\n2+|wide\n.2+|high\n|x\n|y goes\non\n|===\n'
    assert elements(read("a.adoc", text))[0].rows == (
        ("A", "B", "C"),
        ("wide", "wide", "high"),
        ("x", "y goes on", "high"),
    )


def test_a_table_of_comma_separated_values_is_read() -> None:
    assert elements(read("a.adoc", ',===\nA,B\n\n1,"x, y"\n,===\n'))[0].rows == (("A", "B"), ("1", "x, y"))


def test_attributes_that_unfold_without_end_are_refused() -> None:
    bomb = ":a: " + "x" * 1000 + "\n:b: " + "{a}" * 50 + "\n:c: " + "{b}" * 50 + "\n\n" + "{c}" * 50
    with pytest.raises(ExplodingFile, match="unfold"):
        read("a.adoc", bomb, max_output_characters=1_000_000)


HOSTILE = (
    *(
        "link:a[",
        "`",
        "*a ",
        "_a ",
        "<<a",
        "[[a",
        "(((a",
        "http://a[",
        "pass:[",
        "'a ",
        "{empty}",
        "a;; b:: ",
    ),
    *("ifdef::a[]\n", "ifdef::[[", "|===\n|a\n", "9|a ", "====\n", "* a\n+\n", "a\n----\n", "////\n"),
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_page_is_read_in_one_pass(piece: str) -> None:
    document = read("a.adoc", "x\n\n" + piece * (50_000 // len(piece)))
    assert document.text.startswith("x")
