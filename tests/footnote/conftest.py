"""Documents over a fake model and parsers of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from footnote import Documents, Settings
from service.settings import DecideSettings
from tests.fakes_core import FakeEmbedder, InlineParsers, a_tokenizer, quick_folder

MANUAL = "# Messages\n\nThe message MV-E07 means that the diaphragm is torn.\n"
CARE = "# Care\n\nReplace the diaphragm every 5,000 hours of operation.\n"
Opened = Callable[..., Documents]


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def manuals(folder: Path) -> Path:
    """A folder with two good files, a broken one and one of no kind that is read."""
    manuals = folder / "manuals"
    manuals.mkdir()
    (manuals / "messages.md").write_text(MANUAL)
    (manuals / "care.md").write_text(CARE)
    (manuals / "torn.pdf").write_bytes(b"%PDF-1.7\nthis file cannot be read")
    (manuals / "tool.exe").write_bytes(b"MZ\x00\x01")
    return manuals


@pytest.fixture
def opened(folder: Path) -> Iterator[Opened]:
    """Opens a data folder, closed at the end of the test; it answers whatever it finds something for."""
    embedder = FakeEmbedder(a_tokenizer(folder / "tokenizer"))
    with ExitStack() as stack:

        def opened(name: str = "data", *, answers: bool = True) -> Documents:
            decide = DecideSettings(threshold=0 if answers else 1)
            settings = Settings(data_dir=folder / name, decide=decide)
            documents = Documents(settings, make_embedder=lambda _: embedder, open_parsers=InlineParsers)
            stack.callback(documents.close)
            return documents

        yield opened
