"""A share of users is answered by the candidate, until it turns out worse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from service.catalogue import AuditLog, Variants
from service.errors import GeneratorUnavailable, Misconfigured
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import Settings
from service.types import EVERY_GROUP, LOCAL, Answer, Query, Scope
from service.variants.canary import is_chosen
from service.variants.sequential import LEAST
from service.variants.trial import Trial
from tests.core.test_answer_cache import QUERY, CountingGenerator
from tests.variants.conftest import Try

USERS = [Scope("local", frozenset({EVERY_GROUP}), f"key-{number}") for number in range(40)]
OFF_TOPIC = Query("Who won the football match in Lisbon yesterday evening?")


def ask(engine: LocalEngine, user: Scope, query: Query = QUERY) -> Answer:
    return asyncio.run(engine.answer(user, query))


def trial_of(engine: LocalEngine) -> Trial:
    assert engine.variants.canary is not None
    return engine.variants.canary


def asked_by_all(engine: LocalEngine, query: Query = QUERY) -> None:
    """Each side is asked as often as is needed before anything is said of it, twice."""

    async def ask_all() -> None:
        for _ in range(2 * LEAST // (len(USERS) // 2) + 2):
            for user in USERS:
                await engine.answer(user, query)

    asyncio.run(ask_all())
    trial_of(engine).look()


@pytest.fixture
def engine(trying: Try) -> Iterator[LocalEngine]:
    with trying(canary=0.5) as engine:
        yield engine


# --- whom it answers -------------------------------------------------------------------------


def test_a_share_of_users_is_chosen_and_for_another_variant_another_one() -> None:
    users = [Scope("acme", user=f"key-{number}") for number in range(2000)]
    chosen = {user.user for user in users if is_chosen(user, "bold", 0.1)}
    others = {user.user for user in users if is_chosen(user, "other", 0.1)}
    assert 150 <= len(chosen) <= 250
    assert len(chosen & others) < 50
    assert chosen <= {user.user for user in users if is_chosen(user, "bold", 0.2)}
    assert not any(is_chosen(user, "bold", 0.0) for user in users)
    assert all(is_chosen(user, "bold", 1.0) for user in users)


def test_the_same_user_is_always_answered_by_the_same_and_the_answer_says_by_which(
    engine: LocalEngine,
) -> None:
    for user in USERS[:10]:
        expected = "bold" if is_chosen(user, "bold", 0.5) else ""
        assert [ask(engine, user).variant for _ in range(2)] == [expected] * 2


def test_neither_is_given_what_the_other_answered_from_the_cache(
    engine: LocalEngine, generator: CountingGenerator, candidate: CountingGenerator
) -> None:
    answers = [ask(engine, user) for user in USERS]
    assert {answer.model for answer in answers if answer.variant} == {"theirs"}
    assert {answer.model for answer in answers if not answer.variant} == {"counting"}
    assert (generator.asked, candidate.asked) == (1, 1)


def test_only_one_at_a_time_can_be_one() -> None:
    from service.variants.opening import _one

    settings = Settings(variants={"a": {"canary": 0.1}, "b": {"canary": 0.1}})  # type: ignore[dict-item]
    with pytest.raises(Misconfigured, match="variants a and b"):
        _one(settings, "canary")


def test_without_variants_nothing_stands_before_what_answers(trying: Try) -> None:
    with trying() as engine:
        assert engine.variants.asked is engine.sharing.asked
        assert engine.variants.state().variants == {}


# --- what it turns out to be -----------------------------------------------------------------


def test_one_that_always_abstains_is_taken_back(engine: LocalEngine, candidate: CountingGenerator) -> None:
    candidate.said = "I don't know."
    asked_by_all(engine)
    trial = trial_of(engine)
    known = Variants(engine.database).get("bold", trial.fingerprint)
    assert (known.state, known.reason) == ("rolled_back", "abstained 0.00 to 1.00")
    assert {ask(engine, user).variant for user in USERS} == {""}
    (entry, *_) = AuditLog(engine.database).page(LOCAL.tenant, None, 5).items
    assert (entry.action, entry.object) == ("variant.rolled_back", "bold")
    assert engine.state_now().tried.variants == {"bold": "rolled_back"}


def test_one_that_fails_is_taken_back(engine: LocalEngine, candidate: CountingGenerator) -> None:
    candidate.failure = GeneratorUnavailable("away")

    async def ask_all() -> None:
        for _ in range(8):
            await asyncio.gather(*(engine.answer(user, QUERY) for user in USERS), return_exceptions=True)

    asyncio.run(ask_all())
    trial_of(engine).look()
    assert trial_of(engine).state == "rolled_back"


def test_one_that_answers_whatever_it_is_asked_is_taken_back(trying: Try) -> None:
    """What is in force abstains, as the documents say nothing of it."""
    with trying(canary=0.5, threshold=0.95, decide={"threshold": 0.0}) as engine:
        assert {ask(engine, user, OFF_TOPIC).status for user in USERS} == {"answered", "abstained"}
        asked_by_all(engine, OFF_TOPIC)
        known = Variants(engine.database).get("bold", trial_of(engine).fingerprint)
        assert (known.state, known.reason.split()[0]) == ("rolled_back", "risk")


def test_one_that_is_as_good_is_left_alone(engine: LocalEngine) -> None:
    asked_by_all(engine)
    assert trial_of(engine).state == "running"
    assert {ask(engine, user).variant for user in USERS} == {"", "bold"}


def test_another_process_takes_it_back_here_too(engine: LocalEngine) -> None:
    trial = trial_of(engine)
    Variants(engine.database).stop("bold", trial.fingerprint)
    trial.look()
    assert {ask(engine, user).variant for user in USERS} == {""}


def test_it_stays_taken_back_after_a_restart_until_its_settings_are_others(trying: Try) -> None:
    with trying(canary=0.5) as engine:
        Variants(engine.database).take_back("bold", trial_of(engine).fingerprint, "bad")
    with trying(canary=0.5) as engine:
        assert trial_of(engine).state == "rolled_back"
    with trying(canary=0.5, search={"candidates": 20}) as engine:
        assert trial_of(engine).state == "running"


def test_feedback_counts_for_the_one_that_was_judged(engine: LocalEngine) -> None:
    for user in USERS[:12]:
        answer = ask(engine, user)
        rating = "down" if answer.variant else "up"
        asyncio.run(engine.feedback(user, Feedback(answer.id, rating)))
    trial_of(engine).look()
    seen = Variants(engine.database).sums("bold", trial_of(engine).fingerprint)
    assert (seen["served", "down"].mean, seen["candidate", "down"].mean) == (0.0, 1.0)
