"""Documents seen and removed from the command line, through a server and without one."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commanding import DrainedLocally, DrainedRemotely, Program, engine_in, served
from tests.cli.conftest import CLEANING, WARRANTY
from tests.fakes_core import put


@pytest.fixture(params=["in process", "through a server"])
def program(
    request: pytest.FixtureRequest, folder: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Program]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with engine_in(folder) as engine:
        if request.param == "in process":
            yield Program(engine, lambda: DrainedLocally(engine), capsys)
        else:
            with served(engine) as url:
                yield Program(engine, lambda: DrainedRemotely(url, engine), capsys)
    root.handlers, root.level = handlers, level


@pytest.fixture
def handbook(program: Program, folder: Path) -> Path:
    """A folder with two documents, read in."""
    path = folder / "handbook"
    path.mkdir()
    (path / "warranty.md").write_text(WARRANTY)
    (path / "cleaning.md").write_text(CLEANING)
    assert program("ingest", str(path)).code == 0
    return path


def listed(program: Program) -> list[str]:
    return [one["source"] for one in program("list", "--json").said]


def test_documents_are_named_by_their_folder_wherever_it_lies(program: Program, handbook: Path) -> None:
    assert listed(program) == ["handbook/cleaning.md", "handbook/warranty.md"]
    moved = handbook.parent / "elsewhere" / "handbook"
    moved.parent.mkdir()
    os.rename(handbook, moved)
    summary = program("ingest", str(moved), "--json").said
    assert (summary["done"], summary["unchanged"]) == (2, 2)
    summary = program("ingest", str(moved / "warranty.md"), "--json").said
    assert (summary["done"], summary["unchanged"]) == (1, 1)
    assert listed(program) == ["handbook/cleaning.md", "handbook/warranty.md"]


def test_another_folder_of_the_same_name_is_refused_with_the_way_out(
    program: Program, handbook: Path
) -> None:
    other = handbook.parent / "other" / "handbook"
    other.mkdir(parents=True)
    (other / "warranty.md").write_text("# Warranty\n\nThere is none.\n")
    done = program("ingest", str(other))
    assert (done.code, done.out) == (1, "")
    assert "--as" in done.err
    assert program("ingest", str(other), "--as", "second").code == 0
    assert program("list", "--prefix", "second/", "--json").said[0]["version"] == 1


def test_a_document_is_shown_with_its_chunks_or_its_text(program: Program, handbook: Path) -> None:
    shown = program("show", "handbook/warranty.md", "--json").said
    assert "24 months" in shown["pieces"][0]["text"]
    assert shown["receipt"]["parser"]
    assert "24 months" in program("show", shown["document_id"], "--text").out
    assert "1 chunk" in program("show", "handbook/warranty.md").out
    missing = program("show", "handbook/none.md")
    assert missing.code == 1
    assert "footnote list" in missing.err


def test_a_delete_asks_first_and_then_shows_its_receipt(
    program: Program, handbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = program("delete", "handbook/warranty.md")
    assert (refused.code, "Remove 1 document?" in refused.err) == (1, True)
    assert "handbook/warranty.md" in listed(program)
    receipt = program("delete", "handbook/warranty.md", "--yes", "--json").said[0]
    assert set(receipt["remaining"].values()) == {0}
    assert listed(program) == ["handbook/cleaning.md"]


def test_prune_removes_what_the_folder_no_longer_holds_and_says_so_before(
    program: Program, handbook: Path
) -> None:
    (handbook / "warranty.md").unlink()
    looked = program("ingest", str(handbook), "--prune", "--dry-run", "--json").said
    assert (looked["removed"], looked["done"]) == (["handbook/warranty.md"], 0)
    assert "handbook/warranty.md" in listed(program)
    done = program("ingest", str(handbook), "--prune")
    assert "removed: handbook/warranty.md" in done.out
    assert listed(program) == ["handbook/cleaning.md"]
    (handbook / "cleaning.md").unlink()
    done = program("ingest", str(handbook), "--prune")
    assert done.code == 1
    assert "nothing was removed" in done.err
    assert listed(program) == ["handbook/cleaning.md"]


def test_a_search_keeps_to_the_prefix_that_is_displayed(program: Program, handbook: Path) -> None:
    shown = program("search", "pump housing").out
    assert "handbook/cleaning.md" in shown
    filters = json.dumps({"source_prefix": "handbook/clean"})
    found = program("search", "pump housing", "--json", "--filters", filters).said
    assert {hit["source"] for hit in found["hits"]} == {"handbook/cleaning.md"}


def test_what_waits_is_listed_and_taken_back(program: Program) -> None:
    jobs = [put(program.engine, f"{name}.md", WARRANTY).id for name in "abc"]
    listed_jobs = [job["job_id"] for job in program("jobs", "--json").said]
    assert listed_jobs == jobs
    assert "queued  a.md" in program("jobs").out
    assert program("jobs", "cancel", jobs[0], "--json").said == jobs[:1]
    assert "2 documents taken back" in program("jobs", "cancel", "--all").out
    assert program("jobs", "--all", "--json").said == []


def test_an_empty_queue_is_listed_and_cancelled_without_an_error(program: Program) -> None:
    assert program("jobs", "--json").said == []
    assert program("jobs", "cancel", "--all", "--json").said == []
    missing = program("jobs", "cancel", "none")
    assert (missing.code, "not_found" in missing.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "a.md", "--prune"),
        ("ingest", ".", "--dry-run"),
        ("ingest", "a.md", "b.md", "--as", "x"),
        ("delete",),
        ("jobs", "cancel"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(program: Program, arguments: tuple[str, ...]) -> None:
    done = program(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage" in done.err
