"""fsck finds what does not belong together, each kind of it, and repairs it."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from unittest.mock import patch

import pytest
from sqlalchemy import delete, update

from service.catalogue import document_id
from service.catalogue.models import ChunkRow, JobRow
from service.errors import StoreUnavailable
from service.local_engine import LocalEngine
from service.store.bm25 import sparse_document
from service.store.edge import EdgeStore
from service.types import DocumentAttributes, Point
from service.upkeep.fsck import KINDS, PUT_IN_AGAIN
from tests.fakes_core import LOCAL, drain, ingested, put, sections
from tests.ingest.checking import assert_whole, found, live_chunks

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
MANUAL = document_id(LOCAL, "manual.md")
NOWHERE = "8a6e0804-2bd0-4672-b79d-d97027f9071a"


def stray(engine: LocalEngine, document: str) -> None:
    """A chunk in the index that no live version has."""
    encoded = engine.pipeline.embedder.embed_passages(["stray"])[0]
    point = Point(NOWHERE, encoded.dense, sparse_document("stray", "en"), encoded.tokens)
    engine.index.stage(LOCAL, document, DocumentAttributes("stray.md"), [point], engine.jobs.new_epoch())


def lose_vector(engine: LocalEngine) -> None:
    engine.index.vectors.discard(LOCAL, MANUAL, live_chunks(engine)[:1], engine.jobs.new_epoch())


def lose_tokens(engine: LocalEngine) -> None:
    engine.index.tokens.discard(LOCAL, MANUAL, live_chunks(engine)[:1], engine.jobs.new_epoch())


def lose_row(engine: LocalEngine) -> None:
    with engine.database.writing() as connection:
        connection.execute(delete(ChunkRow).where(ChunkRow.chunk_id == live_chunks_of(engine)[0]))


def live_chunks_of(engine: LocalEngine) -> list[str]:
    return [chunk.id for chunk in engine.versions.live_chunks(LOCAL, MANUAL)]


def lose_owner(engine: LocalEngine) -> None:
    put(engine, "waiting.md", TEXT)
    engine.jobs.claim(1, 10**9)
    with engine.database.writing() as connection:
        connection.execute(update(JobRow).where(JobRow.owner.is_not(None)).values(owner=None))


def cut_delete_off(engine: LocalEngine) -> None:
    ingested(engine, "gone.md", TEXT)
    with (
        patch.object(EdgeStore, "delete_document", side_effect=StoreUnavailable("away")),
        pytest.raises(StoreUnavailable),
    ):
        asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "gone.md")))


def leave_file(engine: LocalEngine) -> None:
    (file,) = (engine.settings.data_dir / "files").glob("*/??/*")
    left = file.with_name("0" * 64)
    left.write_bytes(b"nobody's")
    os.utime(left, (0, 0))


DAMAGES: dict[str, tuple[Callable[[LocalEngine], None], dict[str, int]]] = {
    "a stray chunk of a document": (
        lambda engine: stray(engine, MANUAL),
        {"vectors_without_chunk": 1, "token_vectors_without_chunk": 1},
    ),
    "a stray chunk of none": (
        lambda engine: stray(engine, "unknown"),
        {"vectors_without_chunk": 1, "token_vectors_without_chunk": 1},
    ),
    "a lost vector": (lose_vector, {"chunks_without_vectors": 1}),
    "lost token vectors": (lose_tokens, {"chunks_without_token_vectors": 1}),
    "a lost row": (
        lose_row,
        {"torn_versions": 1, "vectors_without_chunk": 1, "token_vectors_without_chunk": 1},
    ),
    "a lost owner": (lose_owner, {"lost_jobs": 1}),
    "a delete that was cut off": (
        cut_delete_off,
        {"unfinished_deletes": 1, "vectors_without_chunk": 1, "token_vectors_without_chunk": 1},
    ),
    "a file of nobody": (leave_file, {"unneeded_originals": 1}),
}


@pytest.fixture
def whole(engine: LocalEngine) -> LocalEngine:
    ingested(engine, "manual.md", TEXT)
    assert engine.fsck.run() == ()
    return engine


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_named_and_repaired(whole: LocalEngine, damage: str) -> None:
    make, expected = DAMAGES[damage]
    make(whole)
    found_first = whole.fsck.run()
    assert Counter(one.kind for one in found_first) == expected
    assert not any(one.repaired for one in found_first)
    assert all(one.what and one.repair for one in found_first)
    assert all(one.repaired for one in whole.fsck.run(repair=True))
    drain(whole)
    assert whole.fsck.run() == ()
    assert_whole(whole)
    assert "twenty four months" in found(whole, "warranty")[0]


def test_a_look_alone_repairs_nothing(whole: LocalEngine) -> None:
    stray(whole, MANUAL)
    assert whole.fsck.run() == whole.fsck.run() != ()


def test_an_original_that_is_gone_is_found_and_only_its_owner_can_help(whole: LocalEngine) -> None:
    (file,) = (whole.settings.data_dir / "files").glob("*/??/*")
    file.unlink()
    (finding,) = whole.fsck.run(repair=True)
    assert (finding.kind, finding.repaired, file.name in finding.what) == ("missing_originals", False, True)
    lose_vector(whole)
    missing = [one for one in whole.fsck.run(repair=True) if one.kind == "chunks_without_vectors"]
    assert [(one.repair, one.repaired) for one in missing] == [(PUT_IN_AGAIN, False)]
    ingested(whole, "manual.md", TEXT)
    assert whole.fsck.run() == ()


def test_what_a_job_has_under_way_is_no_finding(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", TEXT.replace("months", "weeks"))
    engine.jobs.claim(1, 10**9)
    stray(engine, MANUAL)
    assert engine.fsck.run(repair=True) == ()
    assert engine.index.vectors.count(LOCAL, MANUAL) == 3


def test_the_last_run_is_told_by_kind_and_nothing_before_the_first(engine: LocalEngine) -> None:
    assert engine.findings() == {}
    ingested(engine, "manual.md", TEXT)
    engine.fsck.run()
    assert engine.findings() == dict.fromkeys(KINDS, 0)
    stray(engine, MANUAL)
    engine.fsck.run()
    assert (engine.findings()["vectors_without_chunk"], engine.findings()["lost_jobs"]) == (1, 0)
