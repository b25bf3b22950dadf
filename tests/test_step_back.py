"""Bulk work steps back behind questions."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from service.gate import NICENESS, step_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads share one priority")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def in_a_thread() -> list[int]:
    seen: list[int] = []

    def work() -> None:
        step_back()
        seen.append(niceness())
        inner = threading.Thread(target=lambda: seen.append(niceness()))
        inner.start()
        inner.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return seen


def test_the_thread_and_what_it_starts_get_a_low_priority() -> None:
    assert in_a_thread() == [max(NICENESS, niceness())] * 2


def test_the_threads_that_answer_keep_theirs() -> None:
    before = niceness()
    in_a_thread()
    assert niceness() == before
