"""Questions go before bulk work."""

from __future__ import annotations

import threading
from unittest.mock import patch

import pytest

from service.gate import Gate

ENDLESS_S = 3_600.0
LONG_S = 10.0
"""Longer than anything here takes, and far shorter than endless."""


def giving_way(gate: Gate) -> threading.Thread:
    """Bulk work that waits at the gate."""
    worker = threading.Thread(target=gate.give_way, daemon=True)
    worker.start()
    return worker


def goes_on(worker: threading.Thread) -> bool:
    worker.join(LONG_S)
    return not worker.is_alive()


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_without_questions_bulk_work_goes_on_at_once(gate: Gate) -> None:
    with patch("service.gate.MAX_WAIT_S", ENDLESS_S):
        assert goes_on(giving_way(gate))


def test_bulk_work_goes_on_when_the_last_question_is_answered(gate: Gate) -> None:
    with patch("service.gate.MAX_WAIT_S", ENDLESS_S):
        with gate.question():
            with gate.question():
                worker = giving_way(gate)
            worker.join(0.05)
            assert worker.is_alive()
        assert goes_on(worker)


def test_bulk_work_waits_no_longer_than_the_bound(gate: Gate) -> None:
    with patch("service.gate.MAX_WAIT_S", 0.01), gate.question():
        assert goes_on(giving_way(gate))


def test_a_question_that_fails_does_not_hold_bulk_work_up(gate: Gate) -> None:
    with patch("service.gate.MAX_WAIT_S", ENDLESS_S):
        with pytest.raises(KeyError), gate.question():
            raise KeyError
        assert goes_on(giving_way(gate))
