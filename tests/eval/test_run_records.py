"""A run's folder: what is written of it, and what is read back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eval.run.families import Failed, measured
from eval.run.records import (
    Case,
    DatasetRef,
    Interval,
    Latency,
    Outcome,
    Product,
    RunFolder,
    RunSummary,
    Started,
    cases_of,
)
from service.errors import InvalidInput


def an_outcome(id: str, answer: str = "Four hours.") -> Outcome:
    response = {"status": "answered", "sentences": [{"text": answer}]}
    return Outcome(case=Case(id=id, question="How long?"), response=response, metrics={"facts": 1.0})


SUMMARY = RunSummary(
    name="a",
    started_at=datetime(2026, 1, 2, tzinfo=UTC),
    seconds=1.5,
    product=Product(version="0.1.0", fingerprints={"embed": "words-1"}),
    dataset=DatasetRef(name="golden", sha256="0" * 64, cases=2),
    counts={"answered": 2},
    metrics={"all": {"facts": Interval(mean=1, low=1, high=1, n=2)}},
    latency_ms={"total": Latency(p50=2, p95=3, mean=2, n=2)},
)

STARTED = Started(started_at=SUMMARY.started_at, product=SUMMARY.product, dataset=SUMMARY.dataset)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_what_was_appended_is_read_back_in_order(run: RunFolder) -> None:
    for id in ("b", "a"):
        run.append(an_outcome(id))
    assert run.outcomes() == (an_outcome("b"), an_outcome("a"))


def test_a_case_s_last_line_counts(run: RunFolder) -> None:
    for answer in ("Three.", "Four."):
        run.append(an_outcome("a", answer))
    assert [outcome.answer for outcome in run.outcomes()] == ["Four."]


def test_a_line_that_was_being_written_when_the_run_was_killed_is_taken_away(run: RunFolder) -> None:
    run.start(STARTED)
    run.append(an_outcome("a"))
    with (run.path / "cases.jsonl").open("ab") as file:
        file.write(b'{"case": {"id": "b", "que')
    run.start(STARTED)
    run.append(an_outcome("c"))
    assert [outcome.case.id for outcome in run.outcomes()] == ["a", "c"]


def test_a_folder_without_a_summary_holds_no_finished_run(run: RunFolder) -> None:
    run.append(an_outcome("a"))
    with pytest.raises(InvalidInput, match="no finished run"):
        run.summary()


def test_a_finished_run_is_read_back_whole(run: RunFolder) -> None:
    run.finish(SUMMARY, [an_outcome("a"), an_outcome("b")])
    assert run.summary() == SUMMARY
    assert run.outcomes() == (an_outcome("a"), an_outcome("b"))
    assert sorted(path.name for path in run.path.iterdir()) == ["cases.jsonl", "run.json"]


def test_a_run_of_another_product_is_not_gone_on_with(run: RunFolder) -> None:
    run.start(STARTED)
    with pytest.raises(InvalidInput, match="other product"):
        run.start(STARTED.model_copy(update={"product": Product(version="0.2.0")}))


def test_a_run_that_goes_on_began_when_it_first_did(run: RunFolder) -> None:
    run.start(STARTED)
    later = STARTED.model_copy(update={"started_at": datetime(2026, 1, 3, tzinfo=UTC)})
    assert run.start(later) == STARTED


def test_a_value_that_is_no_number_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match="finite"):
        Outcome(case=Case(id="a", question="?"), metrics={"facts": float("nan")})


def test_the_line_that_is_no_case_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "question": "?"}\n{"id": "b", "qestion": "?"}\n')
    with pytest.raises(InvalidInput, match="line 2: question"):
        cases_of(file)


class Broken:
    """A family that fails, or finds what is no number."""

    name = "judge"

    def __init__(self, value: float | None) -> None:
        self._value = value

    async def measure(self, outcome: Outcome) -> dict[str, float | None]:
        if self._value is None:
            raise Failed("the judge answered no JSON")
        return {"faithfulness": self._value, "relevancy": 0.5}


async def test_a_family_that_fails_leaves_its_reason_and_no_score() -> None:
    outcome = await measured(Broken(None), an_outcome("a"))
    assert outcome.failures == {"judge": "the judge answered no JSON"}
    assert outcome.metrics == {"facts": 1.0}


async def test_what_is_no_number_is_a_failure_and_no_score() -> None:
    outcome = await measured(Broken(float("nan")), an_outcome("a"))
    assert outcome.failures == {"faithfulness": "the value is no number"}
    assert outcome.metrics == {"facts": 1.0, "relevancy": 0.5}
