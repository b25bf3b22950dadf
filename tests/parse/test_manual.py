"""Manual pages as `man` prints them."""

from __future__ import annotations

import pytest

from tests.parse.reading import outline, read

PAGE = """\
copy(1)                          User Commands                         copy(1)

NAME
       copy - a file\u2010copying tool

OPTIONS
   Deleting
       --delete
              Deletes  what  the  source no longer has.  Files that are ex\u2010
              cluded stay where they are.  The rest is  write-
              protected.

       -n, --dry-run

              Shows what would be done.

              Combine it with --verbose.

       --quiet, -q              tell nothing but errors
       --bwlimit=RATE           limit socket I/O bandwidth

EXIT VALUES
       o      23 - Partial transfer due to error

       o      24 - Files were gone before
              they were read

EXAMPLES
           copy a b
           copy c d

copy 1.0                          1 May 2025                           copy(1)
"""
READ = [
    ("title 1", "copy(1)"),
    ("title 2", "NAME"),
    ("paragraph", "copy - a file\u2010copying tool"),
    ("title 2", "OPTIONS"),
    ("title 3", "Deleting"),
    (
        "paragraph",
        "--delete: Deletes what the source no longer has. Files that are excluded stay where they are. "
        "The rest is write-protected.",
    ),
    ("paragraph", "-n, --dry-run: Shows what would be done."),
    ("paragraph", "Combine it with --verbose."),
    ("list_item", "- --quiet, -q: tell nothing but errors"),
    ("list_item", "- --bwlimit=RATE: limit socket I/O bandwidth"),
    ("title 2", "EXIT VALUES"),
    ("list_item", "- 23 - Partial transfer due to error"),
    ("list_item", "- 24 - Files were gone before they were read"),
    ("title 2", "EXAMPLES"),
    ("code", "copy a b\ncopy c d"),
]


def with_tabs(page: str) -> str:
    """As `col -b` writes it: a tab where it can stand for spaces."""
    lines = []
    for line in page.split("\n"):
        eighths = [line[place : place + 8] for place in range(0, len(line), 8)]
        lines.append("".join(f"{part.rstrip(' ')}\t" if part.endswith("  ") else part for part in eighths))
    return "\n".join(lines)


@pytest.mark.parametrize("page", [PAGE, with_tabs(PAGE), PAGE.replace("NAME", "N\bNA\bAM\bME\bE")])
def test_a_manual_page_is_read_in_sections_terms_and_whole_sentences(page: str) -> None:
    assert outline(read("copy.txt", page)) == READ


def test_a_text_that_names_a_page_once_is_no_manual_page() -> None:
    text = "copy(1) is described below\n\n       a    b"
    assert read("a.txt", text).text == "copy(1) is described below\n\na    b"


def test_a_page_without_text_is_its_title() -> None:
    assert outline(read("copy.txt", PAGE.split("\n")[0])) == [("title 1", "copy(1)")]


def test_a_long_first_line_is_looked_at_once() -> None:
    assert read("a.txt", "a(1) " + "b " * 200_000).text.startswith("a(1) b")
