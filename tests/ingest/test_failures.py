"""What a failure may cost: its own job, and nothing of the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import update

from ingestion.aftermath import MAX_STRIKES
from ingestion.worker import worker_for
from service.catalogue import ClaimedJob, document_id
from service.catalogue.models import JobRow
from service.errors import Conflict, NotFound, StoreUnavailable
from service.local_engine import LocalEngine
from service.store.edge import EdgeStore
from service.types import Condition, Filters, Query, Scope
from tests.fakes_core import BROKEN, LOCAL, FakeEmbedder, InlineParsers, drain, ingested, put, sections
from tests.ingest.checking import assert_whole, found, sources

TEXT = sections(
    Warranty="The warranty of every pump lasts for twenty four months from delivery.",
    Cleaning="The housing is wiped with a soft cloth and without any solvent at all.",
)


def test_a_broken_file_among_good_ones_fails_alone(engine: LocalEngine) -> None:
    jobs = [put(engine, f"{n}.md", TEXT if n != 2 else f"# A\n\n{BROKEN}") for n in range(5)]
    drain(engine)
    ended = [engine.jobs.get(LOCAL, job.id) for job in jobs]
    assert [job.state for job in ended] == ["done", "done", "failed", "done", "done"]
    assert ended[2].error is not None
    assert (ended[2].error.code, ended[2].error.stage) == ("corrupt_file", "parse")
    assert sources(engine, "warranty") == {"0.md", "1.md", "3.md", "4.md"}
    assert_whole(engine)


def test_a_broken_new_version_leaves_the_old_one_live(engine: LocalEngine) -> None:
    ingested(engine, "manual.md", TEXT)
    job = ingested(engine, "manual.md", BROKEN)
    assert job.state == "failed"
    assert "twenty four months" in found(engine, "warranty")[0]
    assert_whole(engine)


def test_an_unforeseen_error_while_reading_fails_the_job_and_not_the_worker(engine: LocalEngine) -> None:
    first = put(engine, "odd.md", TEXT)
    with patch("ingestion.reading.load_bytes", side_effect=ZeroDivisionError("/secret/path")):
        drain(engine)
    second = ingested(engine, "good.md", TEXT)
    failed = engine.jobs.get(LOCAL, first.id)
    assert (failed.state, second.state) == ("failed", "done")
    assert failed.error is not None
    assert "secret" not in failed.error.message


def files(engine: LocalEngine) -> list[Path]:
    return [path for path in (engine.settings.data_dir / "files").rglob("*") if path.is_file()]


def test_the_file_of_a_failed_job_stays_until_its_document_is_deleted(engine: LocalEngine) -> None:
    job = ingested(engine, "broken.md", BROKEN)
    engine.maintenance.at_start()
    assert len(files(engine)) == 1
    asyncio.run(engine.delete(LOCAL, job.document_id))
    assert files(engine) == []


def test_the_file_of_a_failed_job_goes_when_the_job_expires(engine: LocalEngine) -> None:
    ingested(engine, "broken.md", BROKEN)
    with engine.database.writing() as connection:
        connection.execute(update(JobRow).values(updated_at=datetime.now(UTC) - timedelta(days=31)))
    engine.maintenance.at_start()
    assert files(engine) == []


def test_a_failed_job_that_is_retried_is_read_in_as_if_it_were_new(engine: LocalEngine) -> None:
    job = put(engine, "odd.md", TEXT)
    with patch("ingestion.reading.load_bytes", side_effect=ZeroDivisionError):
        drain(engine)
    queued = asyncio.run(engine.retry_job(LOCAL, job.id))
    assert (queued.state, queued.error) == ("queued", None)
    drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "done"
    assert_whole(engine)


def test_a_failed_job_whose_file_is_gone_is_not_retried(engine: LocalEngine) -> None:
    job = ingested(engine, "broken.md", BROKEN)
    files(engine)[0].unlink()
    with pytest.raises(Conflict, match="is gone"):
        asyncio.run(engine.retry_job(LOCAL, job.id))
    assert engine.jobs.get(LOCAL, job.id).state == "failed"


def test_a_job_that_never_ends_is_given_up(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    with engine.database.writing() as connection:
        connection.execute(update(JobRow).values(strikes=MAX_STRIKES, alone=True))
    drain(engine)
    ended = engine.jobs.get(LOCAL, job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert (ended.error.code, str(MAX_STRIKES) in ended.error.message) == ("parse_crashed", True)
    assert_whole(engine)


@pytest.mark.parametrize("method", ["stage", "promote", "flush", "discard"])
def test_when_the_store_fails_the_jobs_are_queued_again(engine: LocalEngine, method: str) -> None:
    ingested(engine, "before.md", TEXT)
    jobs = [put(engine, "before.md", TEXT.replace("months", "weeks")), put(engine, "after.md", TEXT)]
    with Failing(method, times=1):
        drain(engine)
    assert [engine.jobs.get(LOCAL, job.id).state for job in jobs] == ["done", "done"]
    assert "weeks" in " ".join(found(engine, "warranty"))
    assert_whole(engine)


def test_a_store_that_stays_away_ends_the_work_and_not_the_jobs_and_changes_nothing(
    engine: LocalEngine,
) -> None:
    ingested(engine, "before.md", TEXT)
    job = put(engine, "before.md", TEXT.replace("months", "weeks"))
    with Failing("promote", times=1_000), pytest.raises(StoreUnavailable):
        drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "queued"
    assert "months" in " ".join(found(engine, "warranty"))
    drain(engine)
    assert "weeks" in " ".join(found(engine, "warranty"))
    assert_whole(engine)


def test_a_document_that_the_store_refuses_each_time_it_is_alone_fails_with_that_reason(
    engine: LocalEngine,
) -> None:
    jobs = [put(engine, name, TEXT) for name in ("a.md", "bad.md", "c.md")]
    right = EdgeStore.stage

    def stage(store: EdgeStore, scope: Scope, document: str, *arguments: object) -> None:
        if document == document_id(LOCAL, "bad.md"):
            raise StoreUnavailable("it refuses this one")
        right(store, scope, document, *arguments)  # type: ignore[arg-type]

    with patch.object(EdgeStore, "stage", stage):
        drain(engine)
    ended = [engine.jobs.get(LOCAL, job.id) for job in jobs]
    assert [job.state for job in ended] == ["done", "failed", "done"]
    assert ended[1].error is not None
    assert (ended[1].error.code, ended[1].error.retryable) == ("store_unavailable", True)
    assert_whole(engine)


def test_a_failure_for_good_gives_the_live_version_its_facts_back(engine: LocalEngine) -> None:
    """The new attributes were promoted already when publishing failed."""
    ingested(engine, "manual.md", TEXT, metadata={"year": 2023})
    job = put(engine, "manual.md", TEXT, metadata={"year": 2024})
    with Failing("flush", times=1_000):
        drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "failed"
    of_year = [Filters(metadata=(Condition("year", "eq", year),)) for year in (2023, 2024)]
    hits = [asyncio.run(engine.search(LOCAL, Query("warranty", filters))).hits for filters in of_year]
    assert [len(found) > 0 for found in hits] == [True, False]


def test_an_older_upload_that_was_put_back_does_not_overtake_a_newer_one(engine: LocalEngine) -> None:
    put(engine, "manual.md", TEXT.replace("months", "weeks"))
    put(engine, "manual.md", TEXT.replace("months", "years"))
    with Failing("stage", times=1):
        drain(engine)
    assert "years" in found(engine, "warranty")[0]
    assert_whole(engine)


def test_a_queue_that_does_not_answer_once_does_not_end_the_worker(engine: LocalEngine) -> None:
    job = put(engine, "manual.md", TEXT)
    claim, failures = engine.jobs.claim, iter([OSError("disk"), OSError("disk")])

    def claiming(max_jobs: int, max_bytes: int, *, alone: bool) -> list[ClaimedJob]:
        if failure := next(failures, None):
            raise failure
        return claim(max_jobs, max_bytes, alone=alone)

    with patch.object(engine.jobs, "claim", claiming):
        drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "done"


def test_while_a_document_is_staged_again_in_another_language_it_stays_found(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    """Its chunks keep their ids, their terms change."""
    ingested(engine, "manual.md", TEXT)
    german = "Die Pumpe wird mit einem weichen Tuch gereinigt und danach getrocknet. " * 12
    put(engine, "manual.md", f"{TEXT}\n\n# Pflege\n\n{german}")
    seen: list[list[str]] = []
    promote = EdgeStore.promote

    def promoting(store: EdgeStore, *arguments: object) -> None:
        seen.append(found(engine, "warranty"))
        promote(store, *arguments)  # type: ignore[arg-type]

    with patch.object(EdgeStore, "promote", promoting):
        drain(engine)
    assert len(embedder.passages) > 4  # the two old chunks were embedded again
    assert any("twenty four" in text for text in seen[0])
    assert_whole(engine)


def test_a_document_deleted_while_it_is_embedded_leaves_nothing(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    identifier = document_id(LOCAL, "manual.md")
    ingested(engine, "manual.md", TEXT)
    job = put(engine, "manual.md", TEXT.replace("months", "weeks"))
    embedder.before_passages = _once(lambda: asyncio.run(engine.delete(LOCAL, identifier)))
    drain(engine)
    assert engine.index.vectors.size() == 0
    assert found(engine, "warranty") == []
    with pytest.raises(NotFound):
        engine.jobs.get(LOCAL, job.id)
    assert_whole(engine)


def test_a_delete_between_two_slices_leaves_nothing_and_the_rest_of_the_batch_goes_on(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    long = sections(**{f"Part_{n}": f"The pump has a part with the number {n} in it." for n in range(60)})
    ingested(engine, "going.md", TEXT)
    put(engine, "going.md", long)
    put(engine, "staying.md", long)
    slices = iter([None, lambda: asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "going.md")))])
    embedder.before_passages = lambda: (act := next(slices, None)) and act()
    drain(engine)
    assert sources(engine, "pump part number") == {"staying.md"}
    assert engine.index.vectors.count(LOCAL) == 60
    assert_whole(engine)


@pytest.mark.parametrize("method", ["stage", "promote"])
@pytest.mark.parametrize("is_live", [True, False])
def test_a_delete_waits_for_what_is_being_stored_and_then_leaves_nothing(
    engine: LocalEngine, method: str, is_live: bool
) -> None:
    """Between storing and the receipt's count nothing new can be stored."""
    if is_live:
        ingested(engine, "manual.md", TEXT)
    put(engine, "manual.md", TEXT.replace("months", "weeks"))
    storing, receipts = getattr(EdgeStore, method), []
    deleting = threading.Thread(
        target=lambda: receipts.append(asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "manual.md"))))
    )

    def slow(store: EdgeStore, *arguments: object) -> None:
        deleting.start()
        deleting.join(0.2)
        assert deleting.is_alive()
        storing(store, *arguments)

    with patch.object(EdgeStore, method, slow):
        drain(engine)
    deleting.join()
    assert set(receipts[0].remaining.values()) == {0}
    assert found(engine, "warranty") == []
    assert engine.index.vectors.size() == 0
    assert_whole(engine)


