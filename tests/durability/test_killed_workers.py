"""Workers are killed with -9: what was confirmed is there, once, and nobody waits longer than two leases."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from service.catalogue.database import clock
from service.catalogue.models import JobRow
from service.local_engine import LocalEngine
from tests.durability.checking import Confirmed, states, until_done
from tests.durability.conftest import Size
from tests.durability.crew import Crew, until
from tests.durability.working import POISON, Fate
from tests.fakes_core import LOCAL, put

KILLED = 0.3
"""How likely a worker is killed at each beat."""


def test_workers_that_are_killed_again_and_again_lose_nothing_and_do_nothing_twice(
    crew: Crew, engine: LocalEngine, size: Size, dice: random.Random
) -> None:
    confirmed, fate, kills = Confirmed(engine, size.parts), Fate(pause_s=size.pause_s), 0
    for number in range(size.documents):
        confirmed.upload(f"{number}.md")
    crew.work(fate), crew.work(fate)
    until(lambda: "embedding" in states(engine).values())
    while engine.jobs.depth():
        for hand in crew.at_work[: size.kills - kills]:
            if dice.random() < KILLED or not kills:
                hand.kill()
                kills += 1
                crew.work(fate)
        if kills < size.kills and dice.random() < KILLED:
            confirmed.upload(f"{dice.randrange(size.documents)}.md")
        time.sleep(size.beat_s)
    confirmed.assert_kept()
    assert set(states(engine).values()) == {"done"}


def test_a_document_that_kills_its_workers_is_given_up_after_three_alone_and_all_others_are_read_in(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed
) -> None:
    for name in ("a.md", "b.md"):
        confirmed.upload(name)
    bad = put(engine, "poison.md", f"# A\n\n{POISON}")
    confirmed.upload("c.md")
    deaths = 0
    while not engine.jobs.get(LOCAL, bad.id).finished:
        hand = crew.work()
        until(lambda hand=hand: not hand.lives or not engine.jobs.depth())  # type: ignore[misc]
        deaths += not hand.lives
    until_done(engine)
    assert states(engine) == {"a.md": "done", "b.md": "done", "poison.md": "failed", "c.md": "done"}
    assert deaths == 4  # in company nobody knows whose fault it was; then three times alone
    failure = engine.jobs.get(LOCAL, bad.id).error
    assert failure is not None
    assert "3 times the service died" in failure.message
    confirmed.assert_kept()


def test_a_job_that_ten_workers_reach_for_at_once_is_done_by_one(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, size: Size
) -> None:
    hands = [crew.work() for _ in range(size.workers)]
    for number in range(size.rounds):
        confirmed.upload(f"{number}.md")  # each upload wakes all of them
    until_done(engine)
    assert all(hand.lives for hand in hands)
    with engine.database.reading() as connection:
        assert set(connection.scalars(select(JobRow.attempts))) == {1}
    confirmed.assert_kept()


@pytest.mark.parametrize("lease_s", [3.0, pytest.param(10.0, marks=pytest.mark.chaos)])
def test_a_dead_workers_job_is_taken_up_again_on_an_idle_queue_within_two_leases(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, lease_s: float
) -> None:
    job = confirmed.upload("a.md")
    crew.work(Fate("Jobs.claim 1 after")).until_killed()
    with engine.database.reading() as connection:
        died = clock(connection)
    crew.work()  # and nobody wakes it
    until(lambda: _attempts(engine, job) == 2)
    with engine.database.reading() as connection:
        assert clock(connection) - died < timedelta(seconds=2 * lease_s)
    until_done(engine)
    confirmed.assert_kept()


def _attempts(engine: LocalEngine, job_id: str) -> int:
    with engine.database.reading() as connection:
        return connection.scalar(select(JobRow.attempts).where(JobRow.id == job_id)) or 0
