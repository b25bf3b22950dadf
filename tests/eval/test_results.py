"""Every measurement is kept in one form: a line a case, and one summary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from eval.labelled.types import LabelledQuestion, LabelledSet, drawn
from eval.results import each, give


@dataclass(frozen=True)
class Row:
    name: str
    share: float


def printed() -> None:
    print("a table")


def test_a_folder_has_a_line_a_case_and_one_summary(tmp_path: Path) -> None:
    rows = [Row("a", 0.5), {"id": "b", "budgets": {250: 1.0}}]
    give({"rows": [Row("all", 1.0)]}, rows, out=tmp_path / "run", as_json=False, show=printed)
    lines = (tmp_path / "run" / "cases.jsonl").read_text().splitlines()
    assert list(map(json.loads, lines)) == [{"name": "a", "share": 0.5}, {"id": "b", "budgets": {"250": 1.0}}]
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == {
        "rows": [{"name": "all", "share": 1.0}]
    }


def test_without_a_folder_the_table_is_printed_or_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    give(Row("a", 1.0), (), out=None, as_json=False, show=printed)
    assert capsys.readouterr().out == "a table\n"
    give(Row("a", 1.0), (), out=None, as_json=True, show=printed)
    assert json.loads(capsys.readouterr().out) == {"name": "a", "share": 1.0}


def test_what_is_no_number_is_null_as_json_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    give([float("nan"), float("inf")], (), out=None, as_json=True, show=printed)
    assert json.loads(capsys.readouterr().out) == [None, None]


def test_each_gives_every_item_once() -> None:
    assert list(each("counting", "abc")) == ["a", "b", "c"]


def test_what_is_drawn_is_the_same_for_a_seed_and_in_order() -> None:
    assert drawn(range(50), 5, 3) == drawn(range(50), 5, 3) == tuple(sorted(drawn(range(50), 5, 3)))
    assert drawn(range(50), 5, 3) != drawn(range(50), 5, 4)
    assert drawn(range(3), None, 1) == drawn(range(3), 5, 1) == (0, 1, 2)


def test_a_limited_set_keeps_its_documents() -> None:
    questions = tuple(LabelledQuestion(str(number), "?", "g", {}) for number in range(9))
    found = LabelledSet("x", questions, files=(Path("a.md"),)).limited(2, 1)
    assert (len(found.questions), found.files) == (2, (Path("a.md"),))
