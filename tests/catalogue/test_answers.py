"""Answers that were given: judged, kept for a while, and written without their reader waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service.catalogue import AnswerKeeper, Answers, Database, Documents, Expiry, GivenAnswer, Jobs, Tenants
from service.catalogue.answers import Judgement
from service.catalogue.database import now
from service.catalogue.keeping import Keeper
from service.errors import CatalogueUnavailable, NotFound
from service.records import Feedback, IngestReport
from service.settings import CatalogueSettings
from tests.catalogue import writing
from tests.catalogue.writing import ACME, GLOBEX, a_job, a_version, publish, taken

PERIODS = CatalogueSettings(
    keep_answers_days=30, keep_feedback_days=90, keep_jobs_days=7, keep_idempotency_hours=24
)


def given(identifier: str, created_at: datetime | None = None) -> GivenAnswer:
    return GivenAnswer(identifier, ACME.tenant, "Why?", "answered", ("c1",), created_at or now())


def is_kept(answers: Answers, identifier: str) -> bool:
    try:
        return bool(answers.judge(ACME, Feedback(identifier, "up")))
    except NotFound:
        return False


@pytest.fixture
def answers(database: Database) -> Answers:
    return Answers(database)


def test_an_answer_is_judged_by_those_it_was_given_to(answers: Answers) -> None:
    answers.keep([given("one")])
    assert answers.judge(ACME, Feedback("one", "up")) != answers.judge(ACME, Feedback("one", "down", "no"))
    for scope, identifier in ((GLOBEX, "one"), (ACME, "two")):
        with pytest.raises(NotFound):
            answers.judge(scope, Feedback(identifier, "up"))


def test_what_is_said_of_an_answer_finds_its_trace(answers: Answers) -> None:
    answers.keep([replace(given("one"), trace_id="4bf92f35"), given("two")])
    assert answers.judge(ACME, Feedback("one", "again")).trace_id == "4bf92f35"
    assert answers.judge(ACME, Feedback("two", "up")).trace_id == ""


def test_an_answer_goes_with_each_document_that_it_quoted(database: Database, answers: Answers) -> None:
    for source in ("manual", "other"):
        publish(database, ACME, a_version(ACME, source, "one"))
    manual, other = writing.identifier(ACME, "manual"), writing.identifier(ACME, "other")
    both = replace(given("both"), documents=(manual, other))
    answers.keep([both, replace(given("one"), documents=(other,)), given("none")])
    answers.judge(ACME, Feedback("both", "down", "it says so in the manual"))
    documents = Documents(database, 10)
    assert [documents.count(ACME, manual)[table] for table in ("answers", "feedback")] == [1, 1]
    documents.delete(ACME, manual)
    assert [documents.count(ACME, manual)[table] for table in ("answers", "feedback")] == [0, 0]
    assert answers.judgements(ACME) == []
    answers.keep([both])  # given while the document was deleted
    assert [is_kept(answers, one) for one in ("both", "one", "none")] == [False, True, True]


def test_a_judgement_says_all_that_was_said_and_what_was_quoted(database: Database, answers: Answers) -> None:
    for source in ("manual", "other"):
        publish(database, ACME, a_version(ACME, source, "one"))
    quoted = tuple(writing.identifier(ACME, source) for source in ("other", "manual"))
    answers.keep([replace(given("one"), documents=quoted), replace(given("two"), status="abstained")])
    answers.judge(ACME, Feedback("one", "down", "too short", "two years"))
    answers.judge(ACME, Feedback("two", "up"))
    assert answers.judgements(GLOBEX) == []
    assert answers.judgements(ACME) == [
        Judgement("Why?", "down", "two years", ("c1",), "too short", "answered", ("manual", "other")),
        Judgement("Why?", "up", "", ("c1",), "", "abstained", ()),
    ]


def test_what_an_answer_quoted_is_forgotten_with_it(database: Database, answers: Answers) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one"))
    manual = writing.identifier(ACME, "manual")
    answers.keep([replace(given("one"), documents=(manual,))])
    Expiry(database, PERIODS).remove_expired(now() + timedelta(days=31))
    assert Documents(database, 10).count(ACME, manual)["answers"] == 0


# --- for a while -----------------------------------------------------------------------------


def test_an_answer_is_forgotten_after_its_time(database: Database, answers: Answers) -> None:
    answers.keep([given("one")])
    expiry = Expiry(database, PERIODS)
    assert expiry.remove_expired(now() + timedelta(days=29))["answers"] == 0
    assert expiry.remove_expired(now() + timedelta(days=31))["answers"] == 1
    assert not is_kept(answers, "one")


def test_an_answer_that_was_judged_stays_as_long_as_what_was_said_of_it(
    database: Database, answers: Answers
) -> None:
    answers.keep([given("one")])
    answers.judge(ACME, Feedback("one", "down", correction="two years"))
    expiry = Expiry(database, PERIODS)
    expiry.remove_expired(now() + timedelta(days=89))
    assert [one.correction for one in answers.judgements(ACME)] == ["two years"]
    removed = expiry.remove_expired(now() + timedelta(days=91))
    assert (removed["feedback"], removed["answers"]) == (1, 1)
    assert answers.judgements(ACME) == []


def test_a_job_is_forgotten_after_its_end_but_never_before(database: Database) -> None:
    jobs = Jobs(database)
    done, waiting = jobs.add(ACME, [a_job(ACME, "done"), a_job(ACME, "waiting")])
    jobs.finish({taken(database, done).lease: IngestReport(done.document_id)})
    removed = Expiry(database, PERIODS).remove_expired(now() + timedelta(days=8))
    assert removed["jobs"] == 1
    assert jobs.get(ACME, waiting.id).state == "queued"
    with pytest.raises(NotFound):
        jobs.get(ACME, done.id)


def test_what_a_forgotten_job_has_read_in_stays(database: Database) -> None:
    jobs, documents, new = Jobs(database), Documents(database, 10), a_version(ACME, "manual.md", "hums")
    (queued,) = jobs.add(ACME, [a_job(ACME, "manual.md")])
    job = taken(database, queued)
    documents.publish([(job.lease, ACME, new)])
    jobs.finish({job.lease: IngestReport(job.document_id)})
    Expiry(database, PERIODS).remove_expired(now() + timedelta(days=8))
    assert documents.live(ACME, new.document_id) is not None


def test_a_key_is_another_upload_after_its_time(database: Database) -> None:
    jobs, upload = Jobs(database), [a_job(ACME, "manual.md")]
    first = jobs.add(ACME, upload, "key", "request")
    Expiry(database, PERIODS).remove_expired(now() + timedelta(hours=23))
    assert jobs.add(ACME, upload, "key", "request") == first
    Expiry(database, PERIODS).remove_expired(now() + timedelta(hours=25))
    assert jobs.add(ACME, upload, "key", "request") != first


# --- written behind their reader's back ------------------------------------------------------


@pytest.fixture
def impatient(folder: Path) -> Iterator[Answers]:
    """On a catalogue whose writers wait for nobody."""
    with closing(Database(f"sqlite:///{folder / 'catalogue.sqlite3'}", lock_wait_s=0)) as database:
        yield Answers(database)


@contextmanager
def written_by_others(folder: Path) -> Iterator[None]:
    """Another connection holds the write lock."""
    with closing(sqlite3.connect(folder / "catalogue.sqlite3", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


class Batches(Answers):
    """Notes which answers were written together."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.written: list[list[str]] = []

    def keep(self, given: Sequence[GivenAnswer]) -> None:
        super().keep(given)
        self.written.append([one.id for one in given])


