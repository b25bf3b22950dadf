"""One server for the tests that only talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Server, footnote, serving
from tests.fakes_core import quick_folder

WARRANTY = "# Warranty\n\nThe warranty of the P-200 pump lasts 24 months from the day of delivery.\n"
CLEANING = "# Cleaning\n\nWipe the housing with a soft cloth. Never use any solvent.\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture(scope="module")
def documents() -> Iterator[Path]:
    """Two good files and one that nobody reads."""
    with quick_folder() as path:
        (path / "warranty.md").write_text(WARRANTY)
        (path / "cleaning.md").write_text(CLEANING)
        (path / "program.exe").write_bytes(b"MZ\x00\x01")
        yield path


@pytest.fixture(scope="module")
def server(documents: Path) -> Iterator[Server]:
    """A server that has read the two files in, through the command line."""
    with quick_folder() as folder, serving(folder / "data") as server:
        done = footnote("ingest", str(documents), data=server.data)
        assert done.returncode == 0, done.stderr
        yield server
