"""An engine of the measurements has read in all that is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.engines import engine_with
from service.local_engine import LocalEngine
from service.settings import Settings
from tests.fakes_core import FakeEmbedder, a_tokenizer, ingested, quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


def test_a_folder_whose_reading_was_cut_off_is_read_to_its_end_and_then_no_more(folder: Path) -> None:
    embedder, settings = FakeEmbedder(a_tokenizer(folder / "tokenizer")), Settings(data_dir=folder / "data")
    readings: list[str] = []

    def read(engine: LocalEngine) -> None:
        readings.append("begun")
        ingested(engine, "first.md", "The pump.")
        if readings == ["begun"]:
            raise KeyboardInterrupt
        ingested(engine, "second.md", "The valve.")

    with (
        pytest.raises(KeyboardInterrupt),
        engine_with(settings, read, lambda _: embedder, again=False),
    ):
        pass
    for _ in range(2):
        with engine_with(settings, read, lambda _: embedder, again=False) as engine:
            assert engine.index.vectors.size() == 2
    assert len(readings) == 2
