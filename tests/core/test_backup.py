"""A backup of a data folder: taken, the folder destroyed, restored, and nobody can tell the difference."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import document_id
from service.data_folder import CONTENTS, back_up, restore
from service.errors import Conflict, DataFolderLocked, InvalidInput, NotFound
from service.local_engine import LocalEngine
from service.records import Feedback
from service.types import Query
from tests.deploy.test_server_backup import rows
from tests.fakes_core import (
    LOCAL,
    FakeEmbedder,
    a_tokenizer,
    drain,
    ingested,
    opened,
    put,
    quick_folder,
    sections,
)

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from the day of delivery.",
    Cleaning="The housing of the pump is wiped with a soft cloth and without any solvent.",
)
QUESTION = Query("How long does the warranty of the pump last?")


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture(scope="module")
def taken() -> Iterator[Path]:
    """A folder with two documents, one of them in two versions, and a job that waits; and its backup."""
    with quick_folder() as folder:
        with opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer"))) as engine:
            ingested(engine, "pump.md", "# Pump\n\nAn earlier version.")
            ingested(engine, "pump.md", TEXT)
            ingested(engine, "valve.md", "# Valve\n\nA valve opens at six bar.")
            ingested(engine, "gone.md", "# Gone\n\nNobody needs this any more.")
            asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "gone.md")))
            answer = asyncio.run(engine.answer(LOCAL, QUESTION))
            asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "down", "it is thirty")))
            put(engine, "waits.md", "# Waits\n\nThis one is not read in yet.")
        back_up(folder / "data", folder / "backup.tar.gz")
        yield folder


@pytest.fixture
def backup(folder: Path, data: Path, taken: Path) -> Path:
    """The backup of `data`."""
    subprocess.run(["cp", "--archive", "--sparse=always", taken / "data", data], check=True)
    return Path(shutil.copy2(taken / "backup.tar.gz", folder / "backup.tar.gz"))


def state(engine: LocalEngine) -> dict[str, Any]:
    """All counts, and an answer with its citations."""
    documents = asyncio.run(engine.documents(LOCAL, None, 100)).items
    answer = asyncio.run(engine.answer(LOCAL, QUESTION))
    chunks = {
        one.source: len(asyncio.run(engine.chunks(LOCAL, one.id, None, 100)).items) for one in documents
    }
    return {
        "documents": [(one.id, one.source, one.version) for one in documents],
        "chunks": chunks,
        "vectors": engine.pipeline.store.size(),
        "tokens": [engine.index.count(LOCAL, one.id) for one in documents],
        "waiting": engine.jobs.depth(),
        "sentences": answer.sentences,
        "citations": answer.citations,
    }


def test_what_was_destroyed_is_back_with_the_same_counts_and_the_same_cited_answer(
    data: Path, backup: Path, embedder: FakeEmbedder
) -> None:
    with opened(data, embedder) as engine:
        before = state(engine)
    assert before["citations"]
    embedded = len(embedder.passages)
    shutil.rmtree(data)
    restore(backup, data)
    with opened(data, embedder) as engine:
        assert state(engine) == before
    assert len(embedder.passages) == embedded


def test_the_catalogue_is_back_to_the_last_row(folder: Path, data: Path, backup: Path) -> None:
    restore(backup, folder / "restored")
    before, after = (rows(f"sqlite:///{one / 'catalogue.sqlite3'}") for one in (data, folder / "restored"))
    assert after == before
    assert len(before["feedback"]) == len(before["receipts"]) == 1


def test_what_waited_is_read_in_after_the_restore(data: Path, backup: Path, embedder: FakeEmbedder) -> None:
    shutil.rmtree(data)
    restore(backup, data)
    with opened(data, embedder) as engine:
        drain(engine)
        assert engine.jobs.depth() == 0
        assert "waits.md" in [one.source for one in asyncio.run(engine.documents(LOCAL, None, 100)).items]


def test_nothing_may_run_on_the_folder_meanwhile(folder: Path, data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder), pytest.raises(DataFolderLocked):
        back_up(data, folder / "backup.tar.gz")
    assert list(folder.glob("backup.tar.gz*")) == []


def test_only_its_owner_may_read_it(backup: Path) -> None:
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_what_tells_of_a_process_is_left_out(backup: Path) -> None:
    with tarfile.open(backup) as archive:
        names = set(archive.getnames())
    assert names.isdisjoint({"lock", "roots.lock", "server.json"})
    assert {"catalogue.sqlite3", CONTENTS} <= names


def test_an_older_backup_is_not_written_over(data: Path, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(Conflict):
        back_up(data, backup)
    assert backup.read_bytes() == before


def test_a_folder_that_holds_something_is_not_written_over(data: Path, backup: Path) -> None:
    with pytest.raises(Conflict):
        restore(backup, data)


def test_a_file_in_place_of_the_folder_is_not_written_over(folder: Path, backup: Path) -> None:
    (folder / "file").write_text("mine")
    with pytest.raises(Conflict, match="no empty folder"):
        restore(backup, folder / "file")
    assert (folder / "file").read_text() == "mine"


def test_without_documents_there_is_nothing_to_back_up(folder: Path) -> None:
    with pytest.raises(NotFound):
        back_up(folder / "nowhere", folder / "backup.tar.gz")


def test_a_backup_that_was_cut_off_is_not_taken_for_a_whole_one(folder: Path, backup: Path) -> None:
    whole = backup.read_bytes()
    for length in (0, 1000, len(whole) // 2, len(whole) - 100):
        (folder / "cut.tar.gz").write_bytes(whole[:length])
        with pytest.raises(InvalidInput, match="cut off"):
            restore(folder / "cut.tar.gz", folder / "restored")
        assert not (folder / "restored").exists()


def test_a_backup_that_has_changed_since_is_refused(folder: Path, backup: Path) -> None:
    content = gzip.decompress(backup.read_bytes())
    at = content.index(b"A valve opens at six bar")
    backup.write_bytes(
        gzip.compress(content[:at] + b"A valve opens at ten bar" + content[at + 24 :], compresslevel=1)
    )
    with pytest.raises(InvalidInput, match="damaged"):
        restore(backup, folder / "restored")
    assert not (folder / "restored").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no archive either", mtime=0)])
def test_what_is_no_backup_is_refused(folder: Path, content: bytes) -> None:
    (folder / "other.gz").write_bytes(content)
    with pytest.raises(InvalidInput, match="no backup"):
        restore(folder / "other.gz", folder / "restored")


def test_what_takes_no_room_in_the_folder_takes_none_in_the_backup_and_after_it(
    folder: Path, data: Path, backup: Path
) -> None:
    restore(backup, folder / "restored")
    whole = sum(path.stat().st_size for path in data.rglob("*"))
    assert on_disk(data) < whole / 50
    assert backup.stat().st_size < whole / 50
    assert on_disk(folder / "restored") < whole / 50


def on_disk(folder: Path) -> int:
    """Bytes that its files take."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "files/../../escaped"])
def test_an_archive_writes_nothing_outside_of_the_folder(folder: Path, name: str) -> None:
    evil = folder / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        for member, content in ((name, b"x"), (CONTENTS, json.dumps({}).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    with pytest.raises(InvalidInput, match="outside"):
        restore(evil, folder / "restored")
    assert not list(folder.rglob("escaped"))
