"""Two runs compared: what changed, how sure that is, and what the gate lets pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eval.run.compare import Comparison, Gate, compared, gate_of, in_turn
from eval.run.comparing import slim
from eval.run.records import DatasetRef, Outcome, Product, RunSummary, Started
from eval.run.summary import summary_of
from service.errors import InvalidInput, Misconfigured
from tests.eval.running import case, hit, outcome, response

GATE = Gate(metrics={"right": 0.02, "unsupported": 0.0}, parts={"right": 0.05}, latency=0.5)
COUNT = 40

Score = Callable[[int], float]


def run(right: Score, *, kind: str = "lookup", processor_ms: float = 30.0, **more: float) -> list[Outcome]:
    return [
        outcome(
            case(str(number), kind=kind),
            metrics={"right": right(number), "unsafe": 0.0, **more},
            processor_ms=processor_ms + number % 3,
            yardstick_ms=1.0,
        )
        for number in range(COUNT)
    ]


def often(every: int) -> Score:
    return lambda number: float(number % every != 0)


def gated(before: list[Outcome], after: list[Outcome], gate: Gate = GATE) -> Comparison:
    return compared(before, after, gate)


def test_a_run_compared_with_itself_passes_without_a_difference() -> None:
    found = gated(run(often(3)), run(often(3)))
    assert found.reasons == ()
    assert {(change.low, change.high) for change in found.changes} == {(0.0, 0.0)}


def test_a_sure_loss_beyond_the_margin_fails() -> None:
    (reason, *_) = gated(run(often(10)), run(often(2))).reasons
    assert reason.startswith("right on all went from 0.900 to 0.500")


def test_a_gain_passes() -> None:
    assert gated(run(often(2)), run(often(10))).reasons == ()


def test_a_loss_that_may_be_chance_passes() -> None:
    before, after = run(lambda _: 1.0), run(lambda number: float(number != 7))
    assert gated(before, after, Gate(metrics={"right": 0.0}, latency=0.5)).reasons == ()


def test_a_sure_loss_within_the_margin_passes() -> None:
    before, after = run(lambda _: 0.9), run(lambda _: 0.89)
    assert gated(before, after).reasons == ()


def test_of_metrics_where_less_is_better_more_is_a_loss() -> None:
    found = gated(run(often(3), unsupported=0.0), run(often(3), unsupported=0.2))
    assert found.reasons[0].startswith("unsupported on all went from 0.000 to 0.200")


def test_a_loss_on_one_kind_fails_where_the_whole_hides_it() -> None:
    tables = [
        one.model_copy(update={"case": case(f"t{one.case.id}", kind="table")}) for one in run(often(40))
    ]
    worse = [one.model_copy(update={"metrics": {"right": 0.0, "unsafe": 0.0}}) for one in tables]
    lenient = Gate(metrics={"right": 1.0}, parts={"right": 0.05}, latency=0.5)
    found = gated([*run(often(3)), *tables], [*run(often(3)), *worse], lenient)
    assert [reason.split(" went")[0] for reason in found.reasons] == ["right on kind:table"]


def test_one_unsafe_answer_fails() -> None:
    after = run(often(3))
    after[4] = after[4].model_copy(update={"metrics": {**after[4].metrics, "unsafe": 1.0}})
    assert gated(run(often(3)), after).reasons == ("1 unsafe answers, 0 allowed: 4",)


def test_a_case_that_failed_fails_the_gate() -> None:
    after = run(often(3))
    after[4] = Outcome(case=after[4].case, error="unavailable: gone")
    assert "1 cases failed: 4" in gated(run(often(3)), after).reasons


def test_answers_that_take_twice_the_processor_time_fail() -> None:
    (reason,) = gated(run(often(3)), run(often(3), processor_ms=62.0)).reasons
    assert reason.startswith("answers take 2.03 times the processor time")


def test_a_slower_machine_is_no_slower_product() -> None:
    slower = [
        one.model_copy(update={"processor_ms": 3 * one.processor_ms, "yardstick_ms": 3.0})
        for one in run(often(3))
    ]
    assert gated(run(often(3)), slower).reasons == ()


def test_runs_without_processor_times_are_not_compared_by_their_clocks() -> None:
    plain = [one.model_copy(update={"processor_ms": 0.0}) for one in run(often(3))]
    found = gated(run(often(3)), plain)
    assert (found.latency, found.reasons) == (None, ())


def test_other_questions_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="1 cases are in one of them alone"):
        gated(run(often(3)), run(often(3))[1:])


def test_a_question_in_other_words_is_another_question() -> None:
    after = run(often(3))
    after[0] = after[0].model_copy(update={"case": case("0", question="Something else?")})
    with pytest.raises(InvalidInput, match="1 questions differ"):
        gated(run(often(3)), after)


def test_a_baseline_without_texts_compares_as_the_run_it_was_made_from() -> None:
    full = [
        one.model_copy(update={"hits": (hit("pump.md"),), "response": response()}) for one in run(often(3))
    ]
    bare = [slim(one) for one in full]
    assert gated(bare, full).changes == gated(full, full).changes
    assert all(not one.hits and not one.response for one in bare)


def test_the_gate_that_is_shipped_is_one() -> None:
    gate = gate_of()
    assert gate.unsafe == 0
    assert gate.metrics["right"] > 0


def test_a_gate_with_an_unknown_word_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text("latency = 0.5\nmetrix = 1\n")
    with pytest.raises(Misconfigured, match="no gate"):
        gate_of(file)


# --- runs that were asked in turn --------------------------------------------------------------


def timed(latency_ms: float, spread: float = 1.0) -> list[Outcome]:
    return [
        one.model_copy(update={"latency_ms": latency_ms + spread * (number * 7 % 10), "processor_ms": 0.0})
        for number, one in enumerate(run(often(3)))
    ]


def test_of_runs_asked_in_turn_a_latency_beyond_its_margin_fails() -> None:
    found = compared(timed(40), timed(80), GATE, in_turn=True)
    assert found.latency is not None
    assert found.latency.metric == "latency_ms"
    (reason,) = found.reasons
    assert reason.startswith("answers take 1.9")


def test_of_runs_asked_in_turn_a_latency_within_its_margin_passes() -> None:
    assert compared(timed(40), timed(50), GATE, in_turn=True).reasons == ()


def test_a_latency_that_may_be_chance_passes() -> None:
    before, after = timed(10, spread=0), timed(10, spread=0)
    slow = [one.model_copy(update={"latency_ms": 100.0}) for one in after[: COUNT // 2]]
    assert compared(before, [*slow, *after[COUNT // 2 :]], GATE, in_turn=True).reasons == ()


def test_a_run_asked_in_turn_compared_with_itself_passes() -> None:
    assert compared(timed(40), timed(40), GATE, in_turn=True).reasons == ()


def test_what_the_clock_said_of_runs_at_two_times_is_no_reason() -> None:
    assert compared(timed(40), timed(400), GATE).latency is None


def test_only_runs_of_one_turn_compare_by_the_clock() -> None:
    one = a_summary("x")
    assert in_turn(one, a_summary("x"))
    assert not in_turn(one, a_summary("y"))
    assert not in_turn(a_summary(""), a_summary(""))


def a_summary(turn: str) -> RunSummary:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    started = Started(
        started_at=now, product=Product(version="1"), dataset=DatasetRef(name="x", sha256="", cases=COUNT)
    )
    return summary_of("x", started, run(often(3)), seconds=1, options={}, turn=turn)
