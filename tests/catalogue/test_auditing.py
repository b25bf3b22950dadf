"""What a check reads of the catalogue, and where it finds it contradicting itself."""

from __future__ import annotations

from sqlalchemy import delete, update

from service.catalogue import Database, Jobs
from service.catalogue.auditing import Auditing
from service.catalogue.models import ChunkRow, JobRow
from service.types import Scope
from tests.catalogue.writing import ACME, GLOBEX, a_job, a_version, chunk_id, identifier, publish

MANUAL = identifier(ACME, "manual")


def test_live_chunks_are_told_with_their_documents_by_tenant(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "old", "same"))
    publish(database, ACME, a_version(ACME, "manual", "new", "same"))
    publish(database, GLOBEX, a_version(GLOBEX, "theirs", "x"))
    audit = Auditing(database)
    expected = {(MANUAL, chunk_id(ACME, "manual", word)) for word in ("new", "same")}
    assert set(audit.live_chunks(ACME)) == expected
    assert audit.tenants() == [Scope("acme"), Scope("globex")]


def test_a_version_that_has_lost_chunks_is_torn(database: Database) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one", "two"))
    audit = Auditing(database)
    assert audit.torn(ACME) == []
    with database.writing() as connection:
        connection.execute(delete(ChunkRow).where(ChunkRow.ordinal == 0))
    assert (audit.torn(ACME), audit.torn(GLOBEX)) == ([MANUAL], [])


def test_a_document_is_coming_while_a_job_of_it_waits_or_runs(database: Database) -> None:
    audit, jobs = Auditing(database), Jobs(database)
    publish(database, ACME, a_version(ACME, "manual", "one"))
    assert not audit.is_coming(ACME, MANUAL)
    jobs.add(ACME, [a_job(ACME, "manual")])
    assert audit.is_coming(ACME, MANUAL)
    jobs.claim(1, 10**6)
    assert (audit.is_coming(ACME, MANUAL), audit.is_coming(GLOBEX, MANUAL)) == (True, False)


def test_jobs_whose_state_and_owner_disagree_are_found_and_freed(database: Database) -> None:
    audit, jobs = Auditing(database), Jobs(database)
    jobs.add(ACME, [a_job(ACME, source) for source in ("nobodys", "held", "fine")])
    nobodys, held, fine = jobs.claim(3, 10**6)
    assert audit.lost_jobs() == []
    with database.writing() as connection:
        connection.execute(update(JobRow).where(JobRow.id == nobodys.id).values(owner=None))
        connection.execute(update(JobRow).where(JobRow.id == held.id).values(state="queued"))
    assert {(job.id, job.owned) for job in audit.lost_jobs()} == {(nobodys.id, False), (held.id, True)}
    audit.free_lost_jobs()
    assert audit.lost_jobs() == []
    assert jobs.held([fine.lease]) == {fine.id}
    assert jobs.get(ACME, nobodys.id).state == "queued"
