"""A whole run: asked, measured, diagnosed, written. One product, or two that are asked in turn."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from eval.engines import Asked
from eval.results import err
from eval.run.answered import Answers
from eval.run.asking import DEPTH, Place, ask_all, measure_all
from eval.run.dataset import Dataset
from eval.run.diagnosis import diagnose_all
from eval.run.estimate import Corpus
from eval.run.families import Family, JudgingFamily
from eval.run.records import Outcome, RunSummary, Started
from eval.run.retrieved import Retrieval
from eval.run.summary import summary_of
from eval.run.trusted import Trust
from service.cli.progress import counting

FAMILIES: tuple[Family, ...] = (Retrieval(), Answers(), Trust())


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is asked."""

    concurrency: int = 1
    depth: int = DEPTH
    limit: int | None = None
    seed: int = 1


async def judged(
    places: Sequence[Place], dataset: Dataset, options: RunOptions, judge: JudgingFamily | None = None
) -> tuple[RunSummary, ...]:
    """The runs, one for each product; what their folders hold is not asked again."""
    began, turn = time.perf_counter(), uuid.uuid4().hex if len(places) > 1 else ""
    now = datetime.now(UTC).replace(microsecond=0)
    started = [
        place.folder.start(Started(started_at=now, product=place.asked.product, dataset=dataset.reference))
        for place in places
    ]
    with counting("asking", err) as tell:
        asked = await ask_all(
            places, dataset.cases, concurrency=options.concurrency, depth=options.depth, tell=tell
        )
    summaries = []
    for place, begun, answered in zip(places, started, asked, strict=True):
        outcomes = await _measured(place.asked, answered, options, judge)
        summary = summary_of(
            place.folder.path.name,
            begun,
            outcomes,
            seconds=time.perf_counter() - began,
            options=asdict(options),
            judge=judge.record() if judge else None,
            turn=turn,
        )
        place.folder.finish(summary, outcomes)
        if place.told is not None:
            with counting("telling", err) as tell:
                place.told.tell(outcomes, summary, tell)
        summaries.append(summary)
    return tuple(summaries)


async def _measured(
    asked: Asked, outcomes: Sequence[Outcome], options: RunOptions, judge: JudgingFamily | None
) -> Sequence[Outcome]:
    families: tuple[Family, ...] = (*FAMILIES, *([judge] if judge else []))
    with counting("measuring", err) as tell:
        outcomes = await measure_all(families, outcomes, concurrency=options.concurrency, tell=tell)
    with counting("diagnosing", err) as tell:
        return await diagnose_all(Corpus(asked), outcomes, tell)
