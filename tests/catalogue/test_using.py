"""What a process uses nobody removes under it; processes are other sessions here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from service.catalogue.using import Use, alone_with
from service.errors import CatalogueUnavailable
from tests.postgres import PostgresServer

Using = Callable[[str], Use]


@pytest.fixture
def use(postgres_url: str) -> Iterator[Using]:
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(closing(Use(postgres_url, name)))


def is_unused(url: str, name: str) -> bool:
    with alone_with(url, name) as alone:
        return alone


def test_any_number_of_processes_use_something_and_it_is_unused_when_the_last_has_ended(
    use: Using, postgres_url: str
) -> None:
    first, second = use("old"), use("old")
    assert not is_unused(postgres_url, "old")
    first.close()
    assert not is_unused(postgres_url, "old")
    second.close()
    assert is_unused(postgres_url, "old")


def test_what_has_another_name_is_another_thing(use: Using, postgres_url: str) -> None:
    use("old")
    assert is_unused(postgres_url, "new")


def test_two_cannot_be_alone_with_something(postgres_url: str) -> None:
    with alone_with(postgres_url, "old") as alone:
        assert alone
        assert not is_unused(postgres_url, "old")
    assert is_unused(postgres_url, "old")


def test_whoever_is_alone_for_a_moment_is_waited_for(postgres_url: str) -> None:
    with ThreadPoolExecutor(1) as other:
        with alone_with(postgres_url, "old"):
            waiting = other.submit(lambda: _alone_within(postgres_url, 60))
            assert not is_unused(postgres_url, "old")
        assert waiting.result()


def _alone_within(url: str, wait_s: float) -> bool:
    with alone_with(url, "old", wait_s) as alone:
        return alone


def test_a_process_that_lost_its_connection_uses_it_again_at_its_next_sign_of_life(
    use: Using, postgres_url: str, cut: Callable[[], None]
) -> None:
    ours = use("old")
    cut()
    assert is_unused(postgres_url, "old")
    ours.renew()
    assert not is_unused(postgres_url, "old")


def test_a_server_that_is_away_for_a_while_costs_the_use_no_more_than_that_while(
    postgres_server: PostgresServer, use: Using, postgres_url: str
) -> None:
    ours = use("old")
    postgres_server.stop()
    try:
        for _ in range(2):
            with pytest.raises(CatalogueUnavailable):
                ours.renew()
    finally:
        postgres_server.start()
    ours.renew()
    assert not is_unused(postgres_url, "old")
