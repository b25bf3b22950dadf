"""Finished traces wait in a bounded queue, and a thread of its own sends them.

Who hands a trace in is never kept waiting: where the receiver is down or slow the queue fills, and what
comes then is dropped and counted. `/metrics` and `/readyz` tell; the log tells once, and once when it is well
again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.settings import TracingSettings
from service.tracing.spans import Trace

log = logging.getLogger(__name__)

TRACES_AT_ONCE = 64
WAIT_S = 1.0
"""How long a trace waits for others that are sent with it."""

Make = Callable[[], Trace]
"""Makes a trace of what was noted; called by the thread that sends it."""


class SendFailed(Exception):
    """The receiver has not taken what was sent; says why, in words without content."""


class Sender(Protocol):
    """Where traces go."""

    name: str

    def send(self, traces: Sequence[Trace]) -> None:
        """Sends them, or raises `SendFailed` once that is tried no longer."""
        ...

    def close(self) -> None:
        """Gives up what is under way."""
        ...


@dataclass
class Counts:
    """What became of spans, since the start of the process."""

    sent: int = 0
    dropped: int = 0
    """Spans that were lost because the queue was full or the receiver did not take them."""


class Tracer:
    """Sends traces; `close` it.

    Args:
        settings: how many may wait, and which share is sent.
        sender: where they go.
    """

    def __init__(self, settings: TracingSettings, sender: Sender) -> None:
        self.settings = settings
        self.counts = Counts()
        self.trouble = ""
        """Why traces do not arrive, if they do not."""
        self._sender = sender
        self._waiting: queue.Queue[tuple[Make, int]] = queue.Queue(settings.max_waiting)
        self._ending = threading.Event()
        self._counting = threading.Lock()
        # It must not keep the process from ending, whatever the receiver does.
        self._thread = threading.Thread(target=self._run, name="tracer", daemon=True)
        self._thread.start()

    def wants(self, trace_id: str) -> bool:
        """Whether this trace is in the sample: the same in every process, as OpenTelemetry samples by id."""
        return int(trace_id[16:], 16) < self.settings.sample * (1 << 64)

    def hand_in(self, make: Make, spans: int) -> None:
        """Takes a trace of so many spans, to be made and sent later; or drops it, at once."""
        try:
            self._waiting.put_nowait((make, spans))
        except queue.Full:
            self._drop(spans, f"{self.settings.max_waiting} traces wait (setting tracing.max_waiting)")

    def check(self) -> str:
        """For `/readyz`: traces that do not arrive keep nobody from answering."""
        told = f"{self._sender.name}: {self.counts.sent} spans sent, {self.counts.dropped} dropped"
        return f"{told}; {self.trouble}" if self.trouble else told

    def close(self) -> None:
        """Sends what waits, for at most `tracing.shutdown_s`."""
        self._ending.set()
        self._thread.join(self.settings.shutdown_s)
        self._sender.close()
        lost = 0
        while not self._waiting.empty():
            lost += self._waiting.get_nowait()[1]
        if lost:
            self._drop(lost, "the process ended before they were sent")

    def _run(self) -> None:
        while taken := self._taken():
            try:
                self._send(taken)
            except Exception as error:  # whatever it is, the next traces may do
                log.debug("traces were not sent", exc_info=error)
                self._drop(sum(spans for _, spans in taken), f"unforeseen ({type(error).__name__})")

    def _taken(self) -> list[tuple[Make, int]]:
        """The traces that go next; none where the process ends and all are sent."""
        taken: list[tuple[Make, int]] = []
        while not taken or (len(taken) < TRACES_AT_ONCE and not self._waiting.empty()):
            try:
                one = self._waiting.get(timeout=WAIT_S / 10)
            except queue.Empty:
                if self._ending.is_set():
                    break
                continue
            if not taken:
                self._ending.wait(WAIT_S)
            taken.append(one)
        return taken

    def _send(self, taken: Sequence[tuple[Make, int]]) -> None:
        traces = [make() for make, _ in taken]
        spans = sum(spans for _, spans in taken)
        try:
            self._sender.send(traces)
        except SendFailed as error:
            self._drop(spans, str(error))
            return
        with self._counting:
            self.counts.sent += spans
            well_again, self.trouble = bool(self.trouble), ""
        if well_again:
            log.info("traces arrive again", extra={"dropped": self.counts.dropped})

    def _drop(self, spans: int, why: str) -> None:
        with self._counting:
            self.counts.dropped += spans
            first, self.trouble = not self.trouble, f"traces are dropped: {why}"
        if first:
            log.warning("traces are dropped: %s", why)
