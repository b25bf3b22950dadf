"""`footnote drift`: nothing is said of few answers, and an alarm is an exit code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.catalogue import GivenAnswer
from service.catalogue.database import now
from service.drift import Measure
from service.types import LOCAL, Query
from tests.cli.commanding import DrainedLocally, Program, engine_in
from tests.fakes_core import ingested


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        yield Program(engine, lambda: DrainedLocally(engine), capsys)
    root.handlers, root.level = handlers, level


def test_an_answer_is_counted_as_soon_as_it_is_given(program: Program) -> None:
    ingested(program.engine, "pump.md", "The warranty of the pump lasts 24 months.")
    asyncio.run(program.engine.answer(LOCAL, Query("How long does the warranty of the pump last?")))
    shifts = {one["quantity"]: one for one in program("drift", "--json").said["shifts"]}
    assert shifts["outcome"]["answers"] == 1
    assert not shifts["outcome"]["enough"]
    assert "too few" in program("drift").out


def test_a_drift_is_shown_and_ends_with_1(program: Program) -> None:
    moment = now()
    for name, day, count in (("answered", 5, 2000), ("low_confidence", 0, 300)):
        at = moment - timedelta(days=day, hours=1)
        measures = (Measure("outcome", name),)
        program.engine.answers.keep(
            [GivenAnswer(f"{name}-{n}", "local", "", name, (), at, (), measures) for n in range(count)]
        )
    done = program("drift")
    assert (done.code, "drifts" in done.out) == (1, True)
