"""Server mode, destroyed and restored with a new index: the same question has the same citations."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.local_engine import LocalEngine
from service.settings import CatalogueSettings, Settings
from service.types import Query
from service.wiring import start_reindex
from tests.deploy.test_server_backup import script
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, drain, ingested, opened, quick_folder, sections
from tests.postgres import PostgresServer

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from the day of delivery.",
    Cleaning="The housing of the pump is wiped with a soft cloth and without any solvent.",
)
QUESTION = Query("How long does the warranty of the pump last?")


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def embedder(folder: Path) -> FakeEmbedder:
    return FakeEmbedder(a_tokenizer(folder / "tokenizer"))


def state(engine: LocalEngine) -> dict[str, Any]:
    """What is in, and an answer; without versions, of which a reindex makes a new one."""
    documents = asyncio.run(engine.documents(LOCAL, None, 100)).items
    answer = asyncio.run(engine.answer(LOCAL, QUESTION))
    return {
        "documents": [(one.id, one.source) for one in documents],
        "counts": [engine.index.count(LOCAL, one.id) for one in documents],
        "sentences": [sentence.text for sentence in answer.sentences],
        "citations": [
            (one.n, one.chunk_id, one.document.source, one.start, one.end, one.quote)
            for one in answer.citations
        ],
    }


def test_what_was_destroyed_answers_with_the_same_citations_after_a_reindex(
    folder: Path, embedder: FakeEmbedder, postgres_server: PostgresServer, request: pytest.FixtureRequest
) -> None:
    services = request.getfixturevalue("services")
    with opened(folder / "data", embedder, **services) as engine:
        ingested(engine, "pump.md", TEXT)
        ingested(engine, "valve.md", "# Valve\n\nA valve opens at six bar.")
        before = state(engine)
    assert before["citations"]
    backup, lost = folder / "backup", services["catalogue"].url.get_secret_value()
    done = script("backup.sh", backup, FOOTNOTE_CATALOGUE__URL=lost, FOOTNOTE_DATA_DIR=str(folder / "data"))
    assert done.returncode == 0, done.stderr

    shutil.rmtree(folder / "data")
    server = services["store"].server
    elsewhere = services["store"].model_copy(
        update={"server": server.model_copy(update={"alias": f"{server.alias}-restored"})}
    )
    with postgres_server.database("template0") as url:
        done = script(
            "restore.sh", backup, FOOTNOTE_CATALOGUE__URL=url, FOOTNOTE_DATA_DIR=str(folder / "data")
        )
        assert done.returncode == 0, done.stderr
        restored = services | {"catalogue": CatalogueSettings(url=url), "store": elsewhere}
        settings = Settings(data_dir=folder / "data", **restored)
        assert start_reindex(settings, make_embedder=lambda _: embedder) == 2
        with opened(folder / "data", embedder, **restored) as engine:
            drain(engine)
            assert state(engine) == before
