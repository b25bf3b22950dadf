"""A reply leaves at once."""

from __future__ import annotations

import time

import httpx

from tests.api.calling import serving, small_limits
from tests.fakes import FakeEngine

DELAYED_RECEIPT_S = 0.04
"""How long a packet waits for the receipt of the one before, where the system is left to its default."""


async def test_a_body_does_not_wait_for_the_receipt_of_its_head(engine: FakeEngine) -> None:
    times = []
    async with serving(engine, small_limits()) as served, httpx.AsyncClient() as caller:
        for _ in range(20):
            started = time.perf_counter()
            await caller.get(f"{served.address}/healthz")
            times.append(time.perf_counter() - started)
    # The least, so that a busy machine does not fail it; the first few are acknowledged at once anyway.
    assert min(times[10:]) < DELAYED_RECEIPT_S
