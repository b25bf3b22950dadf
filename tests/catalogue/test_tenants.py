"""Tenants: made, given quotas that hold, and taken away with all that is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

import pytest

from service.catalogue import Answers, Database, Documents, Jobs, Keys, Listing, NewJob, Tenants, admit
from service.catalogue.audit import AuditLog
from service.catalogue.models import TenantRow
from service.catalogue.tenants import everything_of
from service.errors import Conflict, Forbidden, InvalidInput, NotFound, QuotaExceeded
from service.records import Feedback
from service.tenancy import BY_OPERATOR, NewKey, Quotas
from service.types import Scope
from tests.catalogue.test_answers import given
from tests.catalogue.writing import ACME, GLOBEX, OpenDatabase, a_job, a_version, publish


@pytest.fixture
def tenants(database: Database) -> Tenants:
    made = Tenants(database)
    made.create("acme")
    return made


def upload(database: Database, *sources: str, scope: Scope = ACME, size_bytes: int = 10) -> None:
    Jobs(database).add(scope, [a_job(scope, source, size_bytes) for source in sources], admit=admit)


def waiting(database: Database) -> int:
    return Jobs(database).depth()


# --- made ------------------------------------------------------------------------------------


def test_a_tenant_begins_without_limits_and_without_anything(tenants: Tenants) -> None:
    tenant = tenants.get("acme")
    assert (tenant.quotas, tenant.documents, tenant.bytes, tenant.deleting) == (Quotas(), 0, 0, False)
    assert not tenant.audits_questions
    assert tenant.created_at is not None


def test_a_name_is_given_once(tenants: Tenants) -> None:
    with pytest.raises(Conflict, match="there already"):
        tenants.create("acme")


@pytest.mark.parametrize("name", ["", "Acme", "a b", "../acme", "a" * 64, "-a", "a\n", "é"])
def test_a_name_that_could_be_taken_for_something_else_is_none(tenants: Tenants, name: str) -> None:
    with pytest.raises(InvalidInput):
        tenants.create(name)


def test_tenants_are_listed_with_what_they_have(database: Database, tenants: Tenants) -> None:
    tenants.create("globex", Quotas(documents=5))
    publish(database, ACME, a_version(ACME, "one", "pump"))
    upload(database, "two", size_bytes=100)
    listed = [(one.name, one.quotas.documents, one.documents, one.bytes) for one in tenants.all()]
    assert listed == [("acme", None, 2, 104), ("globex", 5, 0, 0)]


def test_a_tenant_that_is_not_there_is_not_found(tenants: Tenants) -> None:
    for call in (
        lambda: tenants.get("globex"),
        lambda: tenants.set_quotas("globex", Quotas()),
        lambda: tenants.begin_delete("globex"),
    ):
        with pytest.raises(NotFound, match="globex"):
            call()


# --- quotas ----------------------------------------------------------------------------------


def test_an_upload_beyond_the_quota_of_documents_is_refused_as_a_whole(
    database: Database, tenants: Tenants
) -> None:
    tenants.set_quotas("acme", Quotas(documents=2))
    upload(database, "one")
    with pytest.raises(QuotaExceeded, match="quota is 2 documents, and with this upload there would be 3"):
        upload(database, "two", "three")
    assert waiting(database) == 1
    upload(database, "two")


def test_a_new_version_of_a_document_needs_no_room_for_a_document(
    database: Database, tenants: Tenants
) -> None:
    tenants.set_quotas("acme", Quotas(documents=1))
    publish(database, ACME, a_version(ACME, "one", "pump"))
    upload(database, "one")
    upload(database, "one")


def test_an_upload_beyond_the_quota_of_bytes_is_refused(database: Database, tenants: Tenants) -> None:
    tenants.set_quotas("acme", Quotas(bytes=100))
    upload(database, "one", size_bytes=60)
    with pytest.raises(QuotaExceeded, match="100 bytes"):
        upload(database, "two", size_bytes=41)
    upload(database, "two", size_bytes=40)


def test_a_deleted_document_makes_room(database: Database, tenants: Tenants) -> None:
    tenants.set_quotas("acme", Quotas(documents=1))
    new = a_version(ACME, "one", "pump")
    publish(database, ACME, new)
    Documents(database, 1).delete(ACME, new.document_id)
    upload(database, "two")


def test_one_tenants_quota_is_not_anothers(database: Database, tenants: Tenants) -> None:
    tenants.set_quotas("acme", Quotas(documents=0))
    upload(database, "one", scope=GLOBEX)


def test_an_upload_that_is_repeated_by_its_key_is_not_counted_again(
    database: Database, tenants: Tenants
) -> None:
    tenants.set_quotas("acme", Quotas(documents=1))
    first = Jobs(database).add(ACME, [a_job(ACME, "one")], "key", "same", admit=admit)
    assert Jobs(database).add(ACME, [a_job(ACME, "one")], "key", "same", admit=admit) == first


def test_of_uploads_at_once_only_as_many_are_taken_as_there_is_room(
    open_database: OpenDatabase, tenants: Tenants
) -> None:
    tenants.set_quotas("acme", Quotas(documents=3))
    databases = [open_database() for _ in range(4)]
    refused: list[str] = []

    def try_two(place: int, database: Database) -> None:
        for n in range(2):
            try:
                upload(database, f"{place}-{n}")
            except QuotaExceeded:
                refused.append(f"{place}-{n}")

    threads = [Thread(target=try_two, args=one) for one in enumerate(databases)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), waiting(databases[0])) == (5, 3)


# --- whose documents -------------------------------------------------------------------------

SALES = Scope("acme", frozenset({"sales"}))


def with_groups(source: str, groups: tuple[str, ...] | None) -> Sequence[NewJob]:
    job = a_job(ACME, source)
    return [NewJob(job.document_id, source, source, job.sha256, 10, None, groups)]


def test_documents_are_given_to_groups_of_ones_own_alone(database: Database, tenants: Tenants) -> None:
    jobs = Jobs(database)
    jobs.add(SALES, with_groups("one", ("sales",)), admit=admit)
    jobs.add(ACME, with_groups("two", ("legal",)), admit=admit)
    with pytest.raises(Forbidden, match="legal"):
        jobs.add(SALES, with_groups("three", ("sales", "legal")), admit=admit)


@pytest.mark.parametrize("groups", [None, (), ("sales",)])
def test_a_document_that_one_may_not_read_cannot_be_replaced(
    database: Database, tenants: Tenants, groups: tuple[str, ...] | None
) -> None:
    publish(database, ACME, a_version(ACME, "one", "pump", groups=("legal",)))
    with pytest.raises(Forbidden, match="this source"):
        Jobs(database).add(SALES, with_groups("one", groups), admit=admit)


def test_nor_one_whose_upload_waits_and_will_hide_it(database: Database, tenants: Tenants) -> None:
    publish(database, ACME, a_version(ACME, "one", "pump"))
    Jobs(database).add(ACME, with_groups("one", ("legal",)), admit=admit)
    with pytest.raises(Forbidden, match="this source"):
        Jobs(database).add(SALES, with_groups("one", None), admit=admit)


def test_records_of_a_file_whose_documents_one_may_not_read_cannot_be_replaced(
    database: Database, tenants: Tenants
) -> None:
    publish(database, ACME, a_version(ACME, "faq.jsonl#1", "pump", groups=("legal",)))
    with pytest.raises(Forbidden, match="this source"):
        Jobs(database).add(SALES, with_groups("faq.jsonl", None), admit=admit)


def test_jobs_are_known_to_those_who_may_read_their_document(database: Database, tenants: Tenants) -> None:
    jobs, listing = Jobs(database), Listing(database)
    (hidden,) = jobs.add(ACME, with_groups("one", ("legal",)))
    (later,) = jobs.add(ACME, with_groups("one", None))
    (theirs,) = jobs.add(ACME, with_groups("two", ("sales",)))
    (open_to_all,) = jobs.add(ACME, with_groups("three", None))
    told = [job.id for job in listing.jobs(SALES, (), None, 10).items]
    assert told == [theirs.id, open_to_all.id]
    assert jobs.get(SALES, theirs.id).state == "queued"
    for job in (hidden, later):
        with pytest.raises(NotFound):
            jobs.get(SALES, job.id)


def test_the_groups_of_a_live_document_hide_jobs_that_name_none(database: Database, tenants: Tenants) -> None:
    publish(database, ACME, a_version(ACME, "one", "pump", groups=("legal",)))
    (job,) = Jobs(database).add(ACME, with_groups("one", None))
    with pytest.raises(NotFound):
        Jobs(database).get(SALES, job.id)
    assert Listing(database).jobs(SALES, (), None, 10).items == ()


# --- taken away ------------------------------------------------------------------------------


def test_a_tenant_on_its_way_out_takes_no_uploads(database: Database, tenants: Tenants) -> None:
    tenants.begin_delete("acme")
    with pytest.raises(Forbidden, match="deleted"):
        upload(database, "one")
    assert tenants.get("acme").deleting


def test_it_is_taken_away_only_once_no_process_knows_its_keys(tenants: Tenants) -> None:
    tenants.begin_delete("acme")
    assert tenants.leaving(since_s=3600) == []
    assert tenants.leaving(since_s=0) == ["acme"]


def test_a_tenant_with_documents_is_not_gone(database: Database, tenants: Tenants) -> None:
    publish(database, ACME, a_version(ACME, "one", "pump"))
    upload(database, "two")
    tenants.begin_delete("acme")
    assert len(tenants.documents_of("acme")) == 2
    assert not tenants.finish_delete("acme")


def test_what_is_left_of_a_tenant_is_one_line(database: Database, tenants: Tenants) -> None:
    scope = everything_of("acme")
    new = a_version(scope, "one", "pump")
    publish(database, scope, new)
    Keys(database).create("acme", NewKey("ci", "reader"), BY_OPERATOR)
    Answers(database).keep([given("answer")])
    Answers(database).judge(scope, Feedback("answer", "up"))
    Jobs(database).add(scope, [a_job(scope, "two")], "key", "request")
    tenants.begin_delete("acme")
    for document_id in tenants.documents_of("acme"):
        Documents(database, 1).delete(scope, document_id)
        Documents(database, 1).proved(scope, document_id, {"id": f"receipt of {document_id}"})
    assert tenants.finish_delete("acme")
    assert Keys(database).page("acme", None, 10).items == ()
    assert Answers(database).judgements(scope) == []
    lines = AuditLog(database).page("acme", None, 10).items
    assert [(line.action, line.outcome) for line in lines] == [("tenant.delete", "done")]
    assert (tenants.all(), tenants.leaving(0)) == ([], [])
    with pytest.raises(NotFound):
        tenants.get("acme")


def test_who_comes_late_still_finds_the_tenant_closed(database: Database, tenants: Tenants) -> None:
    tenants.begin_delete("acme")
    tenants.finish_delete("acme")
    with pytest.raises(Forbidden):
        upload(database, "one")


def test_a_tenant_of_the_same_name_begins_anew_with_an_epoch_that_no_cache_knows(
    database: Database, tenants: Tenants
) -> None:
    tenants.set_quotas("acme", Quotas(documents=1))
    before = epoch(database)
    tenants.begin_delete("acme")
    with pytest.raises(Conflict, match="being deleted"):
        tenants.create("acme")
    tenants.finish_delete("acme")
    assert tenants.create("acme").quotas == Quotas()
    assert epoch(database) > before


def epoch(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(TenantRow.__table__.select().with_only_columns(TenantRow.epoch)) or 0)


def test_a_delete_that_was_begun_is_begun_once(database: Database, tenants: Tenants) -> None:
    tenants.begin_delete("acme")
    tenants.begin_delete("acme")
    lines = [line for line in AuditLog(database).page("acme", None, 10).items if line.outcome == "begun"]
    assert len(lines) == 1
