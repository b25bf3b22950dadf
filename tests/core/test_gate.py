"""Questions go before bulk work."""

from __future__ import annotations

import threading
import time
from unittest.mock import patch

from service.gate import Gate


def test_without_questions_bulk_work_goes_on_at_once() -> None:
    started = time.monotonic()
    Gate().give_way()
    assert time.monotonic() - started < 0.5


def test_bulk_work_goes_on_when_the_last_question_is_answered() -> None:
    gate, went_on = Gate(), threading.Event()
    worker = threading.Thread(target=lambda: (gate.give_way(), went_on.set()))
    with gate.question():
        with gate.question():
            worker.start()
        assert not went_on.wait(0.05)
    assert went_on.wait(5)
    worker.join()


def test_bulk_work_waits_no_longer_than_the_bound() -> None:
    gate = Gate()
    with patch("service.gate.MAX_WAIT_S", 0.01), gate.question():
        gate.give_way()


def test_a_question_that_fails_does_not_hold_bulk_work_up() -> None:
    gate = Gate()
    try:
        with gate.question():
            raise KeyError
    except KeyError:
        pass
    started = time.monotonic()
    gate.give_way()
    assert time.monotonic() - started < 0.5
