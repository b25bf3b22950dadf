"""A kill from outside, a full disk, another's crash: none of these is a document's fault."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path
from unittest.mock import patch

import pytest

from ingestion.sandbox import ChunkJob
from ingestion.types import Document, RawFile
from ingestion.worker import worker_for
from service.errors import ParseCrashed, StorageFull
from service.local_engine import LocalEngine
from service.types import Chunk
from tests.fakes_core import (
    LOCAL,
    FakeEmbedder,
    InlineParsers,
    a_tokenizer,
    drain,
    ingested,
    opened,
    put,
    quick_folder,
    sections,
)
from tests.ingest.checking import assert_whole, found, sources

ROOT = Path(__file__).resolve().parents[2]
TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)
KILLS = ("Jobs.claim 1 after", "EdgeStore.stage 1 after", "Documents.publish 1 after") * 3
Disk = namedtuple("Disk", "total used free")


def test_no_document_fails_however_often_its_ingest_is_killed() -> None:
    """Nine times in a row, in whatever step."""
    with quick_folder() as folder:
        for kill in KILLS:
            command = [sys.executable, "-m", "tests.ingest.dying", str(folder), "ingest", *kill.split()]
            ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
            assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        with opened(folder / "data", FakeEmbedder(a_tokenizer(folder / "tokenizer"))) as engine:
            drain(engine)
            assert sources(engine, "pump part number") == {f"{number}.md" for number in range(4)}
            assert_whole(engine)
            with engine.database.reading() as connection:
                states = connection.exec_driver_sql("SELECT state FROM jobs").scalars().all()
            assert set(states) == {"done"}


class Poisoned(InlineParsers):
    """Its process dies of one file."""

    def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
        if b"poison" in raw.content:
            raise ParseCrashed("The parser process died (SIGSEGV).")
        return super().run(raw, job)


def test_a_file_that_kills_its_parser_fails_with_its_reason_and_takes_nobody_along(
    engine: LocalEngine,
) -> None:
    jobs = [put(engine, f"{n}.md", "# A\n\npoison" if n == 1 else TEXT) for n in range(4)]
    worker_for(engine, Poisoned).run_until_idle()
    ended = [engine.jobs.get(LOCAL, job.id) for job in jobs]
    assert [job.state for job in ended] == ["done", "failed", "done", "done"]
    assert ended[1].error is not None
    assert ended[1].error.message == "The parser process died (SIGSEGV)."
    assert_whole(engine)


def test_a_file_with_which_alone_the_process_dies_three_times_fails_and_the_others_go_on(
    folder: Path, embedder: FakeEmbedder
) -> None:
    """The first death was in company, as far as anybody knows."""
    with opened(folder / "data", embedder) as engine:
        bad = put(engine, "bad.md", TEXT)
    for _ in range(4):
        with opened(folder / "data", embedder) as engine:
            assert engine.jobs.claim(64, 1_000_000)  # it dies: nothing is noted, the next start finds it
    with opened(folder / "data", embedder) as engine:
        good = put(engine, "good.md", TEXT)
        drain(engine)
        ended = engine.jobs.get(LOCAL, bad.id)
        assert (ended.state, engine.jobs.get(LOCAL, good.id).state) == ("failed", "done")
        assert ended.error is not None
        assert "3 times the service died" in ended.error.message
        assert_whole(engine)


# --- a full disk -----------------------------------------------------------------------------


def test_on_a_full_disk_an_upload_is_refused_with_the_limit_and_answers_go_on(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    with (
        patch("service.disk.shutil.disk_usage", lambda _: Disk(100, 99, 1)),
        pytest.raises(StorageFull, match=r"store\.min_free_bytes") as caught,
    ):
        put(engine, "more.md", TEXT)
    assert (caught.value.status, caught.value.retryable) == (507, True)
    with patch("service.disk.shutil.disk_usage", lambda _: Disk(100, 99, 1)):
        assert found(engine, "warranty")


def test_work_that_a_full_disk_stops_ends_with_that_error_and_goes_on_when_there_is_room(
    engine: LocalEngine,
) -> None:
    job = put(engine, "manual.md", TEXT)
    with patch("service.disk.shutil.disk_usage", lambda _: Disk(100, 99, 1)), pytest.raises(StorageFull):
        drain(engine)
    waiting = asyncio.run(engine.job(LOCAL, job.id))
    assert waiting.state == "queued"
    assert waiting.error is not None
    assert waiting.error.code == "storage_full"
    drain(engine)
    ended = asyncio.run(engine.job(LOCAL, job.id))
    assert (ended.state, ended.error) == ("done", None)
    assert_whole(engine)


def test_a_job_that_waits_on_a_full_disk_has_no_strike_against_it(engine: LocalEngine) -> None:
    put(engine, "manual.md", TEXT)
    with patch("service.store.edge.ensure_room", side_effect=StorageFull("full")):
        for _ in range(4):
            with pytest.raises(StorageFull):
                drain(engine)
    (job,) = engine.jobs.claim(1, 1_000_000)
    assert (job.alone, job.strikes) == (False, 0)


def test_a_worker_that_runs_on_takes_the_queue_up_again_when_there_is_room(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    full = threading.Event()
    full.set()
    worker = worker_for(engine, InlineParsers)
    embedder.before_passages = worker.stop

    def usage(_: object) -> Disk:
        if not full.is_set():
            return Disk(2**40, 0, 2**40)
        full.clear()
        engine.wake.set()
        return Disk(100, 99, 1)

    put(engine, "manual.md", TEXT)
    full.set()
    with patch("service.disk.shutil.disk_usage", usage):
        worker.run_forever()
    assert embedder.passages


# --- a slow file -----------------------------------------------------------------------------


def test_a_slow_file_does_not_hold_up_those_that_came_with_it(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    """It is read until the others are embedded; were they waiting for it, neither would ever end."""
    others = threading.Event()
    embedder.before_passages = others.set

    class Slow(InlineParsers):
        def run(self, raw: RawFile, job: ChunkJob) -> tuple[Document, tuple[Chunk, ...]]:
            assert raw.source != "slow.md" or others.wait(60)
            return super().run(raw, job)

    for name in ("slow.md", "a.md", "b.md"):
        put(engine, name, TEXT)
    worker_for(engine, Slow).run_until_idle()
    assert sources(engine, "warranty") == {"slow.md", "a.md", "b.md"}
    assert_whole(engine)
