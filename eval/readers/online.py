"""Answers of the service as it runs, judged: `footnote eval online`.

Where the setting `online.share` keeps answers with their words, this judges those that were not judged yet:
by RAGAS with a judge, to whom questions, answers and what they quote are sent, or without one by what needs
none. The figures go into the catalogue, and from there into `/metrics`. To be run as a job, each day or hour.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from eval.commands import AsJson, DataDir, JudgeModel, JudgeUrl, Tenant, command, run
from eval.judge.family import Ragas, open_family
from eval.judge.settings import JudgeSettings, judge_settings
from eval.readers.shadow import RUNS, scope_of
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


async def judged(
    samples: Samples, scope: Scope, drawn: Sequence[Sample], family: Ragas | None
) -> tuple[Means, list[str]]:
    """The answers' figures, which are kept; and why some got none of the judge: those are judged again.

    Raises:
        LimitExceeded: the judge was asked for as much as it may be; nothing is kept but its verdicts.
    """
    values: dict[str, list[float]] = defaultdict(list)
    done, failures = [], []
    for one in drawn:
        try:
            found = await family.measure(_outcome(samples, scope, one)) if family else {}
        except Failed as failure:
            failures.append(f"{one.id}: {failure}")
            continue
        done.append(one.id)
        own = {name: one.served.measures[name] for name in OF_ITSELF if name in one.served.measures}
        for name, value in {**own, **found}.items():
            if value is not None:
                values[name].append(value)
    means = {name: (sum(all_of) / len(all_of), len(all_of)) for name, all_of in values.items()}
    samples.judged(scope, done, means)
    return means, failures


def _outcome(samples: Samples, scope: Scope, sample: Sample) -> Outcome:
    """As RAGAS is told of it: an answer beside the passages that it cites, as far as they are still there."""
    served = sample.served
    passages = samples.passages(scope, served.cited) if served.status == "answered" else []
    return Outcome(
        case=Case(id=sample.id, question=sample.question),
        response={"status": served.status, "sentences": [{"text": served.text}]},
        hits=tuple(FoundHit(source="", chunk_id="", text=text) for text in passages),
    )


def judged_of(settings: Settings, scope: Scope, limit: int, judge: JudgeSettings) -> tuple[Means, list[str]]:
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
    sample: Annotated[int, typer.Option("--sample", min=1, help="Judge up to so many.")] = 100,
    data_dir: DataDir = None,
    tenant: Tenant = "",
    judge_url: JudgeUrl = "",
    judge_model: JudgeModel = "",
    as_json: AsJson = False,
) -> None:
    """The command line."""
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    scope = scope_of(settings, tenant)
    means, failures = judged_of(settings, scope, sample, judge_settings(judge_url, judge_model))
    if as_json:
        figures = {name: {"mean": mean, "answers": count} for name, (mean, count) in means.items()}
        print(json.dumps({"metrics": figures, "failures": failures}, indent=1))
    else:
        for name, (mean, count) in means.items():
            print(f"{name:24}{mean:8.3f}  of {count}")
        print(*(f"error: {failure}" for failure in failures), sep="\n", end="\n" if failures else "")
    if failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(command(main))
