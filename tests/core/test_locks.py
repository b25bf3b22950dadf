"""Who changes a document waits for whoever else changes it, and for nobody else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from service.locks import DocumentLocks, ProcessLocks, holding_all
from service.types import Scope

ACME, GLOBEX = Scope("acme"), Scope("globex")


def begun(locks: DocumentLocks, scope: Scope, ids: Sequence[str]) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the locks and lets them go; the event says that it had them."""
    had = threading.Event()

    def hold() -> None:
        with locks.holding(scope, ids):
            had.set()

    thread = threading.Thread(target=hold)
    thread.start()
    return thread, had


def test_a_document_is_held_by_one_at_a_time() -> None:
    locks = ProcessLocks()
    with locks.holding(ACME, ["a", "b"]):
        thread, had = begun(locks, ACME, ["b", "c"])
        assert not had.wait(0.05)
    thread.join()
    assert had.is_set()


def test_other_documents_and_other_tenants_do_not_wait() -> None:
    locks = ProcessLocks()
    with locks.holding(ACME, ["a"]):
        for scope, document in ((ACME, "b"), (GLOBEX, "a")):
            thread, had = begun(locks, scope, [document])
            thread.join()
            assert had.is_set()


def test_a_document_named_twice_is_held_once() -> None:
    with ProcessLocks().holding(ACME, ["a", "a"]):
        pass


def test_a_lock_is_free_again_after_an_error_and_takes_no_room() -> None:
    locks = ProcessLocks()
    try:
        with locks.holding(ACME, ["a"]):
            raise KeyError
    except KeyError:
        pass
    with locks.holding(ACME, ["a"]):
        pass
    assert locks._shared == {}


def test_many_who_want_several_documents_each_never_wait_in_a_circle() -> None:
    locks, inside, most = ProcessLocks(), dict.fromkeys("abc", 0), []

    def work(number: int) -> None:
        wanted = [(scope, "abc"[(number + n) % 3]) for n in range(2) for scope in (GLOBEX, ACME)]
        with holding_all(locks, wanted if number % 2 else reversed(wanted)):
            for _, name in wanted[::2]:
                inside[name] += 1
                most.append(inside[name])
                inside[name] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(2_000)))
    assert set(most) == {1}
