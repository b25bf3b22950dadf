"""Who changes a document waits for whoever else changes it, and for nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from service.catalogue.advisory import ServerLocks
from service.locks import DocumentLocks, ProcessLocks, holding_all
from service.types import Scope
from tests.postgres import PostgresServer

ACME, GLOBEX, CONTENTS = Scope("acme"), Scope("globex"), Scope("")


@contextmanager
def of_process(_: pytest.FixtureRequest) -> Iterator[DocumentLocks]:
    yield ProcessLocks()


@contextmanager
def of_server(request: pytest.FixtureRequest) -> Iterator[DocumentLocks]:
    """With fewer connections than the tests have threads."""
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url, closing(ServerLocks(url, 30, 60, max_connections=4)) as locks:
        yield locks


PLACES = {"process": of_process, "server": of_server}


@pytest.fixture(params=sorted(PLACES))
def locks(request: pytest.FixtureRequest) -> Iterator[DocumentLocks]:
    with PLACES[request.param](request) as locks:
        yield locks


def begun(locks: DocumentLocks, scope: Scope, ids: Sequence[str]) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the locks and lets them go; the event says that it had them."""
    had = threading.Event()

    def hold() -> None:
        with locks.holding(scope, ids):
            had.set()

    thread = threading.Thread(target=hold)
    thread.start()
    return thread, had


def test_a_document_is_held_by_one_at_a_time(locks: DocumentLocks) -> None:
    with locks.holding(ACME, ["a", "b"]):
        thread, had = begun(locks, ACME, ["b", "c"])
        assert not had.wait(0.05)
    thread.join()
    assert had.is_set()


def test_other_documents_and_other_tenants_do_not_wait(locks: DocumentLocks) -> None:
    with locks.holding(ACME, ["a"]):
        for scope, document in ((ACME, "b"), (GLOBEX, "a")):
            thread, had = begun(locks, scope, [document])
            thread.join()
            assert had.is_set()


def test_a_document_named_twice_is_held_once(locks: DocumentLocks) -> None:
    with locks.holding(ACME, ["a", "a"]):
        pass
    with locks.holding(ACME, []):
        thread, _ = begun(locks, ACME, ["a"])
        thread.join()


def test_a_lock_is_free_again_after_an_error(locks: DocumentLocks) -> None:
    with pytest.raises(KeyError), locks.holding(ACME, ["a"]):
        raise KeyError
    thread, had = begun(locks, ACME, ["a"])
    thread.join()
    assert had.is_set()


def test_contents_are_held_inside_of_documents_by_more_threads_than_there_are_connections(
    locks: DocumentLocks,
) -> None:
    together = threading.Barrier(4)

    def work(number: int) -> int:
        with locks.holding(ACME, [f"document {number}"]):
            together.wait()
            with locks.holding(CONTENTS, ["content"]):
                return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == list(range(8))


def test_many_who_want_several_documents_each_never_wait_in_a_circle(locks: DocumentLocks) -> None:
    inside, most = dict.fromkeys("abc", 0), []

    def work(number: int) -> None:
        wanted = [(scope, "abc"[(number + n) % 3]) for n in range(2) for scope in (GLOBEX, ACME)]
        with holding_all(locks, wanted if number % 2 else reversed(wanted)):
            for _, name in wanted[::2]:
                inside[name] += 1
                most.append(inside[name])
                inside[name] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(400)))
    assert set(most) == {1}
