"""A worker is stopped for longer than its lease lasts, and goes on: what it still writes changes nothing."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from service.catalogue import document_id
from service.local_engine import LocalEngine
from tests.durability.checking import Confirmed, until_done, work_off
from tests.durability.conftest import Size
from tests.durability.crew import Crew, until
from tests.durability.test_boundaries import full
from tests.durability.working import Fate
from tests.fakes_core import LOCAL

MANUAL = document_id(LOCAL, "a.md")
MOMENTS = [
    full("Jobs.claim 1 after"),
    full("TokenTable.put 1 after"),
    "ServerStore.stage 1 before",
    full("ServerStore.stage 1 after"),
    full("ServerStore.promote 1 before"),
    "ServerStore.promote 1 after",
    "Documents.publish 1 before",
    "Documents.publish 1 after",
    full("ServerStore.discard 1 before"),
    full("Jobs.finish 1 before"),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_worker_writes_after_its_lease_is_refused_and_the_newer_version_stays(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, moment: str
) -> None:
    confirmed.upload("a.md")
    work_off(engine)
    confirmed.upload("a.md")
    late = crew.work(Fate(moment, signal.SIGSTOP))
    late.until_stopped()
    confirmed.upload("a.md")
    work_off(engine)
    late.go_on()
    confirmed.upload("b.md")  # for the late one, which is back once this is done
    until_done(engine)
    confirmed.assert_kept()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_document_that_is_deleted_while_its_worker_stands_still_stays_deleted(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, moment: str
) -> None:
    confirmed.upload("a.md")
    work_off(engine)
    confirmed.upload("a.md")
    late = crew.work(Fate(moment, signal.SIGSTOP))
    late.until_stopped()
    receipt = asyncio.run(engine.delete(LOCAL, MANUAL))
    confirmed.forget("a.md")
    assert set(receipt.remaining.values()) == {0}
    late.go_on()
    confirmed.upload("b.md")
    until_done(engine)
    until(lambda: not any(engine.index.count(LOCAL, MANUAL).values()))
    confirmed.assert_kept()


@pytest.mark.parametrize("lock_wait_s", [2.0])
def test_a_worker_that_stands_still_in_its_transaction_holds_nobody_up_for_longer_than_a_lock_is_waited_for(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed
) -> None:
    confirmed.upload("a.md")
    late = crew.work(Fate("documents.write_version 1 after", signal.SIGSTOP))
    late.until_stopped()
    work_off(engine)
    confirmed.upload("a.md")
    work_off(engine)
    late.go_on()
    confirmed.upload("b.md")
    until_done(engine)
    confirmed.assert_kept()


def test_deletes_among_ingests_leave_what_was_uploaded_last_and_nothing_else(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, size: Size, dice: random.Random
) -> None:
    fate = Fate(pause_s=0.01)
    crew.work(fate), crew.work(fate)
    names = [f"{number}.md" for number in range(3)]
    for _ in range(10 * size.rounds):
        name = dice.choice(names)
        if name in confirmed.editions and dice.random() < 0.5:
            asyncio.run(_delete(engine, name))
            confirmed.forget(name)
        else:
            confirmed.upload(name)
    until_done(engine)
    confirmed.assert_kept()


async def _delete(engine: LocalEngine, name: str) -> None:
    receipt = await engine.delete(LOCAL, document_id(LOCAL, name))
    assert set(receipt.remaining.values()) == {0}