def test_a_delete_does_not_wait_for_other_documents_that_are_being_stored(engine: LocalEngine) -> None:
    ingested(engine, "other.md", TEXT)
    put(engine, "manual.md", TEXT)
    storing, receipts = EdgeStore.stage, []

    def delete_the_other() -> None:
        receipts.append(asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "other.md"))))

    def slow(store: EdgeStore, *arguments: Any) -> None:
        deleting = threading.Thread(target=delete_the_other)
        deleting.start()
        deleting.join()  # without end if it waited
        storing(store, *arguments)

    with patch.object(EdgeStore, "stage", slow):
        drain(engine)
    assert set(receipts[0].remaining.values()) == {0}
    assert sources(engine, "warranty") == {"manual.md"}
    assert_whole(engine)


def test_an_upload_that_was_not_read_yet_can_be_taken_back(engine: LocalEngine) -> None:
    put(engine, "manual.md", TEXT)
    receipt = asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "manual.md")))
    assert (receipt.source, receipt.removed["jobs"], receipt.removed["files"]) == ("manual.md", 1, 1)
    assert set(receipt.remaining.values()) == {0}
    drain(engine)
    assert found(engine, "warranty") == []
    assert_whole(engine)


def test_an_upload_that_failed_can_be_taken_back(engine: LocalEngine) -> None:
    put(engine, "broken.pdf", BROKEN)
    drain(engine)
    receipt = asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "broken.pdf")))
    assert receipt.removed["jobs"] == 1
    with pytest.raises(NotFound):
        asyncio.run(engine.delete(LOCAL, document_id(LOCAL, "broken.pdf")))


