"""A job is its worker's while that gives signs of life; who comes too late changes nothing."""

from __future__ import annotations

import pytest

from service.catalogue import ClaimedJob, Database, Documents, Jobs, Labels, Listing
from service.errors import LeaseLost, NotFound
from service.records import Failure, IngestReport
from service.types import Scope
from tests.catalogue.writing import ACME, GLOBEX, OpenDatabase, a_job, a_version, identifier

PLENTY = 1_000_000
DOCUMENT = identifier(ACME, "manual")
OLD, NEW = a_version(ACME, "manual", "old"), a_version(ACME, "manual", "new")
FAILURE = Failure("corrupt_file", "damaged", "parse")


@pytest.fixture
def stopped(open_database: OpenDatabase) -> Jobs:
    """The queue as a process sees it that stops for longer than its leases last."""
    return Jobs(open_database(), lease_s=0)


@pytest.fixture
def living(open_database: OpenDatabase) -> Jobs:
    """The queue as another process sees it."""
    return Jobs(open_database())


def begun(jobs: Jobs) -> ClaimedJob:
    jobs.add(ACME, [a_job(ACME, "manual")])
    (job,) = jobs.claim(1, PLENTY)
    return job


def test_a_job_is_taken_up_again_when_its_worker_gave_no_sign_of_life(stopped: Jobs, living: Jobs) -> None:
    late = begun(stopped)
    (again,) = living.claim(10, PLENTY)
    assert (again.id, again.attempts, again.alone) == (late.id, 2, True)
    assert again.epoch > late.epoch


def test_a_job_whose_worker_lives_is_not_taken_from_it(living: Jobs, database: Database) -> None:
    begun(living)
    assert Jobs(database).claim(10, PLENTY) == []


def test_a_sign_of_life_keeps_the_jobs_of_its_worker_and_of_no_other(
    open_database: OpenDatabase, living: Jobs
) -> None:
    first, second = Jobs(open_database(), lease_s=0), Jobs(open_database(), lease_s=0)
    first.add(ACME, [a_job(ACME, "one"), a_job(ACME, "two")])
    kept = first.claim(1, PLENTY)
    first._lease = living._lease  # its next sign of life lasts
    assert first.renew() == 1
    lost = second.claim(1, PLENTY)
    assert [job.source for job in living.claim(10, PLENTY)] == [lost[0].source]
    assert first.held([job.lease for job in (*kept, *lost)]) == {kept[0].id}


def test_a_worker_does_not_take_its_own_jobs_for_lost(stopped: Jobs) -> None:
    begun(stopped)
    assert stopped.claim(10, PLENTY) == []


def test_a_worker_that_wakes_up_after_its_lease_publishes_nothing(
    stopped: Jobs, living: Jobs, database: Database
) -> None:
    late, documents = begun(stopped), Documents(database, 10)
    (now,) = living.claim(10, PLENTY)
    assert documents.publish([(late.lease, ACME, OLD)]) == {}
    assert documents.publish([(now.lease, ACME, NEW)]) == {now.id: 1}
    assert documents.publish([(late.lease, ACME, OLD)]) == {}
    assert Listing(database).text(ACME, DOCUMENT, None).text == "new"


def test_a_late_publish_does_not_hold_up_the_others_of_its_batch(
    stopped: Jobs, living: Jobs, database: Database
) -> None:
    late = begun(stopped)
    living.add(ACME, [a_job(ACME, "other")])
    other = next(job for n in range(2) for job in living.claim(10, PLENTY) if job.source == "other")
    published = Documents(database, 10).publish(
        [(late.lease, ACME, OLD), (other.lease, ACME, a_version(ACME, "other", "x"))]
    )
    assert published == {other.id: 1}


def test_whatever_a_late_worker_writes_of_its_job_changes_nothing(
    stopped: Jobs, living: Jobs, database: Database
) -> None:
    late = begun(stopped)
    (again,) = living.claim(10, PLENTY)
    before = living.get(ACME, again.id)
    stopped.move([late.lease], "storing", 0.9)
    stopped.finish({late.lease: IngestReport(late.document_id)})
    assert stopped.release([late.lease], suspected=True) == 0
    with pytest.raises(LeaseLost):
        stopped.fail(late.lease, FAILURE)
    with pytest.raises(LeaseLost):
        Documents(database, 10).relabel(
            late.lease, ACME, late.document_id, Labels(), IngestReport(late.document_id)
        )
    assert living.get(ACME, again.id) == before
    assert living.held([late.lease, again.lease]) == {again.id}


def test_a_job_that_waits_again_is_nobodys(living: Jobs, database: Database) -> None:
    job = begun(living)
    living.release([job.lease], suspected=False)
    assert living.held([job.lease]) == frozenset()
    assert Documents(database, 10).publish([(job.lease, ACME, NEW)]) == {}


def test_what_a_worker_writes_of_a_job_whose_document_was_deleted_changes_nothing(
    living: Jobs, database: Database
) -> None:
    job = begun(living)
    Documents(database, 10).delete(ACME, DOCUMENT)
    with pytest.raises(LeaseLost):
        living.fail(job.lease, FAILURE)
    with pytest.raises(NotFound):
        living.get(ACME, job.id)


def test_epochs_grow_over_all_jobs_of_a_document_even_if_it_was_deleted_in_between(
    living: Jobs, database: Database
) -> None:
    epochs = []
    for _ in range(3):
        epochs.append(begun(living).epoch)
        Documents(database, 10).delete(ACME, DOCUMENT)
    assert epochs == sorted(set(epochs))


# --- between tenants -------------------------------------------------------------------------


def test_a_tenant_with_few_files_does_not_wait_for_one_with_many(living: Jobs) -> None:
    living.add(ACME, [a_job(ACME, f"a{n}") for n in range(50)])
    living.add(GLOBEX, [a_job(GLOBEX, f"g{n}") for n in range(2)])
    assert [job.source for job in living.claim(5, PLENTY)] == ["a0", "g0", "a1", "g1", "a2"]


def test_a_tenant_whose_jobs_are_under_way_waits_as_many_turns(living: Jobs) -> None:
    late = Scope("late")
    living.add(ACME, [a_job(ACME, f"a{n}") for n in range(50)])
    living.claim(3, PLENTY)
    living.add(late, [a_job(late, f"l{n}") for n in range(4)])
    assert [job.source for job in living.claim(5, PLENTY)] == ["l0", "l1", "l2", "a3", "l3"]
