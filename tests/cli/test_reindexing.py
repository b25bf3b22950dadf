"""`footnote reindex --to`: what it says of the index that is in force now."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import DrainedLocally, Program, engine_in


@pytest.fixture
def program(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        yield Program(engine, lambda: DrainedLocally(engine), capsys)
    root.handlers, root.level = handlers, level


def test_in_server_mode_it_says_which_index_is_in_force_and_what_to_do_next(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_MODE", "server")
    done = program("reindex", "--to", "my-model")
    assert "my-model is in force: 1,200 chunks, 1,100 of them embedded now" in done.out
    assert "FOOTNOTE_EMBED__MODEL=my-model" in done.out
    assert "documents wait" in done.out
    said = program("reindex", "--to", "my-model", "--json").said
    assert (said["model"], said["chunks"], said["earlier_removed"]) == ("my-model", 1_200, False)


def test_of_a_folder_it_says_which_model_to_set(program: Program) -> None:
    assert "FOOTNOTE_EMBED__MODEL=my-model" in program("reindex", "--to", "my-model").out
