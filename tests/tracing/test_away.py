"""A receiver that is down or slow costs traces, which are counted, and never an answer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence

import pytest

from service.settings import TracingSettings
from service.tracing.spans import Span, Trace
from service.tracing.tracer import SendFailed, Tracer
from service.types import Query
from tests.fakes_core import LOCAL
from tests.tracing.conftest import Open
from tests.tracing.receiver import Receiver

QUESTION = Query("How long does the warranty last?")
NOTHING = TracingSettings(method="otlp", endpoint="http://127.0.0.1:9/v1/traces", shutdown_s=0, timeout_s=1)


class Held:
    """A sender that waits until it is let go, or refuses."""

    name = "held"

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.go = threading.Event()
        self.busy = threading.Event()
        self.sent: list[Trace] = []
        self.closed = False

    def send(self, traces: Sequence[Trace]) -> None:
        self.busy.set()
        self.go.wait()
        if self.refuses:
            raise SendFailed("held has not taken them")
        self.sent += traces

    def close(self) -> None:
        self.closed = True
        self.go.set()


def a_trace(number: int = 1) -> Trace:
    return Trace((Span(f"{number:032x}", f"{number:016x}", "", "query", 1, 2, is_root=True),))


def test_a_question_is_answered_while_the_receiver_stalls(open_engine: Open, receiver: Receiver) -> None:
    receiver.answering.clear()
    with open_engine(tracing=receiver.settings(max_waiting=1, shutdown_s=0)) as engine:
        for _ in range(3):
            assert asyncio.run(engine.answer(LOCAL, QUESTION)).status == "abstained"
        receiver.reached.wait()
        for _ in range(3):
            asyncio.run(engine.answer(LOCAL, QUESTION))
        assert engine.tracing.tracer is not None
        assert engine.tracing.tracer.counts.dropped > 0
        told = {part.component: part for part in asyncio.run(engine.readiness())}["tracing"]
    assert told.ready
    assert "setting tracing.max_waiting" in told.detail


def test_a_question_is_answered_where_nobody_listens(
    open_engine: Open, caplog: pytest.LogCaptureFixture
) -> None:
    with open_engine(tracing=NOTHING.model_copy(update={"shutdown_s": 30})) as engine:
        assert asyncio.run(engine.answer(LOCAL, QUESTION)).status == "abstained"
        tracer = engine.tracing.tracer
    assert tracer is not None
    assert (tracer.counts.sent, tracer.counts.dropped > 0) == (0, True)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        "traces are dropped: the receiver of otlp has not taken them"
    ]


def test_what_comes_on_top_of_a_full_queue_is_dropped_and_counted() -> None:
    held = Held()
    tracer = Tracer(TracingSettings(max_waiting=2), held)
    tracer.hand_in(lambda: a_trace(1), 9)
    held.busy.wait()
    for number in (2, 3, 4, 5):
        tracer.hand_in(lambda number=number: a_trace(number), 9)  # type: ignore[misc]
    assert tracer.counts.dropped == 18
    held.go.set()
    tracer.close()
    assert (len(held.sent), tracer.counts.sent, tracer.counts.dropped) == (3, 27, 18)


def test_the_end_of_a_process_waits_for_a_bounded_time_and_counts_what_is_lost() -> None:
    held = Held()
    tracer = Tracer(TracingSettings(shutdown_s=0), held)
    tracer.hand_in(a_trace, 9)
    held.busy.wait()
    tracer.hand_in(a_trace, 8)
    tracer.close()
    assert held.closed
    assert tracer.counts.dropped == 8


def test_what_waits_is_sent_at_the_end_where_the_receiver_takes_it() -> None:
    held = Held()
    held.go.set()
    tracer = Tracer(TracingSettings(), held)
    for number in range(100):
        tracer.hand_in(lambda number=number: a_trace(number + 1), 1)  # type: ignore[misc]
    tracer.close()
    assert len(held.sent) == tracer.counts.sent == 100


def test_a_trace_that_cannot_be_made_is_counted_and_the_next_ones_are_sent() -> None:
    def broken() -> Trace:
        raise ValueError("what the reader asked")

    held = Held()
    held.go.set()
    tracer = Tracer(TracingSettings(), held)
    tracer.hand_in(broken, 9)
    tracer.close()
    assert tracer.counts.dropped == 9
    assert "what the reader asked" not in tracer.trouble


def test_the_log_says_once_that_traces_are_lost(caplog: pytest.LogCaptureFixture) -> None:
    held = Held(refuses=True)
    held.go.set()
    tracer = Tracer(TracingSettings(max_waiting=1), held)
    for _ in range(5):
        tracer.hand_in(a_trace, 9)
    tracer.close()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
