"""Measured tables find their place in a page."""

from __future__ import annotations

import pytest

from eval.relevance.page import put, table

PAGE = (
    "# Title\n\n<!-- measured: ranking -->\nold\n<!-- end -->\n\nprose\n\n"
    "<!-- measured: citing -->\n<!-- end -->\n"
)


def test_a_table_replaces_what_stood_between_its_marks() -> None:
    page = put(PAGE, "ranking", ["new"])
    assert "old" not in page
    assert page.startswith("# Title\n\n<!-- measured: ranking -->\n\nnew\n\n<!-- end -->\n\nprose\n")


def test_other_tables_stay_as_they_are() -> None:
    assert "old" in put(PAGE, "citing", ["new"])


def test_putting_the_same_table_twice_changes_nothing() -> None:
    once = put(PAGE, "ranking", table(("set", "figure"), [("a", 0.5)]))
    assert put(once, "ranking", table(("set", "figure"), [("a", 0.5)])) == once


def test_a_page_without_the_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="deciding"):
        put(PAGE, "deciding", ["new"])


def test_shares_have_three_digits_and_counts_none() -> None:
    assert table(("set", "n", "share", "none"), [("a", 12, 0.12345, None)])[-1] == "| a | 12 | 0.123 |  |"
