"""Asking all cases of a run: so many at a time, each written down when it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from eval.engines import Asked
from eval.run.families import Family, measured
from eval.run.records import Case, FoundHit, HitScores, Json, Outcome, RunFolder, RunSummary
from service.errors import FootnoteError, Unavailable

DEPTH = 50
"""How many hits are looked at beyond those that the answer is drawn from; the API's own limit."""
_YARDSTICK = np.random.default_rng(1).random(100_000)

Tell = Callable[[int, int], None]


def yardstick_ms() -> float:
    """The processor time of a fixed piece of work on one core: in it the times of two machines compare."""
    started = time.thread_time()
    np.sort(_YARDSTICK)
    return (time.thread_time() - started) * 1000


class Told(Protocol):
    """Where a run is told beside its folder."""

    def asking(self, case: Case) -> AbstractContextManager[None]:
        """Entered for as long as the product answers a case."""
        ...

    def tell(self, outcomes: Sequence[Outcome], summary: RunSummary, moved: Tell) -> None:
        """Tells the whole run."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A product that is asked, the folder that keeps what it says, and where that is told as well."""

    asked: Asked
    folder: RunFolder
    told: Told | None = None


async def ask_all(
    places: Sequence[Place], cases: Sequence[Case], *, concurrency: int, depth: int, tell: Tell
) -> tuple[tuple[Outcome, ...], ...]:
    """The outcome of each case in order, for each place; those that the folders hold are not asked again.

    Of several places one is asked after the other, and the next case the other way round: what else the
    machine does meanwhile falls on all alike.

    Raises:
        Unavailable: a product is not there; what was answered before is kept.
    """
    known = [_known(place.folder, cases) for place in places]
    waiting = [
        (number, case) for number, case in enumerate(cases) if not all(case.id in found for found in known)
    ]
    if waiting:
        for place in places:  # what is made at the first question is not timed
            await place.asked.search({"query": cases[0].question})
    alone, queue = concurrency == 1, iter(waiting)
    done = len(cases) - len(waiting)

    async def work() -> None:
        nonlocal done
        for number, case in queue:
            for turn in range(len(places)):
                which = (turn + number) % len(places)
                known[which][case.id] = await ask(places[which], case, depth, alone)
                places[which].folder.append(known[which][case.id])
            done += 1
            tell(done, len(cases))

    tell(done, len(cases))
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except ExceptionGroup as stopped:  # the others were let go of; the first says why
        raise stopped.exceptions[0] from None
    return tuple(tuple(found[case.id] for case in cases) for found in known)


def _known(folder: RunFolder, cases: Sequence[Case]) -> dict[str, Outcome]:
    """What was answered before, of these very cases."""
    asked = {case.id: case for case in cases}
    return {
        one.case.id: one for one in folder.outcomes() if not one.error and one.case == asked.get(one.case.id)
    }


async def ask(place: Place, case: Case, depth: int, alone: bool = False) -> Outcome:
    """The outcome of a case, not measured yet; an error of the product's is one.

    Args:
        alone: that nothing else is asked meanwhile: the processor time of a product in this process is then
            the query's.
    """
    asked, yardstick = place.asked, yardstick_ms()
    now, started, spent = datetime.now(UTC), time.perf_counter(), time.process_time()
    try:
        with place.told.asking(case) if place.told else nullcontext():
            response = await asked.query({"query": case.question, "explain": True})
        latency_ms = (time.perf_counter() - started) * 1000
        processor_ms = (time.process_time() - spent) * 1000 if alone and asked.here else 0.0
        further = await asked.search({"query": case.question, "top_k": depth})
    except Unavailable:
        raise
    except FootnoteError as error:
        return Outcome(case=case, asked_at=now, error=f"{error.code}: {error}")
    return Outcome(
        case=case,
        hits=_hits(response.pop("hits") or (), further["hits"]),
        response=response,
        asked_at=now,
        latency_ms=latency_ms,
        processor_ms=processor_ms,
        yardstick_ms=yardstick,
    )


def _hits(near: Sequence[Json], further: Sequence[Json]) -> tuple[FoundHit, ...]:
    """The hits of the answer with their texts, then those of the deeper search without."""
    known = {hit["chunk_id"] for hit in near}
    beyond = [{**hit, "text": ""} for hit in further if hit["chunk_id"] not in known]
    return tuple(_hit(hit) for hit in (*near, *beyond))


def _hit(hit: Mapping[str, Any]) -> FoundHit:
    return FoundHit(
        source=hit["source"],
        external_id=hit["external_id"],
        chunk_id=hit["chunk_id"],
        text=hit["text"],
        scores=HitScores(**hit["scores"]),
    )


async def measure_all(
    families: Sequence[Family], outcomes: Sequence[Outcome], *, concurrency: int, tell: Tell
) -> tuple[Outcome, ...]:
    """The outcomes with every family's metrics."""
    places = asyncio.Semaphore(concurrency)
    done = 0

    async def one(outcome: Outcome) -> Outcome:
        nonlocal done
        fresh = outcome.model_copy(update={"metrics": {}, "failures": {}, "diagnosis": None})
        async with places:
            for family in families:
                fresh = await measured(family, fresh)
        done += 1
        tell(done, len(outcomes))
        return fresh

    return tuple(await asyncio.gather(*map(one, outcomes)))
