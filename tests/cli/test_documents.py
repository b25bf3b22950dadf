"""Documents seen and removed from the command line, through a server and without one."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.types import LOCAL
from tests.cli.commanding import DrainedLocally, DrainedRemotely, Program, engine_in, served
from tests.cli.conftest import CLEANING, WARRANTY
from tests.fakes_core import drain, put


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


def test_the_receipt_of_a_delete_is_listed_and_verified_also_without_the_instance(
    program: Program, handbook: Path
) -> None:
    deleted = program("delete", "handbook/warranty.md", "--yes", "--json").said
    file, key = handbook / "receipt.json", program("receipts", "key").out.strip()
    file.write_text(json.dumps(deleted))
    assert program("receipts", "list", "--json").said == [deleted[0]["receipt"]]
    assert deleted[0]["document_id"] in program("receipts", "list").out
    assert "genuine" in program("receipts", "verify", str(file)).out
    assert "genuine" in program("receipts", "verify", str(file), "--key", key).out
    assert json.loads(program("receipts", "verify", str(file), "--json").out)["genuine"] is True
    deleted[0]["receipt"]["removed"]["chunks"] += 1
    file.write_text(json.dumps(deleted[0]["receipt"]))
    changed = program("receipts", "verify", str(file))
    assert (changed.code, "was changed" in changed.err) == (1, True)
    file.write_text("nonsense")
    assert program("receipts", "verify", str(file)).code == 1


def test_failed_documents_are_shown_with_the_reason_and_tried_again(program: Program, handbook: Path) -> None:
    (handbook / "broken.pdf").write_bytes(b"%PDF-1.7 nothing of one")
    assert program("ingest", str(handbook)).code == 1
    (failed,) = program("jobs", "--failed", "--json").said
    assert failed["error"]["message"] in program("jobs", "--failed").out.replace("\n", " ")
    (queued,) = program("jobs", "retry", failed["job_id"], "--json").said
    assert (queued["job_id"], queued["state"]) == (failed["job_id"], "queued")
    assert program("jobs", "retry", failed["job_id"]).code == 1
    assert "0 documents queued again" in program("jobs", "retry", "--all").out
    assert program("jobs", "retry").code == 2


def test_fsck_ends_with_1_and_names_what_it_found(program: Program, handbook: Path) -> None:
    assert program("fsck", "--json").said == []
    engine = program.engine
    (document, _) = program("list", "--json").said
    engine.index.delete_document(LOCAL, document["document_id"], engine.jobs.new_epoch())
    found = program("fsck")
    assert (
        found.code,
        "chunks_without_vectors" in found.out,
        "reads the document in again" in found.out,
    ) == (
        1,
        True,
        True,
    )
    repaired = program("fsck", "--repair", "--json")
    assert (repaired.code, {one["repaired"] for one in json.loads(repaired.out)}) == (1, {True})
    drain(engine)
    assert program("fsck").code == 0


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


@pytest.mark.parametrize("command", [("ask", "How long is the warranty?"), ("search", "warranty"), ("list",)])
def test_who_has_read_nothing_in_is_told_so_and_what_to_do(
    program: Program, command: tuple[str, ...]
) -> None:
    done = program(*command)
    assert (done.code, "There are no documents in" in done.err) == (3 if command[0] == "ask" else 0, True)
    assert "footnote ingest PATH" in done.err


def test_nothing_is_said_of_a_prefix_that_no_document_has(program: Program, handbook: Path) -> None:
    assert program("list", "--prefix", "elsewhere/").err == ""
