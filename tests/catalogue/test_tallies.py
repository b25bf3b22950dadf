"""What answers are like is counted with them, on each of the databases, and looked at tenant by tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from service.catalogue import Answers, Database, Expiry, GivenAnswer, Tallies
from service.catalogue.database import now
from service.drift import Measure
from service.drift.measures import OUTCOME, measured
from service.settings import CatalogueSettings
from tests.catalogue import writing
from tests.catalogue.writing import ACME, GLOBEX, a_version, publish

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)


def given(identifier: str, p: float, at: datetime = NOW, tenant: str = ACME.tenant) -> GivenAnswer:
    outcome = Measure(OUTCOME, "answered" if p > 0.5 else "low_confidence")
    measures = (outcome, measured("p_answerable", p))
    return GivenAnswer(identifier, tenant, "Why?", "answered", (), at, measures=measures)


def month(answers: Answers, p: float, tenant: str = ACME.tenant) -> None:
    """28 days of fifty answers each, up to a day ago."""
    days = [NOW - timedelta(days=day) for day in range(2, 30)]
    answers.keep([given(f"{tenant}-{at}-{n}", p, at, tenant) for at in days for n in range(50)])


def shifts(database: Database, scope: writing.Scope = ACME) -> Mapping[str, bool]:
    return {one.quantity: one.alarm for one in Tallies(database).drift(scope, NOW).shifts}


@pytest.fixture
def answers(database: Database) -> Answers:
    return Answers(database)


def test_answers_that_are_as_they_were_are_no_drift(database: Database, answers: Answers) -> None:
    month(answers, 0.9)
    answers.keep([given(f"new-{n}", 0.9, NOW - timedelta(hours=1)) for n in range(250)])
    assert shifts(database) == {"p_answerable": False, "outcome": False}


def test_answers_that_are_other_than_they_were_are_a_drift_of_their_tenant_alone(
    database: Database, answers: Answers
) -> None:
    for tenant in (ACME.tenant, GLOBEX.tenant):
        month(answers, 0.9, tenant)
    answers.keep([given(f"new-{n}", 0.1, NOW - timedelta(hours=1)) for n in range(250)])
    assert shifts(database) == {"p_answerable": True, "outcome": True}
    assert not any(shifts(database, GLOBEX).values())


def test_counts_of_one_hour_are_added_however_many_batches_bring_them(
    database: Database, answers: Answers
) -> None:
    for n in range(3):
        answers.keep([given(f"{n}-one", 0.9), given(f"{n}-two", 0.9)])
    (outcome,) = [one for one in Tallies(database).drift(ACME, NOW).shifts if one.quantity == OUTCOME]
    assert outcome.answers == 6


def test_where_little_is_asked_more_days_are_looked_at(database: Database, answers: Answers) -> None:
    days = [NOW - timedelta(days=day) for day in range(6)]
    answers.keep([given(f"{at}-{n}", 0.9, at) for at in days for n in range(60)])
    drift = Tallies(database).drift(ACME, NOW)
    assert NOW - timedelta(days=5) < drift.since < NOW - timedelta(days=2)
    assert drift.shifts[0].answers >= 200


def test_the_age_of_what_is_cited_is_counted(database: Database, answers: Answers) -> None:
    publish(database, ACME, a_version(ACME, "manual", "one"))
    cited = (writing.identifier(ACME, "manual"),)
    later = now() + timedelta(days=40)
    answers.keep([replace(given("one", 0.9, later), documents=cited)])
    (age,) = [
        one
        for one in Tallies(database).drift(ACME, later + timedelta(hours=1)).shifts
        if one.quantity == "corpus_age"
    ]
    assert age.mean == pytest.approx(40, abs=0.1)


def test_the_metrics_have_the_tenant_that_drifts_most(database: Database, answers: Answers) -> None:
    moment = now()
    for tenant, p in ((ACME.tenant, 0.9), (GLOBEX.tenant, 0.1)):
        old = [moment - timedelta(days=day) for day in range(2, 29)]
        answers.keep([given(f"{tenant}-{at}-{n}", 0.9, at, tenant) for at in old for n in range(50)])
        answers.keep([given(f"{tenant}-{n}", p, moment - timedelta(hours=2), tenant) for n in range(250)])
    tallies = Tallies(database)
    assert tallies.seen == {}
    tallies.look()
    assert tallies.seen["outcome"].alarms == 1
    assert tallies.seen["outcome"].worst.alarm


def test_counts_go_after_their_time(database: Database, answers: Answers) -> None:
    answers.keep([given("one", 0.9)])
    removed = Expiry(database, CatalogueSettings()).remove_expired(NOW + timedelta(days=91))
    assert removed["tallies"] == 2