def test_keeping_an_answer_does_not_wait_for_the_write_lock(folder: Path, impatient: Answers) -> None:
    keeper = AnswerKeeper(impatient)
    with written_by_others(folder):
        keeper.keep(given("one"))
        with pytest.raises(CatalogueUnavailable):
            keeper.flush()
    keeper.flush()
    assert is_kept(impatient, "one")
    assert keeper.lost == 0


def test_answers_that_waited_together_are_written_together(database: Database) -> None:
    answers = Batches(database)
    keeper = AnswerKeeper(answers)
    for identifier in ("one", "two", "three"):
        keeper.keep(given(identifier))
    keeper.flush()
    assert answers.written == [["one", "two", "three"]]


def test_what_still_waits_at_the_end_is_written(answers: Answers) -> None:
    keeper = AnswerKeeper(answers)
    with keeper.running():
        keeper.keep(given("one"))
    assert is_kept(answers, "one")


def test_answers_are_written_once_the_catalogue_takes_them_again(folder: Path, impatient: Answers) -> None:
    keeper = AnswerKeeper(impatient, retry_s=0.001)
    with keeper.running():
        with written_by_others(folder):
            keeper.keep(given("one"))
        keeper.keep(given("two"))
    assert is_kept(impatient, "one")
    assert is_kept(impatient, "two")


def test_answers_beyond_what_may_wait_are_lost_and_counted(folder: Path, impatient: Answers) -> None:
    keeper = AnswerKeeper(impatient, max_waiting=2)
    for identifier in ("one", "two", "three"):
        keeper.keep(given(identifier))
    keeper.flush()
    assert [is_kept(impatient, one) for one in ("one", "two", "three")] == [True, True, False]
    assert keeper.lost == 1


def test_answers_that_cannot_be_written_before_the_end_are_counted_as_lost(
    folder: Path, impatient: Answers
) -> None:
    keeper = AnswerKeeper(impatient)
    with written_by_others(folder), keeper.running():
        keeper.keep(given("one"))
    assert keeper.lost == 1


def test_notes_that_come_one_after_the_other_are_written_together() -> None:
    written: list[list[str]] = []
    keeper = Keeper[str](lambda notes: written.append(list(notes)), "words", gather_s=60)
    with keeper.running():
        for word in ("one", "two", "three"):
            keeper.keep(word)
    assert written == [["one", "two", "three"]]


def test_one_of_a_tenant_that_was_deleted_meanwhile_is_not_kept(database: Database) -> None:
    tenants = Tenants(database)
    tenants.create(ACME.tenant)
    tenants.begin_delete(ACME.tenant)
    assert tenants.finish_delete(ACME.tenant)
    answers = Answers(database)
    answers.keep([given("late")])
    assert not is_kept(answers, "late")
