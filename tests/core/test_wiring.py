"""Opening a data folder: one process at a time, one model for one index."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from service.errors import DataFolderLocked, IndexMismatch, Misconfigured, StoreUnavailable
from service.settings import ChunkSettings, Settings
from service.store import opening
from service.store.edge import EdgeStore
from service.types import Scope
from service.wiring import start_reindex
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections
from tests.ingest.checking import assert_whole, found, sources

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)


def reindex(data: Path, embedder: FakeEmbedder) -> int:
    return start_reindex(Settings(data_dir=data), make_embedder=lambda _: embedder)


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture
def other(embedder: FakeEmbedder) -> FakeEmbedder:
    """Another model, of another dimension."""
    return replace(embedder, fingerprint="words-2", dimension=128, passages=[], name="other words")


# --- the folder ------------------------------------------------------------------------------


def test_a_second_opener_is_told_who_is_in_the_way_and_what_to_do(data: Path, embedder: FakeEmbedder) -> None:
    with (
        opened(data, embedder),
        pytest.raises(DataFolderLocked, match=str(data)) as caught,
        opened(data, embedder),
    ):
        pass
    assert "--data-dir" in caught.value.hint


def test_a_folder_is_free_again_after_its_block_however_that_ended(
    data: Path, embedder: FakeEmbedder
) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), opened(data, embedder):
            raise ZeroDivisionError
    with opened(data, embedder):
        pass


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(data: Path, embedder: FakeEmbedder) -> None:
    (data / "lock").mkdir(parents=True)  # whoever may write everywhere cannot write this
    with pytest.raises(Misconfigured, match=f"{data} cannot be written") as caught, opened(data, embedder):
        pass
    assert "--data-dir" in caught.value.hint


def test_a_file_in_place_of_the_data_folder_is_named_with_what_to_do(
    data: Path, embedder: FakeEmbedder
) -> None:
    data.touch()
    with pytest.raises(Misconfigured, match=f"{data} cannot be a folder") as caught, opened(data, embedder):
        pass
    assert "--data-dir" in caught.value.hint


def test_reindexing_a_folder_in_use_is_refused(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder), pytest.raises(DataFolderLocked):
        reindex(data, embedder)


def test_the_folder_is_for_its_owner_alone(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder):
        assert data.stat().st_mode & 0o077 == 0


def test_what_was_ingested_is_found_after_a_restart(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
        before = found(engine, "How long is the warranty?")
    with opened(data, embedder) as engine:
        assert found(engine, "How long is the warranty?") == before
        assert_whole(engine)


def test_jobs_wait_over_a_restart(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder) as engine:
        put(engine, "manual.md", TEXT)
    with opened(data, embedder) as engine:
        drain(engine)
        assert sources(engine, "warranty") == {"manual.md"}


def test_chunks_that_the_model_would_not_read_whole_are_refused(data: Path, embedder: FakeEmbedder) -> None:
    long = ChunkSettings(max_tokens=249)
    with (
        pytest.raises(Misconfigured, match=r"chunk\.max_tokens") as caught,
        opened(data, embedder, chunk=long),
    ):
        pass
    assert "248" in caught.value.hint


def test_a_damaged_index_is_an_error_of_ours(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder):
        pass
    (index,) = (data / "index").iterdir()
    for file in (index / "shard").glob("*.json"):
        file.write_bytes(b"\x00")
    with pytest.raises(StoreUnavailable), opened(data, embedder):
        pass
    with pytest.raises(StoreUnavailable), opened(data, embedder):  # and the folder was let go of
        pass


# --- the model -------------------------------------------------------------------------------


def test_an_index_of_another_model_is_refused_with_the_command_that_repairs_it(
    data: Path, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    with pytest.raises(IndexMismatch, match="other words") as caught, opened(data, other):
        pass
    assert "footnote reindex" in caught.value.hint
    with opened(data, embedder) as engine:  # nothing was harmed
        assert sources(engine, "warranty") == {"manual.md"}


def test_an_index_of_another_version_s_form_is_said_to_be_that_and_not_another_model_s(
    data: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    monkeypatch.setattr(opening, "FORMAT_VERSION", "99")
    with (
        pytest.raises(IndexMismatch, match="another version of Footnote, this one's is 99") as caught,
        opened(data, embedder),
    ):
        pass
    assert "`footnote reindex`" in caught.value.hint
    assert reindex(data, embedder) == 1
    with opened(data, embedder) as engine:
        drain(engine)
        assert sources(engine, "warranty") == {"manual.md"}


def test_a_reindex_reads_every_document_in_for_the_new_model(
    data: Path, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    tenant = Scope("tenant", LOCAL.groups)
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT, metadata={"year": 2024}, groups=("sales",))
        ingested(engine, "manual.md", TEXT.replace("months", "weeks"), scope=tenant)
    assert reindex(data, other) == 2
    with opened(data, other) as engine:
        drain(engine)
        assert len(other.passages) == 4
        assert "months" in found(engine, "How long is the warranty?")[0]
        assert "weeks" in found(engine, "How long is the warranty?", tenant)[0]
        assert found(engine, "warranty", Scope("local", frozenset({"support"}))) == []
        assert_whole(engine)
    assert len(list((data / "index").iterdir())) == 1


def test_a_reindex_that_was_interrupted_goes_on_at_the_next_start(
    data: Path, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with opened(data, embedder) as engine:
        for n in range(3):
            ingested(engine, f"{n}.md", TEXT)
    reindex(data, other)
    with (
        opened(data, other) as engine,
        patch.object(EdgeStore, "promote", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        drain(engine)
    with opened(data, other) as engine:
        drain(engine)
        assert sources(engine, "warranty") == {"0.md", "1.md", "2.md"}
        assert_whole(engine)


def test_a_reindex_with_the_same_model_changes_nothing(data: Path, embedder: FakeEmbedder) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    reindex(data, embedder)
    with opened(data, embedder) as engine:
        drain(engine)
        assert sources(engine, "warranty") == {"manual.md"}
        assert_whole(engine)


def test_going_back_to_the_first_model_is_a_reindex_too(
    data: Path, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    for model in (other, embedder):
        reindex(data, model)
        with opened(data, model) as engine:
            drain(engine)
            assert sources(engine, "warranty") == {"manual.md"}
            assert_whole(engine)


def test_a_document_that_changed_while_the_reindex_waited_keeps_its_newest_text(
    data: Path, embedder: FakeEmbedder, other: FakeEmbedder
) -> None:
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    reindex(data, other)
    with opened(data, other) as engine:
        ingested(engine, "manual.md", TEXT.replace("months", "weeks"))
        assert "weeks" in found(engine, "warranty")[0]
        assert_whole(engine)


def test_no_thread_outlives_an_engine(data: Path, embedder: FakeEmbedder) -> None:
    before = set(threading.enumerate())
    with opened(data, embedder) as engine:
        ingested(engine, "manual.md", TEXT)
    assert set(threading.enumerate()) <= before
