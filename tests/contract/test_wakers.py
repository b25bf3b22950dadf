"""Every waker ends a wait; the one on Redis those of other processes too, and its own without Redis."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from service.redis import RedisServer
from service.sharing.waking import SharedWaker, Waker
from tests.redis_server import RedisServerProcess

LONG_S = 20


@pytest.fixture
def two(redis_server: RedisServerProcess) -> Iterator[tuple[SharedWaker, SharedWaker]]:
    """The wakers of two processes, both of which listen."""
    servers = [RedisServer(redis_server.settings()) for _ in range(2)]
    first, second = map(SharedWaker, servers)
    with first.listening(), second.listening():
        for waker in (first, second):
            assert waker.wait(LONG_S)  # each wakes once when it begins to listen
            waker.clear()
        yield first, second
    for server in servers:
        server.close()


@pytest.fixture(params=["event", "redis"])
def waker(request: pytest.FixtureRequest) -> Waker:
    if request.param == "event":
        return threading.Event()
    return request.getfixturevalue("two")[0]


def test_a_wake_up_before_the_wait_ends_it_at_once(waker: Waker) -> None:
    waker.set()
    assert waker.wait(LONG_S)


def test_a_wake_up_ends_a_wait_that_has_begun(waker: Waker) -> None:
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(waker.wait(LONG_S)))
    thread.start()
    waker.set()
    thread.join()
    assert woken == [True]


def test_without_one_the_wait_ends_by_itself(waker: Waker) -> None:
    assert not waker.wait(0.001)


def test_what_was_cleared_wakes_nobody_again() -> None:
    waker: Waker = threading.Event()
    waker.set()
    waker.clear()
    assert not waker.wait(0.001)


def test_one_process_wakes_the_other(two: tuple[SharedWaker, SharedWaker]) -> None:
    two[0].set()
    assert two[1].wait(LONG_S)


def test_with_redis_away_a_process_wakes_itself_and_after_it_all_others_again(
    two: tuple[SharedWaker, SharedWaker], redis_server: RedisServerProcess
) -> None:
    first, second = two
    redis_server.kill()
    first.set()
    assert first.wait(LONG_S)
    redis_server.start()
    assert second.wait(LONG_S)  # it listens again, and looks for what it may have missed
    second.clear()
    first.set()
    assert second.wait(LONG_S)


def test_a_redis_that_stands_still_keeps_no_process_from_waking_itself(
    two: tuple[SharedWaker, SharedWaker], redis_server: RedisServerProcess
) -> None:
    with redis_server.paused():
        two[0].set()
        assert two[0].wait(LONG_S)
