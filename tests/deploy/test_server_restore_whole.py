"""Server mode, destroyed and restored with a new index: the same question has the same citations."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Keys, Placements, Tenants, Variants, document_id
from service.local_engine import LocalEngine
from service.records import Feedback, Sums
from service.settings import CatalogueSettings, Settings
from service.tenancy import BY_OPERATOR, NewKey
from service.types import Query, Scope
from service.upkeep.receipts import verify
from service.wiring import start_reindex
from tests.deploy.test_server_backup import rows, script
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, drain, ingested, opened, quick_folder, sections
from tests.leading import moves_of, store_of
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
    """What is in and where it lies, and an answer; without versions, of which a reindex makes new ones."""
    documents = asyncio.run(engine.documents(LOCAL, None, 100)).items
    answer = asyncio.run(engine.answer(LOCAL, QUESTION))
    return {
        "documents": [(one.id, one.source) for one in documents],
        "counts": [engine.index.count(LOCAL, one.id) for one in documents],
        "own": store_of(engine).at(LOCAL.tenant, "dedicated").count(LOCAL),
        "all": engine.index.vectors.size(),
        "findings": engine.fsck.run(),
        "receipts": [verified(one, engine) for one in asyncio.run(engine.receipts(LOCAL, None, 10)).items],
        "sentences": [sentence.text for sentence in answer.sentences],
        "citations": [
            (one.n, one.chunk_id, one.document.source, one.start, one.end, one.quote)
            for one in answer.citations
        ],
    }


def verified(receipt: Mapping[str, Any], engine: LocalEngine) -> str:
    verify(receipt, engine.receipts_key())
    return str(receipt["id"])


def use(engine: LocalEngine) -> None:
    """What is left beside documents: a key, feedback on an answer, a receipt, a variant that was stopped."""
    Keys(engine.database).create(LOCAL.tenant, NewKey("ci", "reader"), BY_OPERATOR)
    answer = asyncio.run(engine.answer(LOCAL, QUESTION))
    asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "down", "it is thirty")))
    ingested(engine, "gone.md", "# Gone\n\nNobody needs this any more.")
    asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "gone.md")))
    variants = Variants(engine.database)
    variants.begin("bold", "settings")
    variants.add("bold", "settings", {("served", "abstained"): Sums(3, 1.0, 1.0)})
    variants.stop("bold", "settings")


def test_what_was_destroyed_is_back_to_the_last_row_and_answers_the_same_after_a_reindex(
    folder: Path, embedder: FakeEmbedder, postgres_server: PostgresServer, request: pytest.FixtureRequest
) -> None:
    services = request.getfixturevalue("services")
    with opened(folder / "data", embedder, **services) as engine:
        Tenants(engine.database).create(LOCAL.tenant)
        ingested(engine, "theirs.md", TEXT, scope=Scope("other"))
        ingested(engine, "pump.md", TEXT)
        ingested(engine, "valve.md", "# Valve\n\nA valve opens at six bar.")
        Placements(engine.database).ask_for(LOCAL.tenant, "dedicated")
        moves_of(engine).look()
        use(engine)
        before = state(engine)
    assert before["citations"]
    assert (before["own"], before["all"]) == (3, 5)
    backup, lost = folder / "backup", services["catalogue"].url.get_secret_value()
    catalogue = rows(lost)
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
        assert rows(url) == catalogue
        assert len(catalogue["receipts"]) == len(catalogue["feedback"]) == len(catalogue["keys"]) == 1
        restored = services | {"catalogue": CatalogueSettings(url=url), "store": elsewhere}
        settings = Settings(data_dir=folder / "data", **restored)
        assert start_reindex(settings, make_embedder=lambda _: embedder) == 3
        with opened(folder / "data", embedder, **restored) as engine:
            drain(engine)
            assert state(engine) == before
