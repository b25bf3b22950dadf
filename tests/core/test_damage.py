"""A damaged index: told from one that is away, refused with what repairs it, made anew from the originals."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import StoreDamaged
from service.settings import Settings
from service.wiring import start_reindex
from tests.fakes_core import LOCAL, FakeEmbedder, drain, ingested, opened, put, sections
from tests.ingest.checking import assert_whole, found

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
UNREADABLE = [
    "edge_config.json",
    "segment.json",
    "payload_index/config.json",
    "vector_storage-dense/deleted/status.dat",  # the engine panics
    "vector_storage-bm25/deleted/status.dat",
    "payload_storage/page_0.dat",  # the log of writes, which is read again, asks for epochs
]
EMPTY_TO_THE_ENGINE = ["mutable_id_tracker.mappings", "mutable_id_tracker.versions"]
READ_LATER = ["vector_storage-dense/tq_vectors/chunk_0.mmap"]


@pytest.fixture
def data(folder: Path, embedder: FakeEmbedder) -> Path:
    with opened(folder / "data", embedder) as engine:
        ingested(engine, "manual.md", TEXT, metadata={"year": 2024})
    return folder / "data"


def truncate(data: Path, name: str, *, to: float) -> None:
    """Shortens every file of that name in the index."""
    found = [path for path in (data / "index").rglob("*") if str(path).endswith(name)]
    assert found
    for path in found:
        os.truncate(path, int(path.stat().st_size * to))


@pytest.mark.parametrize("name", [*UNREADABLE, *EMPTY_TO_THE_ENGINE])
def test_a_damaged_index_is_refused_with_what_repairs_it_and_made_anew_from_the_originals(
    data: Path, embedder: FakeEmbedder, name: str
) -> None:
    truncate(data, name, to=0)
    with pytest.raises(StoreDamaged) as caught, opened(data, embedder):
        pass
    assert ("footnote reindex" in caught.value.hint, caught.value.retryable) == (True, False)
    assert start_reindex(Settings(data_dir=data), make_embedder=lambda _: embedder) == 1
    with opened(data, embedder) as engine:
        drain(engine)
        assert "twenty four months" in found(engine, "warranty")[0]
        assert_whole(engine)
    assert len(list((data / "index").iterdir())) == 1


def test_token_vectors_that_are_lost_are_made_anew_by_a_reindex(data: Path, embedder: FakeEmbedder) -> None:
    (file,) = (data / "index").glob("*/tokens.db")
    file.unlink()
    assert start_reindex(Settings(data_dir=data), make_embedder=lambda _: embedder) == 1
    with opened(data, embedder) as engine:
        drain(engine)
        assert engine.index.tokens.count(LOCAL) == 2
        assert_whole(engine)


def test_token_vectors_that_cannot_be_read_are_refused_and_made_anew_by_a_reindex(
    data: Path, embedder: FakeEmbedder
) -> None:
    (file,) = (data / "index").glob("*/tokens.db")
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreDamaged, match="token vectors"), opened(data, embedder):
        pass
    assert start_reindex(Settings(data_dir=data), make_embedder=lambda _: embedder) == 1
    with opened(data, embedder) as engine:
        drain(engine)
        assert_whole(engine)


@pytest.mark.parametrize("name", READ_LATER)
def test_damage_that_is_found_while_running_ends_the_work_with_its_name_and_fails_no_document(
    data: Path, embedder: FakeEmbedder, name: str
) -> None:
    truncate(data, name, to=0)
    with opened(data, embedder) as engine:
        with pytest.raises(StoreDamaged):
            found(engine, "warranty")
        job = put(engine, "other.md", TEXT.replace("months", "weeks"))
        with pytest.raises(StoreDamaged):
            drain(engine)
        assert engine.jobs.get(LOCAL, job.id).state == "queued"


class PanicException(BaseException):
    """As PyO3 raises it, past every `except Exception`."""


class Panicking:
    """A shard that panics whatever it is asked."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def panics(*_: object) -> None:
            raise PanicException("index out of bounds")

        return panics


def test_a_panic_of_the_engine_is_an_error_of_ours(
    data: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(data, embedder) as engine, monkeypatch.context() as panicking:
        panicking.setattr(engine.index.vectors, "_shard", Panicking())
        for call in (
            lambda *of: engine.index.vectors.delete_document(*of, epoch=1),
            engine.index.vectors.chunk_ids,
            engine.index.vectors.count,
        ):
            with pytest.raises(StoreDamaged):
                call(LOCAL, "a document")
