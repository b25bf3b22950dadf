"""Documents seen and removed from the command line, through a server and without one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.cli.conftest import CLEANING, WARRANTY
from tests.cli.running import footnote, said, serving
from tests.fakes_core import quick_folder


@pytest.fixture(scope="module", params=["through a server", "in process"])
def data(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data folder, with a server that holds it or without."""
    with quick_folder() as folder:
        data = folder / "data"
        with serving(data) if request.param == "through a server" else nullcontext():
            yield data


@pytest.fixture
def handbook(data: Path, folder: Path) -> Path:
    """A folder with two documents, read in; what other tests have left is removed."""
    path = folder / "handbook"
    path.mkdir()
    (path / "warranty.md").write_text(WARRANTY)
    (path / "cleaning.md").write_text(CLEANING)
    footnote("delete", "--prefix", "handbook/", "--yes", data=data)
    assert footnote("ingest", str(path), data=data).returncode == 0
    return path


def listed(data: Path) -> list[str]:
    return [one["source"] for one in said(footnote("list", "--json", data=data))]


def test_documents_are_named_by_their_folder_wherever_it_lies(data: Path, handbook: Path) -> None:
    assert listed(data) == ["handbook/cleaning.md", "handbook/warranty.md"]
    moved = handbook.parent / "elsewhere" / "handbook"
    moved.parent.mkdir()
    os.rename(handbook, moved)
    summary = said(footnote("ingest", str(moved), "--json", data=data))
    assert (summary["done"], summary["unchanged"]) == (2, 2)
    summary = said(footnote("ingest", "warranty.md", "--json", data=data, cwd=moved))
    assert (summary["done"], summary["unchanged"]) == (1, 1)
    assert listed(data) == ["handbook/cleaning.md", "handbook/warranty.md"]


def test_another_folder_of_the_same_name_is_refused_with_the_way_out(data: Path, handbook: Path) -> None:
    other = handbook.parent / "other" / "handbook"
    other.mkdir(parents=True)
    (other / "warranty.md").write_text("# Warranty\n\nThere is none.\n")
    done = footnote("ingest", str(other), data=data)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--as" in done.stderr
    assert footnote("ingest", str(other), "--as", "second", data=data).returncode == 0
    assert said(footnote("list", "--prefix", "second/", "--json", data=data))[0]["version"] == 1
    assert footnote("delete", "second/warranty.md", "--yes", data=data).returncode == 0


def test_a_document_is_shown_with_its_chunks_or_its_text(data: Path, handbook: Path) -> None:
    shown = said(footnote("show", "handbook/warranty.md", "--json", data=data))
    assert "24 months" in shown["pieces"][0]["text"]
    assert shown["receipt"]["parser"]
    assert "24 months" in footnote("show", shown["document_id"], "--text", data=data).stdout
    assert "1 chunk" in footnote("show", "handbook/warranty.md", data=data).stdout
    missing = footnote("show", "handbook/none.md", data=data)
    assert missing.returncode == 1
    assert "footnote list" in missing.stderr


def test_a_delete_asks_first_and_then_shows_its_receipt(data: Path, handbook: Path) -> None:
    refused = footnote("delete", "handbook/warranty.md", data=data)  # nobody is there to say yes
    assert refused.returncode == 1
    assert "handbook/warranty.md" in listed(data)
    receipt = said(footnote("delete", "handbook/warranty.md", "--yes", "--json", data=data))[0]
    assert set(receipt["remaining"].values()) == {0}
    assert listed(data) == ["handbook/cleaning.md"]


def test_prune_removes_what_the_folder_no_longer_holds_and_says_so_before(data: Path, handbook: Path) -> None:
    (handbook / "warranty.md").unlink()
    looked = said(footnote("ingest", str(handbook), "--prune", "--dry-run", "--json", data=data))
    assert (looked["removed"], looked["done"]) == (["handbook/warranty.md"], 0)
    assert "handbook/warranty.md" in listed(data)
    done = footnote("ingest", str(handbook), "--prune", data=data)
    assert "removed: handbook/warranty.md" in done.stdout
    assert listed(data) == ["handbook/cleaning.md"]
    (handbook / "cleaning.md").unlink()
    done = footnote("ingest", str(handbook), "--prune", data=data)
    assert done.returncode == 1
    assert "nothing was removed" in done.stderr
    assert listed(data) == ["handbook/cleaning.md"]


def test_a_search_keeps_to_the_prefix_that_is_displayed(data: Path, handbook: Path) -> None:
    shown = footnote("search", "pump housing", data=data).stdout
    assert "handbook/cleaning.md" in shown
    filters = json.dumps({"source_prefix": "handbook/clean"})
    found = said(footnote("search", "pump housing", "--json", "--filters", filters, data=data))
    assert {hit["source"] for hit in found["hits"]} == {"handbook/cleaning.md"}


def test_an_empty_queue_is_listed_and_cancelled_without_an_error(data: Path) -> None:
    assert said(footnote("jobs", "--json", data=data)) == []
    assert said(footnote("jobs", "cancel", "--all", "--json", data=data)) == []
    missing = footnote("jobs", "cancel", "none", data=data)
    assert (missing.returncode, "not_found" in missing.stderr) == (1, True)


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
def test_options_that_do_not_fit_are_wrong_usage(folder: Path, arguments: tuple[str, ...]) -> None:
    done = footnote(*arguments, data=folder / "data", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert not (folder / "data").exists()
