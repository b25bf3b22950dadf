"""What the locks of one process do beside their contract."""

from __future__ import annotations

from service.locks import ProcessLocks
from service.types import Scope


def test_a_lock_that_nobody_uses_takes_no_room() -> None:
    locks = ProcessLocks()
    with locks.holding(Scope("acme"), ["a", "b"]):
        assert len(locks._shared) == 2
    assert locks._shared == {}
