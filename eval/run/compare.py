"""Two runs over the same cases: what changed, how sure that is, and whether it may pass.

The difference of every metric, on every part of the set, comes with the interval of a paired bootstrap: both
runs are resampled alike, so that what is hard for both cancels out. The margins are in `eval/gate.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.run.figures import ALL, CONFIDENCE, LOWER_IS_BETTER, Array, bounds, column, draws, means, parts
from eval.run.records import Outcome, RunSummary
from service.errors import InvalidInput, Misconfigured

GATE = Path(__file__).parents[1] / "gate.toml"
PROCESSOR = "processor_yardsticks"
FEWEST = 5
"""Of fewer cases than these nothing is concluded."""
Margin = Annotated[float, Field(ge=0)]


class Gate(BaseModel):
    """What a candidate may lose. `metrics` are margins by name, on all cases; `parts` on each part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[str, Margin]
    parts: dict[str, Margin] = {}
    latency: Margin
    """By how much the median time of an answer may be more: 0.5 is by half."""
    unsafe: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A metric on a part of the cases in both runs; `low` and `high` bound the difference."""

    part: str
    metric: str
    before: float
    after: float
    low: float
    high: float
    cases: int

    @property
    def gain(self) -> float:
        """The difference, positive where the second run is better."""
        return (self.after - self.before) * (-1 if self.metric in LOWER_IS_BETTER else 1)

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves no doubt that there is a difference."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed, and why the second run may not pass; no reasons where it may."""

    changes: tuple[Change, ...]
    latency: Change | None
    reasons: tuple[str, ...]


def gate_of(path: Path = GATE) -> Gate:
    """The gate of a file; `Misconfigured` where it is none."""
    try:
        return Gate.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise Misconfigured(f"{path} is no gate: {error}") from error


def compared(
    before: Sequence[Outcome], after: Sequence[Outcome], gate: Gate, *, in_turn: bool = False
) -> Comparison:
    """Both runs, case by case.

    Args:
        in_turn: whether they were asked in turn, so that what the clock says compares.

    Raises:
        InvalidInput: they did not ask the same.
    """
    first, second = _paired(before, after)
    changes = tuple(_changes(first, second))
    time = _latency(first, second) if in_turn else _processor_time(first, second)
    return Comparison(changes, time, tuple(_reasons(changes, time, second, gate)))


def in_turn(one: RunSummary, other: RunSummary) -> bool:
    """Whether two runs were asked in turn, case by case."""
    return bool(one.turn) and one.turn == other.turn


def _paired(
    before: Sequence[Outcome], after: Sequence[Outcome]
) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
    known = {one.case.id: one for one in before}
    if known.keys() != {one.case.id for one in after}:
        apart = known.keys() ^ {one.case.id for one in after}
        raise InvalidInput(
            f"the runs did not ask the same: {len(apart)} cases are in one of them alone",
            hint="ask both with the same --data, --limit and --seed",
        )
    changed = [one.case.id for one in after if known[one.case.id].case.question != one.case.question]
    if changed:
        raise InvalidInput(f"{len(changed)} questions differ between the runs, first: {changed[0]}")
    return tuple(known[one.case.id] for one in after), tuple(after)


def _changes(before: Sequence[Outcome], after: Sequence[Outcome]) -> Iterator[Change]:
    place = {one.case.id: number for number, one in enumerate(after)}
    names = dict.fromkeys(name for one in (*before, *after) for name in one.metrics)
    for part, cases in parts(after).items():
        chosen = [place[one.case.id] for one in cases]
        pair = [before[number] for number in chosen], [after[number] for number in chosen]
        weights = draws(pair[1])
        for name in names:
            found = _change(part, name, column(pair[0], name), column(pair[1], name), weights)
            if found is not None:
                yield found


def _change(part: str, name: str, before: Array, after: Array, weights: Array) -> Change | None:
    """The difference of means, each over the cases of which it says something; None where there are few."""
    count = min(int((~np.isnan(one)).sum()) for one in (before, after))
    if count < FEWEST:
        return None
    low, high = bounds(means(after, weights) - means(before, weights), CONFIDENCE)
    return Change(part, name, float(np.nanmean(before)), float(np.nanmean(after)), low, high, count)


def _latency(before: Sequence[Outcome], after: Sequence[Outcome]) -> Change | None:
    """The median times of both as the asker saw them, in milliseconds; of answers that were worked out."""
    pairs = [
        (_worked_out(one, one.latency_ms), _worked_out(other, other.latency_ms))
        for one, other in zip(before, after, strict=True)
    ]
    return _timed("latency_ms", np.array([pair for pair in pairs if all(pair)], dtype=np.float64))


def _processor_time(before: Sequence[Outcome], after: Sequence[Outcome]) -> Change | None:
    """The median processor times in yardsticks of their own runs.

    Wall clocks of two runs at two times tell the machine's load.
    """
    pairs = [
        (_worked_out(one, one.processor_ms), _worked_out(other, other.processor_ms))
        for one, other in zip(before, after, strict=True)
    ]
    timed = np.array([pair for pair in pairs if all(pair)], dtype=np.float64)
    if len(timed) < FEWEST:
        return None
    typical = [
        float(np.median([one.yardstick_ms for one in run if one.yardstick_ms])) for run in (before, after)
    ]
    return _timed(PROCESSOR, timed / typical)


def _timed(name: str, timed: Array) -> Change | None:
    """Pairs of times, with the bounds of their medians' ratio as a logarithm; None where there are few."""
    if len(timed) < FEWEST:
        return None
    resampled = np.random.default_rng(1).integers(0, len(timed), (1_000, len(timed)))
    sampled = np.log(np.median(timed[resampled], axis=1))
    low, high = bounds(sampled[:, 1] - sampled[:, 0])
    first, second = (float(one) for one in np.median(timed, axis=0))
    return Change(ALL, name, first, second, low, high, len(timed))


def _worked_out(outcome: Outcome, took: float) -> float:
    """The time of an answer that was worked out; 0 for others."""
    return 0.0 if outcome.response.get("cached") or outcome.error else took


def _reasons(
    changes: Sequence[Change], time: Change | None, after: Sequence[Outcome], gate: Gate
) -> Iterator[str]:
    unsafe = [one.case.id for one in after if one.metrics.get("unsafe")]
    if len(unsafe) > gate.unsafe:
        yield f"{len(unsafe)} unsafe answers, {gate.unsafe} allowed: {', '.join(unsafe[:5])}"
    if failed := [one.case.id for one in after if one.error or one.failures]:
        yield f"{len(failed)} cases failed: {', '.join(failed[:5])}"
    for change in changes:
        margins: Mapping[str, float] = gate.metrics if change.part == ALL else gate.parts
        margin = margins.get(change.metric)
        if margin is not None and change.is_sure and change.gain < -margin:
            yield (
                f"{change.metric} on {change.part} went from {change.before:.3f} to {change.after:.3f} "
                f"(difference {change.low:+.3f} to {change.high:+.3f}; {margin} is allowed)"
            )
    if time is not None and time.low > 0 and time.after > time.before * (1 + gate.latency):
        what = "processor time" if time.metric == PROCESSOR else "time"
        longer = f"{time.after / time.before:.2f} times the {what}"
        yield f"answers take {longer}; {1 + gate.latency:.2f} is allowed"
