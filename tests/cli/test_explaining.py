"""`footnote explain`: a line for each stage, or JSON."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import DrainedLocally, Program, engine_in
from tests.fakes_core import ingested

QUESTION = "How long does the warranty of the pump last?"
TEXT = "The warranty of the pump lasts 24 months."


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        ingested(engine, "pump.md", TEXT)
        yield Program(engine, lambda: DrainedLocally(engine), capsys)
    root.handlers, root.level = handlers, level


def test_every_stage_has_its_line(program: Program) -> None:
    done = program("explain", QUESTION, "--text", "24 months")
    assert done.code == 0, done.err
    for stage in ("corpus", "chunk", "dense", "BM25", "fused", "reranked", "context", "decide"):
        assert f"\n{stage} " in done.out, stage
    assert "pump.md, live, version 1" in done.out
    assert "log odds" in done.out


def test_what_is_not_there_is_said_with_what_mends_it(program: Program) -> None:
    done = program("explain", QUESTION, "--source", "none.md")
    assert done.out.startswith("not_ingested: ")
    assert "footnote ingest PATH" in done.out


def test_for_machines_it_is_the_body_of_the_route(program: Program) -> None:
    said = program("explain", QUESTION, "--source", "pump.md", "--json").said
    assert said["documents"][0]["source"] == "pump.md"
    assert set(said) >= {"verdict", "why", "fix", "documents", "places", "ranks", "reached", "written"}


def test_something_must_be_expected(program: Program) -> None:
    assert program("explain", QUESTION).code == 2
