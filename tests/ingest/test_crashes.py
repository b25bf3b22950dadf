"""`kill -9` at any point, then a restart: nothing lost, nothing twice, no orphan."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalogue import document_id
from service.errors import NotFound
from tests.fakes_core import LOCAL, FakeEmbedder, a_tokenizer, drain, opened, put, quick_folder
from tests.ingest.checking import assert_whole, found, sources
from tests.ingest.dying import DOCUMENTS, text_of

ROOT = Path(__file__).resolve().parents[2]
ALL = {f"{number}.md" for number in range(DOCUMENTS)}

BEFORE_THE_PUBLICATION = [
    "Jobs.claim 1 after",
    "TokenFile.put 1 after",
    "TokenFile.put 3 after",
    "EdgeStore.stage 1 after",
    "EdgeStore.stage 3 after",
    "EdgeStore.promote 2 after",
    "EdgeStore.flush 1 after",
]
DURING_AN_INGEST = [
    *BEFORE_THE_PUBLICATION,
    "Documents.publish 1 after",
    "EdgeStore.discard 1 after",
    "TokenFile.discard 1 after",
    "Jobs.finish 1 before",
    "Jobs.finish 1 after",
    "FolderBlobs.remove 1 after",
]
DURING_A_DELETE = [
    "Documents.delete 1 before",
    "Documents.delete 1 after",
    "EdgeStore.delete_document 1 after",
    "TokenFile.delete_document 1 after",
    "FolderBlobs.remove 1 after",
    "Documents.proved 1 before",
    "Documents.proved 1 after",
]


@pytest.fixture(scope="module")
def before() -> Iterator[Path]:
    """A data folder with the first version of every document."""
    with quick_folder() as folder:
        with opened(folder / "data", _embedder(folder)) as engine:
            for number in range(DOCUMENTS):
                put(engine, f"{number}.md", text_of(number, changed=False))
            drain(engine)
        yield folder


@pytest.fixture
def folder(before: Path) -> Iterator[Path]:
    with quick_folder() as path:
        shutil.copytree(before, path, dirs_exist_ok=True)
        yield path


@pytest.mark.parametrize("point", DURING_AN_INGEST)
def test_an_ingest_that_was_killed_is_completed_by_the_next_start(folder: Path, point: str) -> None:
    _die(folder, "ingest", point)
    with opened(folder / "data", _embedder(folder)) as engine:
        if point in BEFORE_THE_PUBLICATION:
            texts = found(engine, "pump part number steel bronze", top_k=100)
            assert len(texts) >= 50  # each of the two lists has fifty places
            assert not any("bronze" in text for text in texts)
        drain(engine)
        assert_whole(engine)
        records = asyncio.run(engine.documents(LOCAL, None, 10)).items
        assert {record.source: record.chunks for record in records} == dict.fromkeys(ALL, 25)
        for record in records:
            assert record.version == 2
            text = asyncio.run(engine.document_text(LOCAL, record.id, None)).text
            assert (text.count("bronze"), "number 25" in text, "number 0," in text) == (5, True, False)
        assert "number 25" in found(engine, "pump part number 25")[0]
        assert len(_kept(folder)) == DOCUMENTS


@pytest.mark.parametrize("point", DURING_A_DELETE)
def test_a_delete_that_was_killed_is_not_begun_or_completed(folder: Path, point: str) -> None:
    _die(folder, "delete", point)
    begun = point != "Documents.delete 1 before"
    with opened(folder / "data", _embedder(folder), search={"candidates": 100}) as engine:  # all chunks
        assert sources(engine, "pump part number") == (ALL - {"0.md"} if begun else ALL)
        if begun:
            with pytest.raises(NotFound):
                asyncio.run(engine.document(LOCAL, document_id(LOCAL, "0.md")))
        assert_whole(engine)
        assert len(_kept(folder)) == DOCUMENTS - begun
        receipts = asyncio.run(engine.receipts(LOCAL, None, 10)).items
        assert [one["document_id"] for one in receipts] == [document_id(LOCAL, "0.md")] * begun


def _die(folder: Path, action: str, point: str) -> None:
    command = [sys.executable, "-m", "tests.ingest.dying", str(folder), action, *point.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=os.environ, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def _kept(folder: Path) -> list[Path]:
    """The original files."""
    return [path for path in (folder / "data" / "files").rglob("*") if path.is_file()]


def _embedder(folder: Path) -> FakeEmbedder:
    return FakeEmbedder(a_tokenizer(folder / "tokenizer"))
