"""Answers of the service as it runs, judged: `footnote eval online`.

Where the setting `online.share` keeps answers with their words, this judges those that were not judged yet:
by RAGAS with a judge, to whom questions, answers and what they quote are sent, or without one by what needs
none. The figures go into the catalogue, and from there into `/metrics`. To be run as a job, each day or hour.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from eval.commands import AsJson, DataDir, JudgeModel, JudgeUrl, Out, Tenant, command, run
from eval.judge.family import Ragas, open_family
from eval.judge.settings import JudgeSettings, judge_settings
from eval.readers.shadow import RUNS, scope_of
from eval.results import each, give
from eval.run.families import Failed
from eval.run.records import Case, FoundHit, Outcome
from service.catalogue import Sample, Samples
from service.catalogue.opening import catalogue_of
from service.errors import InvalidInput
from service.settings import Settings
from service.types import Scope

OF_ITSELF = ("abstained", "risk", "unsupported", "dropped")
"""What an answer's own measures say, without any judge."""

Means = Mapping[str, tuple[float, int]]
"""By metric, the mean, and of how many answers."""
Found = tuple[Means, Sequence[Mapping[str, object]], Sequence[str]]
"""The means, the figures of each answer, and why some have none."""


async def judged(samples: Samples, scope: Scope, drawn: Sequence[Sample], family: Ragas | None) -> Found:
    """The answers' figures, of which the means are kept; what got none of the judge is judged again.

    Raises:
        LimitExceeded: the judge was asked for as much as it may be; nothing is kept but its verdicts.
    """
    values: dict[str, list[float]] = defaultdict(list)
    done: list[Mapping[str, object]] = []
    failures: list[str] = []
    for one in each("judging", drawn):
        try:
            found = await family.measure(_outcome(samples, scope, one)) if family else {}
        except Failed as failure:
            failures.append(f"{one.id}: {failure}")
            continue
        own = {name: one.served.measures[name] for name in OF_ITSELF if name in one.served.measures}
        done.append({"id": one.id, **own, **found})
        for name, value in {**own, **found}.items():
            if value is not None:
                values[name].append(value)
    means = {name: (sum(all_of) / len(all_of), len(all_of)) for name, all_of in values.items()}
    samples.judged(scope, [str(one["id"]) for one in done], means)
    return means, done, failures


def _outcome(samples: Samples, scope: Scope, sample: Sample) -> Outcome:
    """As RAGAS is told of it: an answer beside the passages that it cites, as far as they are still there."""
    served = sample.served
    passages = samples.passages(scope, served.cited) if served.status == "answered" else []
    return Outcome(
        case=Case(id=sample.id, question=sample.question),
        response={"status": served.status, "sentences": [{"text": served.text}]},
        hits=tuple(FoundHit(source="", chunk_id="", text=text) for text in passages),
    )


def judged_of(settings: Settings, scope: Scope, limit: int, judge: JudgeSettings) -> Found:
    """Up to `limit` answers that were not judged yet, judged.

    Raises:
        InvalidInput: none is kept, or all were judged.
    """
    with catalogue_of(settings) as database:
        samples = Samples(database)
        drawn = samples.unjudged(scope, limit)
        if not drawn:
            raise InvalidInput(
                "no answer is kept that was not judged yet", hint="set FOOTNOTE_ONLINE__SHARE to a share"
            )
        if not judge.judges:
            return asyncio.run(judged(samples, scope, drawn, None))
        with open_family(RUNS / "online", judge) as family:
            return asyncio.run(judged(samples, scope, drawn, family))


def main(
    limit: Annotated[int, typer.Option("--limit", "--sample", min=1, help="Judge up to so many.")] = 100,
    data_dir: DataDir = None,
    tenant: Tenant = "",
    judge_url: JudgeUrl = "",
    judge_model: JudgeModel = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    scope = scope_of(settings, tenant)
    means, cases, failures = judged_of(settings, scope, limit, judge_settings(judge_url, judge_model))
    figures = {name: {"mean": mean, "answers": count} for name, (mean, count) in means.items()}
    lines = [f"{name:24}{mean:8.3f}  of {count}" for name, (mean, count) in means.items()]
    lines += [f"error: {failure}" for failure in failures]
    summary = {"metrics": figures, "failures": failures}
    give(summary, cases, out=out, as_json=as_json, show=lambda: print("\n".join(lines)))
    if failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(command(main))
