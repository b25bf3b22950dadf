"""The commands over finished runs, and the page that a person reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from eval import __main__ as measuring
from eval.commands import run
from eval.run.compare import compared, gate_of
from eval.run.records import Diagnosis, Outcome, Product, RunFolder, RunSummary, Started
from eval.run.report import markdown, page, worst
from eval.run.summary import summary_of
from tests.eval.running import case, hit, outcome, response

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
WRONG = Diagnosis(stage="not_retrieved", seen=f"Nothing. {HOSTILE}", mend="Raise it.")


def outcomes(right: float = 1.0) -> list[Outcome]:
    answered = [
        outcome(
            case(f"a{number}", expected={"pump.md": 1}, facts=(("24 months",),), kind="lookup"),
            response(HOSTILE if number == 0 else "24 months."),
            [hit("pump.md", text=HOSTILE)],
            metrics={"right": right, "unsafe": 0.0, "ndcg@10": 0.8},
            diagnosis=None if right else WRONG,
        )
        for number in range(8)
    ]
    declined = [
        outcome(
            case(f"u{number}", answerable=False),
            response("", p=0.2),
            metrics={"right": 1.0, "unsafe": 0.0},
        )
        for number in range(4)
    ]
    return [*answered, *declined]


def summary(cases: list[Outcome]) -> RunSummary:
    started = Started(
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        product=Product(version="1", fingerprints={"embed": HOSTILE}),
        dataset={"name": "pumps", "sha256": "0" * 64, "cases": len(cases)},
    )
    return summary_of("mine", started, cases, seconds=1.0, options={"limit": None})


def kept(folder: Path, cases: list[Outcome]) -> str:
    RunFolder(folder).finish(summary(cases), cases)
    return str(folder)


class Elements(HTMLParser):
    """The elements of a page, and what they would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.loaded += [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]


def test_a_page_holds_no_element_that_a_document_brought_and_loads_nothing() -> None:
    cases = outcomes(right=0.0)
    found = Elements(page(summary(cases), cases))
    assert "svg" in found.names
    assert found.names.isdisjoint({"script", "img", "link", "iframe"})
    assert found.loaded == []


def test_a_page_says_where_each_case_went_wrong_and_what_would_mend_it() -> None:
    cases = outcomes(right=0.0)
    text = page(summary(cases), cases)
    assert "The worst 8 cases" in text
    assert "not retrieved" in text
    assert "Raise it." in text


def test_a_page_of_a_run_in_which_all_went_well_is_a_page_too() -> None:
    assert "Nothing." in page(summary(outcomes()), outcomes())


def test_a_page_of_a_run_that_failed_says_so_first() -> None:
    cases = [Outcome(case=case("a"), error="unavailable: gone", metrics={"right": 0.0})]
    assert "no score" in page(summary(cases), cases)


def test_wrong_answers_come_before_answers_that_are_missing() -> None:
    missing = outcome(case("m"), response("", p=0.4), metrics={"right": 0.0}, diagnosis=WRONG)
    wrong = outcome(case("w"), metrics={"right": 0.0}, diagnosis=WRONG)
    unsafe = outcome(case("s"), metrics={"right": 0.0, "unsafe": 1.0}, diagnosis=WRONG)
    assert [one.case.id for one in worst([missing, wrong, unsafe])] == ["s", "w", "m"]
    assert len(worst([missing] * 30)) == 20


def test_the_short_form_tells_the_verdict_and_the_figures() -> None:
    before, after = outcomes(), outcomes(right=0.0)
    text = markdown(summary(after), after, compared(before, after, gate_of()))
    assert "The gate does not let it pass" in text
    assert "| right | 0.333 |" in text
    assert "| not retrieved | 8 |" in text


# --- the commands ----------------------------------------------------------------------------


def code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        run(measuring.app, "footnote eval", arguments)
    return ended.value.code


def test_comparing_ends_with_0_for_the_same_run_and_with_4_for_a_worse_one(tmp_path: Path) -> None:
    good, bad = kept(tmp_path / "good", outcomes()), kept(tmp_path / "bad", outcomes(right=0.0))
    assert code("compare", good, good) == 0
    assert code("compare", good, bad) == 4
    assert code("compare", bad, good) == 0


def test_a_run_that_is_not_finished_cannot_be_compared(tmp_path: Path) -> None:
    good = kept(tmp_path / "good", outcomes())
    assert code("compare", good, str(tmp_path)) == 1


def test_an_accepted_run_is_the_baseline_without_its_texts(tmp_path: Path) -> None:
    bad, good = kept(tmp_path / "base", outcomes(right=0.0)), kept(tmp_path / "new", outcomes())
    assert code("compare", bad, good, "--accept") == 0
    assert code("compare", bad, good) == 0
    assert "script" not in (tmp_path / "base" / "cases.jsonl").read_text()


def test_a_report_is_written_into_the_run_s_folder(tmp_path: Path) -> None:
    folder = kept(tmp_path / "good", outcomes())
    assert code("report", folder, "--against", folder) == 0
    assert "The gate lets it pass" in (tmp_path / "good" / "report.html").read_text()
    assert (tmp_path / "good" / "report.md").is_file()


def test_what_drifts_stands_on_the_page_and_in_the_short_form(tmp_path: Path) -> None:
    mine, drift = kept(tmp_path / "mine", outcomes()), tmp_path / "drift.json"
    shift = {"quantity": "support", "answers": 500, "answers_before": 2000, "enough": True, "mean": 0.5}
    shift |= {
        "mean_before": 0.9,
        "psi": 0.8,
        "limit": 0.2,
        "mean_shift": -2.0,
        "mean_limit": 0.4,
        "alarm": True,
    }
    drift.write_text(json.dumps({"since": "2026-01-02T00:00:00Z", "shifts": [shift]}), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run(measuring.app, "footnote eval", ["report", mine, "--drift", str(drift)])
    assert not ended.value.code
    told = (tmp_path / "mine" / "report.html").read_text(encoding="utf-8")
    assert "What readers are answered" in told
    assert "0.800" in told
    assert "support drifts." in (tmp_path / "mine" / "report.md").read_text(encoding="utf-8")


def test_what_is_no_drift_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, other = kept(tmp_path / "mine", outcomes()), tmp_path / "other.json"
    other.write_text("[]", encoding="utf-8")
    with pytest.raises(SystemExit, match="1"):
        run(measuring.app, "footnote eval", ["report", mine, "--drift", str(other)])
    assert "footnote drift --json" in capsys.readouterr().err


def test_a_page_says_which_stages_are_only_estimated() -> None:
    seen = outcomes(0.0)
    estimate = WRONG.model_copy(update={"estimated": True})
    guessed = [one.model_copy(update={"diagnosis": one.diagnosis and estimate}) for one in seen]
    assert "8 of these are estimated" in page(summary(guessed), guessed)
    assert "are estimated" not in page(summary(seen), seen)
