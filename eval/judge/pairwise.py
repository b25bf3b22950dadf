"""Which of two runs answers better, by a judge: `footnote eval pairwise A B`.

Each pair of answers is judged in both orders, and a verdict counts where it survives that. Pairs of which it
is known which answer is better are mixed in; a judge that is right about too few of them gives no figure.
With `--people` its verdicts are compared with those of people. The command ends with 1 where there is no
figure.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import AsJson, JudgeModel, JudgeUrl, Limit, Out, Seed, command, run
from eval.judge.asking import judge_of
from eval.judge.family import KEPT
from eval.judge.kept import Kept
from eval.judge.pairs import Winner, anchors, paired
from eval.judge.settings import JudgeSettings, judge_settings
from eval.judge.verdicts import (
    PROMPT_VERSION,
    Agreement,
    Judged,
    Standing,
    accuracy,
    agreement,
    judged_all,
    standing,
)
from eval.labelled.types import drawn
from eval.people.scores import preferences
from eval.results import give
from eval.run.records import JudgeRecord, RunFolder
from service.errors import Misconfigured

ANCHORS = 20
BAR = 0.8
"""Of the anchors, how many a judge must be right about: they are easy, and a coin that is thrown in both
orders is right about one in four."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was found; `reasons` say why it is no figure, then there is no standing."""

    standing: Standing | None
    accuracy: float | None
    anchors: int
    agreement: Agreement | None
    judge: JudgeRecord
    reasons: tuple[str, ...]


async def compared(
    settings: JudgeSettings,
    first: RunFolder,
    second: RunFolder,
    people: Path | None = None,
    *,
    bar: float = BAR,
    limit: int | None = None,
    seed: int = 1,
) -> tuple[Result, list[Judged]]:
    """Two runs by the judge of the settings; what was judged is kept in the second run's folder.

    Raises:
        Misconfigured: no judge is set.
        InvalidInput: the runs are not of the same cases, or none has a known answer.
        LimitExceeded: the judge was asked for as much as it may be.
    """
    if not settings.judges:
        raise Misconfigured("No judge is set.", hint="give --judge-url and --judge-model")
    runs = first.outcomes(), second.outcomes()
    pairs = [*drawn(paired(*runs), limit, seed), *anchors(runs, ANCHORS, seed)]
    random.Random(seed).shuffle(pairs)
    judge, kept = judge_of(settings), Kept(second.path / KEPT)
    found, broken = await judged_all(judge, kept, pairs)
    record = judge.record({"pairwise": str(PROMPT_VERSION)})
    said = preferences(people) if people is not None else {}
    return _result(found, broken, record, said, bar), found


def _result(
    found: Sequence[Judged], broken: Sequence[str], record: JudgeRecord, people: dict[str, Winner], bar: float
) -> Result:
    known = [one for one in found if one.pair.better]
    asked = [one for one in found if not one.pair.better]
    right = accuracy(known) if known else None
    reasons = list(broken)
    if right is not None and right < bar:
        reasons.append(f"the judge is right about {right:.0%} of the anchors; the bar is {bar:.0%} (--bar)")
    good = not reasons
    return Result(
        standing(asked) if good else None,
        right,
        len(known),
        agreement(asked, people) if good else None,
        record,
        tuple(reasons),
    )


def main(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run's folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="That of another run of the same set.")],
    judge_url: JudgeUrl = "",
    judge_model: JudgeModel = "",
    people: Annotated[Path | None, typer.Option(help="Ratings of people, as the sheet gives them.")] = None,
    bar: Annotated[float, typer.Option(min=0, max=1, help="Of the anchors, the share to be right.")] = BAR,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = judge_settings(judge_url, judge_model)
    runs = RunFolder(first), RunFolder(second)
    result, found = asyncio.run(compared(settings, *runs, people, bar=bar, limit=limit, seed=seed))
    cases = ({"id": one.pair.id, "winner": one.winner, "swayed": one.swayed} for one in found)
    summary = {**asdict(result), "judge": result.judge.model_dump()}
    give(summary, cases, out=out, as_json=as_json, show=lambda: print("\n".join(_lines(result))))
    if result.reasons:
        print(*(f"error: {reason}" for reason in result.reasons), sep="\n", file=sys.stderr)
        raise typer.Exit(1)


def _lines(result: Result) -> Iterator[str]:
    if result.accuracy is not None:
        yield f"anchors: right about {result.accuracy:.0%} of {result.anchors}"
    if (now := result.standing) is not None:
        yield f"A won {now.a}, B won {now.b}, {now.ties} ties, {now.swayed} of them by the order alone"
        if now.b_share is not None:
            yield (
                f"B won {now.b_share:.0%} of the decided, 95 % interval {now.low:.0%} to {now.high:.0%}, "
                f"sign test p = {now.p_value:.3g}"
            )
        yield f"words: {now.words_a:.0f} in A, {now.words_b:.0f} in B"
        if now.longer_won is not None:
            yield f"the longer answer won {now.longer_won:.0%}"
    if (agreed := result.agreement) is not None:
        kappa = "none" if agreed.kappa is None else f"{agreed.kappa:.2f}"
        yield f"people: the same verdict on {agreed.share:.0%} of {agreed.cases}, Cohen's kappa {kappa}"
    judge = result.judge
    cost = "" if judge.cost is None else f", cost {judge.cost:.2f}"
    tokens = judge.prompt_tokens + judge.completion_tokens
    yield f"judge: {judge.model}, {judge.calls} calls, {tokens} tokens{cost}"


if __name__ == "__main__":
    run(command(main))
