"""Asking all cases of a run: so many at a time, each written down when it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eval.engines import Asked
from eval.run.families import Family, measured
from eval.run.records import Case, FoundHit, HitScores, Json, Outcome, RunFolder
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


async def ask_all(
    asked: Asked, cases: Sequence[Case], folder: RunFolder, *, concurrency: int, depth: int, tell: Tell
) -> tuple[Outcome, ...]:
    """The outcome of each case in order; those that the folder holds already are not asked again.

    Raises:
        Unavailable: the product is not there; what it answered before is kept.
    """
    known = {one.case.id: one for one in folder.outcomes() if one.error is None}
    known = {case.id: known[case.id] for case in cases if case.id in known and known[case.id].case == case}
    waiting = [case for case in cases if case.id not in known]
    if waiting:
        await asked.search({"query": waiting[0].question})  # what is made at the first question is not timed
    places = asyncio.Semaphore(concurrency)
    alone = asked.here and concurrency == 1

    async def one(case: Case) -> None:
        async with places:
            known[case.id] = await ask(asked, case, depth, alone)
        folder.append(known[case.id])
        tell(len(known), len(cases))

    tell(len(known), len(cases))
    await asyncio.gather(*map(one, waiting))
    return tuple(known[case.id] for case in cases)


async def ask(asked: Asked, case: Case, depth: int, alone: bool = False) -> Outcome:
    """The outcome of a case, not measured yet; an error of the product's is one.

    Args:
        alone: that this process does nothing else meanwhile, so that its processor time is the query's.
    """
    yardstick = yardstick_ms()
    started, spent = time.perf_counter(), time.process_time()
    try:
        response = await asked.query({"query": case.question, "explain": True})
        latency_ms = (time.perf_counter() - started) * 1000
        processor_ms = (time.process_time() - spent) * 1000 if alone else 0.0
        further = await asked.search({"query": case.question, "top_k": depth})
    except Unavailable:
        raise
    except FootnoteError as error:
        return Outcome(case=case, error=f"{error.code}: {error}")
    return Outcome(
        case=case,
        hits=_hits(response.pop("hits") or (), further["hits"]),
        response=response,
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
