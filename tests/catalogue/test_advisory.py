"""Locks and the lead between processes, which are other instances here: each has sessions of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from service.catalogue.advisory import Leadership, ServerLocks
from service.errors import CatalogueBusy, CatalogueUnavailable
from tests.catalogue.writing import ACME

OpenLocks = Callable[..., ServerLocks]
OpenLeadership = Callable[[], Leadership]


@pytest.fixture
def open_locks(postgres_url: str) -> Iterator[OpenLocks]:
    """The locks as another process would have them."""
    with ExitStack() as stack:

        def opened(wait_s: float = 0.05, kept_s: float = 60) -> ServerLocks:
            return stack.enter_context(closing(ServerLocks(postgres_url, wait_s, kept_s, max_connections=1)))

        yield opened


@pytest.fixture
def open_leadership(postgres_url: str) -> Iterator[OpenLeadership]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Leadership(postgres_url)))


# --- locks -----------------------------------------------------------------------------------


def test_what_one_process_holds_another_waits_for_in_vain_and_is_told_which_setting(
    open_locks: OpenLocks,
) -> None:
    ours, theirs = open_locks(), open_locks()
    with (
        ours.holding(ACME, ["a"]),
        pytest.raises(CatalogueBusy, match="lock_wait_s") as caught,
        theirs.holding(ACME, ["a"]),
    ):
        pass
    assert caught.value.retryable


def test_who_waited_in_vain_for_one_of_several_holds_none_of_them(open_locks: OpenLocks) -> None:
    ours, theirs, third = open_locks(), open_locks(), open_locks()
    with ours.holding(ACME, ["b"]):
        with pytest.raises(CatalogueBusy), theirs.holding(ACME, ["a", "b", "c"]):
            pass
        with third.holding(ACME, ["a", "c"]):
            pass


def test_a_connection_that_is_lost_frees_its_locks_and_what_was_done_stands(
    open_locks: OpenLocks, cut: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = open_locks(), open_locks()
    with ours.holding(ACME, ["a"]):
        cut()
        with theirs.holding(ACME, ["a"]):
            pass
    assert "lost before they were given back" in caplog.text
    with ours.holding(ACME, ["a"]):
        pass


def test_who_takes_a_second_lock_finds_out_that_the_first_is_lost(
    open_locks: OpenLocks, cut: Callable[[], None]
) -> None:
    locks = open_locks()
    with locks.holding(ACME, ["a"]):
        cut()
        for _ in range(2):
            with pytest.raises(CatalogueUnavailable), locks.holding(ACME, ["b"]):
                pass
    with locks.holding(ACME, ["a", "b"]):
        pass


def test_a_process_that_gives_no_sign_of_life_keeps_no_lock(open_locks: OpenLocks) -> None:
    stopped, others = open_locks(kept_s=0.05), open_locks(wait_s=30)
    with stopped.holding(ACME, ["a"]), others.holding(ACME, ["a"]):
        pass


# --- the lead --------------------------------------------------------------------------------


def test_one_process_leads_and_goes_on_to(open_leadership: OpenLeadership) -> None:
    first, second = open_leadership(), open_leadership()
    assert [first.leads(), second.leads(), first.leads(), second.leads()] == [True, False, True, False]


def test_another_takes_the_lead_that_was_given_back(open_leadership: OpenLeadership) -> None:
    first, second = open_leadership(), open_leadership()
    assert first.leads()
    first.close()
    assert second.leads()


def test_a_lead_whose_connection_is_lost_is_given_up(
    open_leadership: OpenLeadership, cut: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first, second = open_leadership(), open_leadership()
    assert first.leads()
    cut()
    assert second.leads()
    with pytest.raises(CatalogueUnavailable):
        first.leads()
    assert "leads no more" in caplog.text
    assert (first.leads(), second.leads()) == (False, True)
