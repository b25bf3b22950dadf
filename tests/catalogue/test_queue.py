"""The queue: who is taken when, what a retry costs, and what an upload may be sent twice."""

from __future__ import annotations

import pytest

from service.catalogue import Database, Documents, Jobs
from service.errors import Conflict, NotFound
from service.records import Failure, IngestReport, RefusedRecord
from tests.catalogue.writing import ACME, GLOBEX, a_job

PLENTY = 1_000_000
REPORT = IngestReport("a", 1, chunks=3, refused=(RefusedRecord("a#2", "empty_document", "no text"),))


def queued(database: Database, *sources: str, size_bytes: int = 10) -> Jobs:
    jobs = Jobs(database)
    jobs.add(ACME, [a_job(ACME, source, size_bytes) for source in sources])
    return jobs


def claimed(jobs: Jobs, max_jobs: int = 10, max_bytes: int = PLENTY) -> list[str]:
    return [job.source for job in jobs.claim(max_jobs, max_bytes)]


def test_jobs_are_taken_in_the_order_in_which_they_came(database: Database) -> None:
    jobs = queued(database, "c", "a", "b")
    assert (claimed(jobs, 2), claimed(jobs), claimed(jobs)) == (["c", "a"], ["b"], [])


def test_a_batch_ends_before_it_has_too_many_bytes_but_holds_one_job_at_least(database: Database) -> None:
    jobs = queued(database, "a", "b", "c", size_bytes=40)
    assert (claimed(jobs, max_bytes=80), claimed(jobs, max_bytes=10)) == (["a", "b"], ["c"])


def test_two_uploads_of_one_document_are_never_under_way_at_once(database: Database) -> None:
    jobs = queued(database, "a", "a", "b")
    first, _ = jobs.claim(10, PLENTY)
    assert claimed(jobs) == []
    jobs.finish({first.lease: REPORT})
    assert claimed(jobs) == ["a"]


def test_the_same_source_of_two_tenants_may_be_under_way_at_once(database: Database) -> None:
    jobs = queued(database, "a")
    jobs.add(GLOBEX, [a_job(GLOBEX, "a")])
    assert len(jobs.claim(10, PLENTY)) == 2


def test_jobs_that_were_under_way_together_when_something_went_wrong_are_taken_one_by_one(
    database: Database,
) -> None:
    jobs = queued(database, "a", "b", "c")
    jobs.claim(2, PLENTY)
    jobs.requeue_interrupted()
    assert (claimed(jobs), claimed(jobs), claimed(jobs)) == (["a"], ["b"], ["c"])


def test_a_job_that_must_be_alone_is_not_taken_beside_others(database: Database) -> None:
    jobs = queued(database, "a", "b")
    jobs.release([job.lease for job in jobs.claim(1, PLENTY)], suspected=True)
    assert jobs.claim(10, PLENTY, alone=False) == []
    assert claimed(jobs) == ["a"]


def test_only_what_goes_wrong_while_a_job_is_alone_is_a_strike_against_it(database: Database) -> None:
    jobs = queued(database, "a", "b")
    strikes = []
    for _ in range(4):
        taken = jobs.claim(10, PLENTY)
        strikes.append([job.strikes for job in taken])
        jobs.requeue_interrupted()
    assert strikes == [[0, 0], [0], [0], [1]]  # together, then each alone, then the first again


def test_a_job_with_a_strike_lets_the_others_go_first_but_not_newer_ones_of_its_document(
    database: Database,
) -> None:
    jobs = queued(database, "a")
    for _ in range(2):
        jobs.claim(1, PLENTY)
        jobs.requeue_interrupted()
    jobs.add(ACME, [a_job(ACME, "a"), a_job(ACME, "b")])
    assert (claimed(jobs), claimed(jobs)) == (["b"], ["a"])


def test_attempts_are_counted_before_the_work_starts_and_never_taken_back(database: Database) -> None:
    jobs = queued(database, "a")
    (first,) = jobs.claim(1, PLENTY)
    assert first.attempts == 1
    jobs.move([first.lease], "embedding", 0.5)
    assert jobs.release([first.lease], suspected=False) == 1
    state = jobs.get(ACME, first.id)
    assert (state.state, state.progress) == ("queued", 0.0)
    (second,) = jobs.claim(1, PLENTY)
    assert (second.attempts, second.alone, second.strikes) == (2, False, 0)


def test_jobs_that_have_ended_or_wait_are_not_put_back(database: Database) -> None:
    jobs = queued(database, "done", "failed", "waiting")
    done, failed = jobs.claim(2, PLENTY)
    jobs.finish({done.lease: REPORT})
    jobs.fail(failed.lease, Failure("corrupt_file", "damaged", "parse"))
    assert jobs.release([done.lease, failed.lease], suspected=True) == 0
    assert jobs.requeue_interrupted() == 0
    ended = jobs.get(ACME, done.id), jobs.get(ACME, failed.id)
    assert [(job.state, job.finished) for job in ended] == [("done", True), ("failed", True)]
    assert (ended[0].report, ended[1].error) == (
        REPORT,
        Failure("corrupt_file", "damaged", "parse"),
    )


def test_a_start_puts_back_what_was_under_way(database: Database) -> None:
    jobs = queued(database, "a", "b", "c")
    jobs.claim(2, PLENTY)
    assert jobs.requeue_interrupted() == 2
    assert jobs.depth() == 3
    assert jobs.waiting()


def test_depth_counts_what_waits_or_runs(database: Database) -> None:
    jobs = queued(database, "a", "b", "c")
    first, _ = jobs.claim(2, PLENTY)
    jobs.finish({first.lease: REPORT})
    assert jobs.depth() == 2


def test_nothing_is_queued_twice_with_one_key(database: Database) -> None:
    jobs = Jobs(database)
    first = jobs.add(ACME, [a_job(ACME, name) for name in "ba"], "key", "request")
    again = jobs.add(ACME, [a_job(ACME, name) for name in "ba"], "key", "request")
    assert [job.id for job in first] == [job.id for job in again]
    with pytest.raises(Conflict):
        jobs.add(ACME, [a_job(ACME, "other")], "key", "another request")
    assert jobs.depth() == 2
    assert len(jobs.add(GLOBEX, [a_job(GLOBEX, "b")], "key", "another request")) == 1


def test_a_key_gives_the_jobs_of_the_first_call_even_when_their_document_was_deleted(
    database: Database,
) -> None:
    jobs, upload = Jobs(database), [a_job(ACME, name) for name in "ba"]
    first = jobs.add(ACME, upload, "key", "request")
    Documents(database, 10).delete(ACME, first[0].document_id)
    assert jobs.add(ACME, upload, "key", "request") == first
    assert jobs.depth() == 1


def test_a_job_of_another_tenant_is_not_there(database: Database) -> None:
    (job,) = Jobs(database).add(ACME, [a_job(ACME, "a")])
    with pytest.raises(NotFound):
        Jobs(database).get(GLOBEX, job.id)
