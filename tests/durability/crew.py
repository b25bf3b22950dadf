"""Processes of server mode that a test starts, kills, stops and sets going again."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import psutil

from tests.cli.running import ROOT
from tests.durability import working
from tests.durability.working import Fate, Place

PATIENCE_S = 60.0
"""Only a test that fails waits this long."""
UNHURT = Fate()

# Its processes are copies of one that has everything imported already.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.durability.working"])


def until(happened: Callable[[], object], every_s: float = 0.02) -> None:
    """Waits for something to happen."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(every_s)


class Hand:
    """One process."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self.pid: int = running.pid

    @property
    def lives(self) -> bool:
        return self._running.exitcode is None

    def kill(self) -> None:
        """Ends it at once, also when it is stopped."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._running.join()

    def until_killed(self) -> None:
        """Waits until its fate has killed it."""
        self._running.join(PATIENCE_S)
        assert self._running.exitcode == -signal.SIGKILL, self._running.exitcode

    def until_over(self) -> None:
        """Waits until it has ended, whether its fate has found it or not."""
        self._running.join(PATIENCE_S)
        assert not self.lives

    def until_stopped(self) -> None:
        """Waits until its fate has stopped it."""
        until(lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


class Crew:
    """All processes of one test."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._all: list[Hand] = []
        self._of_another_clock: list[subprocess.Popen[bytes]] = []

    def work(self, fate: Fate = UNHURT) -> Hand:
        """A worker that begins now."""
        return self._start(working.work, fate)

    def upload(self, source: str, text: str, fate: Fate) -> Hand:
        return self._start(working.upload, fate, source, text)

    def delete(self, document_id: str, fate: Fate) -> Hand:
        return self._start(working.delete, fate, document_id)

    def move_tenants(self, fate: Fate = UNHURT) -> Hand:
        return self._start(working.move_tenants, fate)

    def reindex(self, fate: Fate = UNHURT) -> Hand:
        return self._start(working.reindex, fate)

    def work_by_another_clock(self, environment: Mapping[str, str], fate: Fate = UNHURT) -> None:
        """A worker in a process that is told another time."""
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.working"],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
        )
        assert running.stdin is not None
        with running.stdin as told:
            told.write(pickle.dumps((self.place, fate)))
        self._of_another_clock.append(running)

    @property
    def at_work(self) -> list[Hand]:
        return [hand for hand in self._all if hand.lives]

    def dismiss(self) -> None:
        """Ends all of them."""
        for hand in self._all:
            hand.kill()
        for running in self._of_another_clock:
            running.kill()
            running.wait()

    def _start(self, action: Callable[..., None], *arguments: object) -> Hand:
        running = FORKED.Process(target=action, args=(self.place, *arguments), daemon=True)
        running.start()
        hand = Hand(running)
        self._all.append(hand)
        return hand
