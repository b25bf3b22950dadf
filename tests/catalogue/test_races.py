"""Many processes write: whoever comes second waits, and then goes on from what the first has left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from service.catalogue import ClaimedJob, Database, Documents, Jobs, Listing
from tests.catalogue.racing import overtaking
from tests.catalogue.writing import ACME, a_job, a_version, identifier

DOCUMENT = identifier(ACME, "manual")
NEW = a_version(ACME, "manual", "one", "two")


def test_an_upload_that_comes_twice_at_once_with_one_key_is_queued_once(url: str, database: Database) -> None:
    def upload(database: Database) -> list[str]:
        return [job.id for job in Jobs(database).add(ACME, [a_job(ACME, "manual")], "key", "request")]

    first, second = overtaking(url, upload, upload)
    assert first == second
    assert Jobs(database).depth() == 1


def test_a_document_that_is_deleted_while_its_job_publishes_stays_deleted(
    url: str, database: Database
) -> None:
    job = begun(database)
    removed, published = overtaking(
        url,
        lambda database: Documents(database, 10).delete(ACME, DOCUMENT)[0].removed or {},
        lambda database: Documents(database, 10).publish([(job.lease, ACME, NEW)]),
    )
    assert (removed["jobs"], published) == (1, {})
    assert Listing(database).documents(ACME, None, 10).items == ()


def test_a_delete_that_comes_while_a_job_publishes_takes_and_counts_what_it_has_published(
    url: str, database: Database
) -> None:
    job = begun(database)
    published, removed = overtaking(
        url,
        lambda database: Documents(database, 10).publish([(job.lease, ACME, NEW)]),
        lambda database: Documents(database, 10).delete(ACME, DOCUMENT)[0].removed or {},
    )
    assert published == {job.id: 1}
    expected = {"documents": 1, "versions": 1, "chunks": 2, "jobs": 1}
    assert removed == {**expected, "answers": 0, "feedback": 0, "samples": 0}
    assert set(Documents(database, 10).count(ACME, DOCUMENT).values()) == {0}


def test_workers_that_claim_at_once_take_each_job_once(url: str, database: Database) -> None:
    Jobs(database).add(ACME, [a_job(ACME, f"{n}") for n in range(6)])
    first, second = overtaking(url, claiming(4), claiming(4))
    assert [job.source for job in first] == ["0", "1", "2", "3"]
    assert [job.source for job in second] == ["4", "5"]


def test_workers_that_claim_at_once_never_take_two_jobs_of_one_document(url: str, database: Database) -> None:
    Jobs(database).add(ACME, [a_job(ACME, "manual"), a_job(ACME, "manual")])
    first, second = overtaking(url, claiming(10), claiming(10))
    assert (len(first), second) == (1, [])


def test_a_lease_that_ran_out_is_left_to_a_worker_that_publishes_at_this_moment(
    postgres_url: str,
) -> None:
    with closing(Database(postgres_url)) as database:
        late = begun(database, lease_s=0)
    published, taken_over = overtaking(
        postgres_url,
        lambda database: Documents(database, 10).publish([(late.lease, ACME, NEW)]),
        claiming(10),
    )
    assert (published, taken_over) == ({late.id: 1}, [])


def test_a_job_that_is_taken_over_while_its_late_worker_publishes_is_not_published_by_it(
    url: str, database: Database
) -> None:
    late = begun(database, lease_s=0)
    (again,), published = overtaking(
        url,
        claiming(10),
        lambda database: Documents(database, 10).publish([(late.lease, ACME, NEW)]),
    )
    assert again.epoch > late.epoch
    assert published == {}


def begun(database: Database, lease_s: float = 60) -> ClaimedJob:
    """A job of the document, taken by a worker."""
    jobs = Jobs(database, lease_s)
    jobs.add(ACME, [a_job(ACME, "manual")])
    (job,) = jobs.claim(1, 1_000)
    return job


def claiming(max_jobs: int) -> Callable[[Database], list[ClaimedJob]]:
    return lambda database: Jobs(database).claim(max_jobs, 1_000)
