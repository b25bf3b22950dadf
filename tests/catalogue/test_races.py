"""Many processes write: whoever comes second waits, and then goes on from what the first has left."""

from __future__ import annotations

from service.catalogue import Database, Documents, Jobs, Listing
from tests.catalogue.racing import overtaking
from tests.catalogue.writing import ACME, a_job, a_version, identifier, publish

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
    (job,) = Jobs(database).add(ACME, [a_job(ACME, "manual")])
    removed, published = overtaking(
        url,
        lambda database: Documents(database, 10).delete(ACME, DOCUMENT),
        lambda database: Documents(database, 10).publish([(job.id, ACME, NEW)]),
    )
    assert (removed["jobs"], published) == (1, {})
    assert Listing(database).documents(ACME, None, 10).items == ()


def test_a_delete_that_comes_while_a_job_publishes_takes_and_counts_what_it_has_published(
    url: str, database: Database
) -> None:
    (job,) = Jobs(database).add(ACME, [a_job(ACME, "manual")])
    published, removed = overtaking(
        url,
        lambda database: Documents(database, 10).publish([(job.id, ACME, NEW)]),
        lambda database: Documents(database, 10).delete(ACME, DOCUMENT),
    )
    assert published == {job.id: 1}
    assert removed == {"documents": 1, "versions": 1, "chunks": 2, "jobs": 1}
    assert set(Documents(database, 10).count(ACME, DOCUMENT).values()) == {0}


def test_two_versions_that_are_published_at_once_have_two_numbers(url: str, database: Database) -> None:
    first, second = overtaking(
        url,
        lambda database: publish(database, ACME, NEW),
        lambda database: publish(database, ACME, a_version(ACME, "manual", "three")),
    )
    assert {first, second} == {1, 2}
