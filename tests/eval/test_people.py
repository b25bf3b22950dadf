"""A blind sheet goes out and ratings come back."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval.judge.pairs import Pair
from eval.people.key import Key
from eval.people.scores import preference, preferences, ratings_of, winners
from eval.people.sheet import COLUMNS, Shown, page, sheet_of, write_table
from eval.run.records import Case
from service.errors import InvalidInput

HOSTILE = '<script>alert(1)</script><img src="https://example.com/x" onerror=alert(2)> " \' {{ 7*7 }} =1+1'


def pairs(count: int) -> list[Pair]:
    return [
        Pair(f"c{number}", Case(id=f"c{number}", question=f"Why {number}?"), f"one {number}", f"two {number}")
        for number in range(count)
    ]


def a_sheet(count: int = 20, most: int = 200, seed: int = 1) -> tuple[list[Shown], Key]:
    return sheet_of(pairs(count), ("run-before", "run-after"), most, seed)


def rated(
    folder: Path, key: Key, rater: str, ratings: dict[int, object], changed: dict[str, str] | None = None
) -> Path:
    path = folder / f"{rater}.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for row, rating in ratings.items():
            line = {"sheet": key.sheet, "row": str(row), "rater": rater, "rating": str(rating), "comment": ""}
            table.writerow([{**line, **(changed or {})}[column] for column in COLUMNS])
    return path


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


# --- the sheet -------------------------------------------------------------------------------


def test_nothing_on_a_sheet_says_which_run_is_where() -> None:
    shown, key = a_sheet()
    html = page(shown, key.sheet)
    assert {row.swapped for row in key.rows.values()} == {True, False}
    assert not any(name in html for name in ("run-before", "run-after", ">c1", "c11"))


def test_the_key_says_it() -> None:
    shown, key = a_sheet()
    for one in shown:
        row = key.rows[one.number]
        first, second = (one.right, one.left) if row.swapped else (one.left, one.right)
        assert (first.split()[0], second.split()[0]) == ("one", "two")
        assert one.question == f"Why {row.case[1:]}?"


def test_a_sheet_holds_at_most_so_many_cases_and_none_without_a_difference() -> None:
    same = Pair("same", Case(id="same", question="?"), "alike", "alike ")
    shown, _ = sheet_of([*pairs(9), same], ("old", "new"), 200, 1)
    assert len(shown) == 9
    assert len(a_sheet(30, most=12)[0]) == 12


def test_the_same_seed_makes_the_same_sheet() -> None:
    assert a_sheet() == a_sheet()
    assert a_sheet()[1].sheet != a_sheet(seed=2)[1].sheet


def test_what_stands_in_answers_is_shown_and_never_run() -> None:
    html = page([Shown(1, HOSTILE, HOSTILE, HOSTILE)], "s")
    tags = Tags(html)
    assert tags.tags.count("script") == 1
    assert "img" not in tags.tags
    assert not any(name.startswith("on") for name, _ in tags.attributes)
    assert "{{ 7*7 }}" in html


def test_the_page_needs_nothing_from_elsewhere_and_may_load_nothing() -> None:
    tags = Tags(page(*(lambda sheet: (sheet[0], sheet[1].sheet))(a_sheet())))
    assert not any(name in ("src", "href") for name, _ in tags.attributes)
    (policy,) = (value for _, value in tags.attributes if value.startswith("default-src"))
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; "
        "base-uri 'none'; form-action 'none'",
        policy,
    )


def test_no_cell_of_the_table_is_a_formula(tmp_path: Path) -> None:
    write_table([Shown(1, "=1+1", "-2", "@x")], "s", tmp_path / "sheet.csv")
    with (tmp_path / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert [row[name] for name in ("question", "left", "right")] == ["'=1+1", "'-2", "'@x"]


# --- ratings ---------------------------------------------------------------------------------


def favouring_b(key: Key) -> dict[int, object]:
    return {number: 1 if row.swapped else 5 for number, row in key.rows.items()}


def test_ratings_are_turned_toward_the_second_run(tmp_path: Path) -> None:
    _, key = a_sheet()
    given = ratings_of(key, [rated(tmp_path, key, "anna", favouring_b(key))])
    found = preference(given)
    assert set(given["anna"].values()) == {5}
    assert (found.toward_b, found.low, found.high, found.b, found.a) == (2, 2, 2, 20, 0)


def test_the_middle_prefers_neither(tmp_path: Path) -> None:
    _, key = a_sheet()
    given = ratings_of(key, [rated(tmp_path, key, "anna", dict.fromkeys(key.rows, 3))])
    assert set(winners(given).values()) == {"tie"}


def test_people_who_rate_alike_agree_and_those_who_differ_by_one_step_nearly(tmp_path: Path) -> None:
    _, key = a_sheet()
    one: dict[int, object] = {number: number % 4 + 1 for number in key.rows}
    next_to: dict[int, object] = {number: number % 4 + 2 for number in key.rows}
    other: dict[int, object] = {number: 5 - number % 4 for number in key.rows}
    first = rated(tmp_path, key, "anna", one)

    def kappa(rater: str, ratings: dict[int, object]) -> float:
        found = preference(ratings_of(key, [first, rated(tmp_path, key, rater, ratings)])).kappa
        assert found is not None
        return found

    assert kappa("bert", one) == 1
    assert 0.5 < kappa("carl", next_to) < 1
    assert kappa("dora", other) < 0


def test_one_person_alone_agrees_with_nobody(tmp_path: Path) -> None:
    _, key = a_sheet()
    assert preference(ratings_of(key, [rated(tmp_path, key, "anna", {1: 5, 2: 1})])).kappa is None


def test_rows_without_a_rating_are_left_out(tmp_path: Path) -> None:
    _, key = a_sheet()
    given = ratings_of(key, [rated(tmp_path, key, "anna", {1: 5, 2: ""})])
    assert len(given["anna"]) == 1


@pytest.mark.parametrize(
    ("ratings", "changed", "reason"),
    [
        ({1: 6}, {}, "from 1 to 5"),
        ({1: "good"}, {}, "from 1 to 5"),
        ({99: 3}, {}, "no such row"),
        ({1: 3}, {"sheet": "another"}, "another sheet"),
        ({1: 3}, {"rater": " "}, "no rater"),
    ],
)
def test_a_line_that_is_no_rating_is_named(
    tmp_path: Path, ratings: dict[int, object], changed: dict[str, str], reason: str
) -> None:
    _, key = a_sheet()
    with pytest.raises(InvalidInput, match=rf"anna\.csv, line 2: .*{reason}"):
        ratings_of(key, [rated(tmp_path, key, "anna", ratings, changed)])


def test_nobody_rates_a_case_twice(tmp_path: Path) -> None:
    _, key = a_sheet()
    path = rated(tmp_path, key, "anna", {1: 3})
    with pytest.raises(InvalidInput, match="already"):
        ratings_of(key, [path, path])


def test_other_tables_and_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="lacks the columns"):
        ratings_of(a_sheet()[1], [other])
    for read in (Key.read, preferences):
        with pytest.raises(InvalidInput):
            read(other)
    with pytest.raises(InvalidInput, match="no ratings"):
        preference({})
