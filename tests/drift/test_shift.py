"""A shift is told from chance: in counts made by hand, and in simulated months of traffic."""

from __future__ import annotations

import numpy as np
import pytest

from service.drift import Tally, compared, measures_of
from service.drift.measures import EDGES, measured
from service.drift.shift import LEAST_BEFORE, LEAST_NOW
from tests.drift.simulating import DAYS, HOURS, Hourly, month, summed
from tests.fakes import FakeEngine

WEEKS_BEFORE = 28 * HOURS
A_DAY = 500
SHIFTED_BY = 0.3
"""More of the questions are of what the documents do not hold: 55 to 65 of 100 instead of 25 to 35."""
CAUGHT_WITHIN = 500
"""Questions since the shift."""


def evenly(count: int, bins: int = 10) -> Tally:
    return Tally({str(bin): count // bins for bin in range(bins)})


def test_the_same_shares_are_no_shift() -> None:
    shift = compared("p_answerable", evenly(500), evenly(5000))
    assert shift.psi == pytest.approx(0, abs=1e-3)
    assert not shift.alarm


def test_the_index_is_that_of_its_definition() -> None:
    now, before = Tally({"a": 600, "b": 400}), Tally({"a": 5000, "b": 5000})
    by_hand = (0.6 - 0.5) * np.log(0.6 / 0.5) + (0.4 - 0.5) * np.log(0.4 / 0.5)
    assert compared("outcome", now, before).psi == pytest.approx(by_hand, rel=0.01)


def test_an_empty_bin_is_no_infinity() -> None:
    shift = compared("language", Tally({"de": 500}), Tally({"en": 5000}))
    assert shift.alarm
    assert np.isfinite(shift.psi)


def test_a_mean_that_moves_within_its_bins_is_a_shift_as_well() -> None:
    before = Tally({"0": 5000}, 5000 * 0.5, 5000 * (0.25 + 0.01))
    now = Tally({"0": 500}, 500 * 0.6, 500 * (0.36 + 0.01))
    shift = compared("support", now, before)
    assert (round(shift.psi, 3), shift.alarm) == (0, True)
    assert shift.mean_shift == pytest.approx(1.0)


@pytest.mark.parametrize(("now", "before"), [(LEAST_NOW - 10, 5000), (500, LEAST_BEFORE - 10)])
def test_with_too_few_answers_nothing_is_said(now: int, before: int) -> None:
    shift = compared("outcome", Tally({"low_confidence": now}), Tally({"answered": before}))
    assert (shift.enough, shift.alarm) == (False, False)


def test_chance_is_given_more_room_where_there_are_fewer_answers() -> None:
    few, many = (compared("rerank", evenly(count), evenly(5000)) for count in (200, 2000))
    assert few.limit > many.limit


@pytest.mark.parametrize(("value", "bin"), [(0.0, "0"), (0.1, "1"), (0.55, "5"), (1.0, "9"), (-3.0, "0")])
def test_a_value_falls_into_one_bin(value: float, bin: str) -> None:
    assert measured("p_answerable", value).bin == bin


def test_of_an_answer_are_counted_numbers_and_nothing_of_its_words() -> None:
    answer = FakeEngine()._answer(*_asked())
    told = {one.quantity: one.bin for one in measures_of(answer)}
    assert told == {"outcome": "no_evidence", "p_answerable": "1"}


def _asked() -> tuple:  # type: ignore[type-arg] # a scope and a query
    from service.types import LOCAL, Query

    return LOCAL, Query("Who?")


# --- simulated -------------------------------------------------------------------------------


def first_alarm(hourly: Hourly, since: int) -> int | None:
    """The hour after `since` at whose end there is an alarm: the last day against the 28 before it."""
    for hour in range(since + 1, DAYS * HOURS + 1):
        day = hour - HOURS
        for quantity, tallies in hourly.items():
            now, before = summed(tallies[day:hour]), summed(tallies[max(0, day - WEEKS_BEFORE) : day])
            if compared(quantity, now, before).alarm:
                return hour
    return None


@pytest.mark.parametrize("seed", range(2))
def test_a_week_of_steady_traffic_raises_no_alarm(seed: int) -> None:
    assert first_alarm(month(np.random.default_rng(seed), A_DAY), WEEKS_BEFORE) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_shift_is_caught_within_so_many_questions(seed: int) -> None:
    since = WEEKS_BEFORE + 9
    hourly = month(np.random.default_rng(seed), A_DAY, {since: SHIFTED_BY})
    caught = first_alarm(hourly, since)
    assert caught is not None
    assert summed(hourly["p_answerable"][since:caught]).count <= CAUGHT_WITHIN


def test_every_edge_is_above_the_one_before() -> None:
    assert all(sorted(set(edges)) == list(edges) for edges in EDGES.values())
