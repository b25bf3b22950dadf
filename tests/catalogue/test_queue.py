"""The queue: who is taken when, what a retry costs, and what an upload may be sent twice."""

from __future__ import annotations

import pytest
from sqlalchemy import ColumnElement, func, select, text

from service.catalogue import Database, Documents, Jobs, claiming
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


def test_other_documents_are_found_behind_hundreds_of_waiting_uploads_of_one(database: Database) -> None:
    jobs = queued(database, *["a"] * 300, "b", *["a"] * 300, "c")
    (first,) = jobs.claim(1, PLENTY)
    assert claimed(jobs) == ["b", "c"]
    jobs.finish({first.lease: REPORT})
    assert claimed(jobs) == ["a"]


def test_what_a_worker_has_given_back_is_not_named_as_his_in_later_claims(database: Database) -> None:
    jobs = queued(database, *(str(number) for number in range(4)))
    done, failed, released, kept = jobs.claim(4, PLENTY)
    jobs.finish({done.lease: REPORT})
    jobs.fail(failed.lease, Failure("corrupt_file", "parse", "cannot be read", retryable=False))
    jobs.release([released.lease], suspected=False)
    assert jobs._ours == {kept.lease}


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


@pytest.mark.parametrize(
    ("which", "index"),
    [(claiming.UNDER_WAY, "one_job_of_a_document_under_way"), (claiming.FAILED, "jobs_that_failed")],
)
def test_jobs_are_counted_by_an_index_of_those_alone(
    database: Database, which: ColumnElement[bool], index: str
) -> None:
    query = select(func.count()).where(which)
    with database.reading() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # of an empty table it would read all
        explain = {"postgresql": "EXPLAIN ", "sqlite": "EXPLAIN QUERY PLAN "}[connection.dialect.name]
        plan = connection.exec_driver_sql(f"{explain}{query.compile(connection)}").all()
    assert index in str(plan)


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


# --- turns -----------------------------------------------------------------------------------


def test_who_comes_late_neither_waits_for_what_was_queued_before_nor_lets_it_wait(
    database: Database,
) -> None:
    jobs = queued(database, *(f"a{n}" for n in range(20)))
    jobs.finish({job.lease: REPORT for job in jobs.claim(10, PLENTY)})
    jobs.add(GLOBEX, [a_job(GLOBEX, f"g{n}") for n in range(20)])
    assert claimed(jobs, 6) == ["a10", "g0", "a11", "g1", "a12", "g2"]


def test_uploads_one_by_one_take_as_many_turns_as_all_at_once(database: Database) -> None:
    jobs = Jobs(database)
    for number in range(4):
        jobs.add(ACME, [a_job(ACME, f"a{number}")])
    jobs.add(GLOBEX, [a_job(GLOBEX, f"g{number}") for number in range(4)])
    assert claimed(jobs, 8) == ["a0", "g0", "a1", "g1", "a2", "g2", "a3", "g3"]


def test_a_job_with_strikes_does_not_hold_the_turns_of_others_back(database: Database) -> None:
    jobs = queued(database, "bad", *(f"a{n}" for n in range(20)))
    for _ in range(2):
        jobs.claim(1, PLENTY)
        jobs.requeue_interrupted()
    jobs.finish({job.lease: REPORT for job in jobs.claim(10, PLENTY)})
    jobs.add(GLOBEX, [a_job(GLOBEX, f"g{n}") for n in range(20)])
    assert claimed(jobs, 4) == ["a10", "g0", "a11", "g1"]
    assert [claimed(jobs, 100) and None, claimed(jobs)] == [None, ["bad"]]


# --- dead letters ----------------------------------------------------------------------------


def failed(jobs: Jobs, source: str = "a") -> str:
    """The id of a job of the document that has failed after a strike."""
    jobs.add(ACME, [a_job(ACME, source)])
    for _ in range(2):
        jobs.claim(1, PLENTY)
        jobs.requeue_interrupted()
    (job,) = jobs.claim(1, PLENTY)
    jobs.fail(job.lease, Failure("corrupt_file", "damaged", "parse"))
    return job.id


def retry(jobs: Jobs, job_id: str, *, kept: bool = True) -> None:
    jobs.retry(ACME, job_id, lambda _: kept)


def test_a_retried_job_is_as_new_and_comes_after_its_tenants_others(database: Database) -> None:
    jobs = Jobs(database)
    job_id = failed(jobs)
    jobs.add(ACME, [a_job(ACME, "b")])
    retry(jobs, job_id)
    assert (jobs.get(ACME, job_id).error, jobs.depth()) == (None, 2)
    first, again = jobs.claim(10, PLENTY)
    assert (first.source, again.id, again.attempts, again.strikes, again.alone) == ("b", job_id, 1, 0, False)


def test_only_a_failed_job_is_retried(database: Database) -> None:
    jobs = Jobs(database)
    (job,) = jobs.add(ACME, [a_job(ACME, "a")])
    with pytest.raises(Conflict, match="is queued"):
        retry(jobs, job.id)
    for scope, job_id in ((GLOBEX, job.id), (ACME, "unknown")):
        with pytest.raises(NotFound):
            jobs.retry(scope, job_id, lambda _: True)


def test_a_failed_job_is_not_retried_over_a_newer_upload_of_its_document(database: Database) -> None:
    jobs = Jobs(database)
    job_id = failed(jobs)
    jobs.add(ACME, [a_job(ACME, "a")])
    with pytest.raises(Conflict, match="uploaded again"):
        retry(jobs, job_id)


def test_a_failed_job_without_its_file_is_not_retried(database: Database) -> None:
    jobs = Jobs(database)
    job_id = failed(jobs)
    with pytest.raises(Conflict, match="is gone"):
        retry(jobs, job_id, kept=False)
    assert jobs.get(ACME, job_id).state == "failed"


def test_a_failed_job_needs_its_file_and_one_that_is_done_does_not(database: Database) -> None:
    jobs, documents = Jobs(database), Documents(database, 10)
    failed(jobs)
    assert documents.unreferenced(ACME, ["sha-a"]) == []
    jobs.add(ACME, [a_job(ACME, "b")])
    (job,) = jobs.claim(1, PLENTY)
    jobs.finish({job.lease: REPORT})
    assert documents.unreferenced(ACME, ["sha-b"]) == ["sha-b"]


def test_epochs_of_jobs_and_of_repairs_come_from_one_counter(database: Database) -> None:
    jobs = queued(database, "a", "b")
    epochs = [
        jobs.claim(1, PLENTY)[0].epoch,
        jobs.new_epoch(),
        Documents(database, 10).delete(ACME, a_job(ACME, "a").document_id)[1],
        jobs.claim(1, PLENTY)[0].epoch,
    ]
    assert epochs == sorted(set(epochs))