def test_an_upload_of_a_group_cannot_be_taken_back_by_others(engine: LocalEngine) -> None:
    put(engine, "pay.md", TEXT, groups=("payroll",))
    for stranger in (Scope(LOCAL.tenant, frozenset({"sales"})), Scope("other", LOCAL.groups)):
        with pytest.raises(NotFound):
            asyncio.run(engine.delete(stranger, document_id(LOCAL, "pay.md")))
    drain(engine)
    assert_whole(engine)


def test_a_worker_that_is_stopped_gives_its_jobs_back_uncounted(
    engine: LocalEngine, embedder: FakeEmbedder
) -> None:
    # More chunks than one slice holds.
    long = sections(**{f"Part_{n}": f"The pump has a part with the number {n} in it." for n in range(120)})
    job = put(engine, "manual.md", long)
    worker = worker_for(engine, InlineParsers)
    embedder.before_passages = worker.stop
    worker.run_until_idle()
    assert engine.jobs.get(LOCAL, job.id).state == "queued"
    embedder.before_passages = lambda: None
    (claimed,) = engine.jobs.claim(1, 1_000_000)
    assert (claimed.alone, claimed.strikes) == (False, 0)
    engine.jobs.release([claimed.lease], suspected=False)
    drain(engine)
    assert engine.jobs.get(LOCAL, job.id).state == "done"
    assert_whole(engine)


def _once(act: Callable[[], object]) -> Callable[[], None]:
    acts = iter([act])
    return lambda: (now := next(acts, None)) and now()  # type: ignore[return-value, func-returns-value]


class Failing:
    """The store's `method` raises the first `times` it is called."""

    def __init__(self, method: str, times: int) -> None:
        self._left = times
        right = getattr(EdgeStore, method)

        def fails(store: EdgeStore, *arguments: object) -> object:
            if self._left > 0:
                self._left -= 1
                raise StoreUnavailable("the disk is full")
            return right(store, *arguments)

        self._patch = patch.object(EdgeStore, method, fails)

    def __enter__(self) -> None:
        self._patch.start()

    def __exit__(self, *_: object) -> None:
        self._patch.stop()
