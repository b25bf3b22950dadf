"""A worker's clock is a minute off: leases are on the database's clock, so nobody notices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from service.catalogue.models import JobRow
from service.local_engine import LocalEngine
from tests.durability.checking import Confirmed, until_done
from tests.durability.crew import Crew, until
from tests.durability.working import Fate


@pytest.fixture(scope="module")
def faketime() -> Path:
    """Debian's library that tells a process another time."""
    found = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if found is None:
        why = "libfaketime is not installed: `sh deploy/install-system.sh` does it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.mark.parametrize("lease_s", [10.0])
@pytest.mark.parametrize("clock", ["-60s", "+60s"])
def test_a_worker_whose_clock_is_wrong_takes_no_live_job_and_loses_none(
    crew: Crew, engine: LocalEngine, confirmed: Confirmed, faketime: Path, clock: str
) -> None:
    confirmed.upload("ours.md")
    (ours,) = engine.jobs.claim(1, 10**9)
    theirs = confirmed.upload("theirs.md")
    told = {"LD_PRELOAD": str(faketime), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    crew.work_by_another_clock(told, Fate(pause_s=2.0))
    until(lambda: _owner(engine, theirs))
    assert engine.jobs.renew() == 1
    assert engine.jobs.claim(10, 10**9) == []
    assert engine.jobs.held([ours.lease]) == {ours.id}
    engine.jobs.release([ours.lease], suspected=False)
    engine.wake.set()
    until_done(engine)
    with engine.database.reading() as connection:
        rows = connection.execute(select(JobRow.source, JobRow.attempts)).all()
    attempts = {row.source: row.attempts for row in rows}
    assert attempts == {"ours.md": 2, "theirs.md": 1}
    confirmed.assert_kept()


def _owner(engine: LocalEngine, job_id: str) -> str | None:
    with engine.database.reading() as connection:
        return connection.scalar(select(JobRow.owner).where(JobRow.id == job_id))
