"""Whether a run is worse than another: `footnote eval compare BEFORE AFTER`.

Every metric's difference is printed with its interval; the command ends with 4 where the gate does not let
the second run pass. `--accept` then keeps the second run in the place of the first, without its texts: that
is how a baseline of the repository is renewed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import WORSE, AsJson, Out, command, run
from eval.run.compare import GATE, Comparison, compared, gate_of, in_turn
from eval.run.figures import ALL
from eval.run.records import Case, Outcome, RunFolder


def slim(outcome: Outcome) -> Outcome:
    """What a comparison needs of a case: no texts of answers or documents."""
    case = outcome.case
    return Outcome(
        case=Case(id=case.id, question=case.question),
        response={"cached": True} if outcome.response.get("cached") else {},
        processor_ms=round(outcome.processor_ms, 2),
        yardstick_ms=round(outcome.yardstick_ms, 4),
        error=outcome.error,
        metrics={name: round(value, 6) for name, value in outcome.metrics.items() if value is not None},
        failures=outcome.failures,
    )


def main(
    before: Annotated[Path, typer.Argument(help="A run's folder, such as eval/baselines/golden.")],
    after: Annotated[Path, typer.Argument(help="The folder of the run to be judged.")],
    gate: Annotated[Path, typer.Option(help="The margins.")] = GATE,
    accept: Annotated[bool, typer.Option("--accept", help="Make AFTER the new BEFORE.")] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    first, second = RunFolder(before), RunFolder(after)
    summary, earlier = second.summary(), first.summary()
    outcomes = second.outcomes()
    if accept:
        first.finish(summary.model_copy(update={"name": before.name}), map(slim, outcomes))
        print(f"{before} is now {summary.name} of {summary.started_at:%Y-%m-%d}.")
        return
    found = compared(first.outcomes(), outcomes, gate_of(gate), in_turn=in_turn(earlier, summary))
    text = _as_json(found) if as_json else "\n".join(_lines(found))
    if out is not None:
        out.write_text(f"{text}\n", encoding="utf-8")
    print(text)
    if found.reasons:
        raise typer.Exit(WORSE)


def _as_json(found: Comparison) -> str:
    return json.dumps({"passes": not found.reasons, **asdict(found)}, indent=1)


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{'':34}{'before':>8}{'after':>8}   95 % interval of the difference"
    for change in found.changes:
        if change.part == ALL or change.is_sure:
            mark = ("better" if change.gain > 0 else "worse") if change.is_sure else ""
            name = change.metric if change.part == ALL else f"{change.metric} {change.part}"
            interval = f"{change.low:+.3f} to {change.high:+.3f}"
            yield f"{name:34}{change.before:8.3f}{change.after:8.3f}   {interval:20}{mark}".rstrip()
    if found.latency is not None:
        yield f"{found.latency.metric:34}{found.latency.before:8.2f}{found.latency.after:8.2f}"
    yield ""
    yield from (f"worse: {reason}" for reason in found.reasons)
    yield "The gate does not let it pass." if found.reasons else "The gate lets it pass."


if __name__ == "__main__":
    run(command(main))
