"""`footnote feedback`: an answer is judged by its id, and what was said is listed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import DrainedLocally, Program, engine_in
from tests.fakes_core import ingested

QUESTION = "How long does the warranty of the pump last?"


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        ingested(engine, "pump.md", "The warranty of the pump lasts 24 months.")
        yield Program(engine, lambda: DrainedLocally(engine), capsys)
    root.handlers, root.level = handlers, level


def test_the_id_below_an_answer_is_what_feedback_is_given_on(program: Program) -> None:
    shown = program("ask", QUESTION).out
    answer = shown.rpartition("answer ")[2].split()[0]
    given = program("feedback", "give", answer, "down", "--correction", "36 months", "--comment", "old")
    assert given.code == 0
    (said,) = program("feedback", "list", "--json").said
    assert (said["question"], said["rating"], said["correction"]) == (QUESTION, "down", "36 months")
    listed = program("feedback", "list").out
    assert all(word in listed for word in ("down", QUESTION, "comment: old", "correction: 36 months"))


def test_nothing_is_kept_of_an_answer_that_there_is_not(program: Program) -> None:
    done = program("feedback", "give", "0b6e3a7c-5d1f-4a5f-9d3c-2b1a0f9e8d7c", "up")
    assert (done.code, "not_found" in done.err) == (1, True)
    assert program("feedback", "list", "--json").said == []


def test_a_rating_is_one_of_three(program: Program) -> None:
    assert program("feedback", "give", "x", "sideways").code == 2
