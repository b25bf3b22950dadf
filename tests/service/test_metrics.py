"""What is measured, and that no caller can make it many time series."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from dataclasses import replace

import pytest

from service.errors import StoreUnreachable
from service.metrics import Metrics
from service.metrics.labels import MOST, OTHER, Words
from service.records import Queue, State, TriedState
from service.settings import GenerateSettings, MetricsSettings
from service.types import Answer, Query, Usage, Warning
from tests.fakes import FakeEngine
from tests.fakes_core import LOCAL


def series(metrics: Metrics, name: str) -> dict[str, float]:
    """The values of one measurement by their labels."""
    text = metrics.render(State()).decode()
    lines = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in lines}


def an_answer() -> Answer:
    return asyncio.run(FakeEngine().answer(LOCAL, Query("Who won?")))


HOSTILE = ["a b", 'x"} 1\nfootnote_answers_total 9', "Übel", "x" * 41, "\x00", "{}", "A", "../..", "1st"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_label_is_a_word_of_ours_or_other(value: str) -> None:
    assert Words()(value) == OTHER


def test_a_label_has_a_bounded_number_of_values() -> None:
    words = Words()
    given = {words(f"code_{number}") for number in range(10 * MOST)}
    assert len(given) == MOST + 1
    assert words("code_0") == "code_0"


def test_hostile_values_of_an_answer_become_one_series() -> None:
    metrics, answer = Metrics(), an_answer()
    for value in HOSTILE:
        metrics.observe_answer(
            replace(answer, warnings=(Warning(value, value, value),), timings_ms={value: 1.0})
        )
    assert series(metrics, "footnote_warnings_total") == {'{code="other",stage="other"}': len(HOSTILE)}
    assert len(series(metrics, "footnote_stage_seconds_count")) == 1


def test_tokens_and_their_cost_are_counted_and_not_again_for_a_cached_answer() -> None:
    metrics = Metrics(GenerateSettings(prompt_price=3.0, completion_price=15.0))
    answer = replace(an_answer(), usage=Usage(2_000, 100))
    metrics.observe_answer(answer)
    metrics.observe_answer(replace(answer, cached=True))
    tokens = series(metrics, "footnote_tokens_total")
    assert tokens == {'{kind="prompt"}': 2_000, '{kind="completion"}': 100}
    assert series(metrics, "footnote_cost_total")[""] == pytest.approx(0.0075)


def test_an_error_is_counted_by_stage_and_code() -> None:
    metrics = Metrics()
    metrics.observe_error(StoreUnreachable("the store does not answer"))
    (labels,) = series(metrics, "footnote_errors_total")
    assert labels == f'{{code="{StoreUnreachable.code}",stage="{StoreUnreachable.stage}"}}'


def test_ingests_are_counted_by_the_code_that_they_failed_with() -> None:
    metrics = Metrics()
    metrics.ingests.observe("failed", "corrupt_file", 0)
    metrics.ingests.observe("done", "", 7)
    assert series(metrics, "footnote_ingests_total") == {
        '{code="corrupt_file",outcome="failed"}': 1,
        '{code="",outcome="done"}': 1,
    }
    assert series(metrics, "footnote_embedded_chunks_total") == {"": 7}


def test_a_worker_tells_its_measurements_on_a_port_of_its_own() -> None:
    metrics = Metrics()
    metrics.ingests.observe("done", "", 1)
    asked = []

    def state() -> State:
        asked.append(1)
        return State(Queue(5, 60.0, 2))

    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with metrics.serving(MetricsSettings(port=port), state) as told:
        assert asked == []
        text = urllib.request.urlopen(f"http://127.0.0.1:{told}/metrics", timeout=10).read().decode()
    assert "footnote_queue_depth 5.0" in text
    assert "footnote_failed_jobs 2.0" in text
    assert 'footnote_ingests_total{code="",outcome="done"} 1.0' in text


def test_what_is_tried_is_measured() -> None:
    tried = TriedState({"bold": "rolled_back", "shy": "running"}, {"kept": 3}, {"faithfulness": 0.9})
    metrics = Metrics()
    metrics.observe_answer(replace(an_answer(), variant="bold"))
    text = metrics.render(State(tried=tried)).decode()
    for line in (
        'footnote_variant_rolled_back{variant="bold"} 1.0',
        'footnote_variant_rolled_back{variant="shy"} 0.0',
        'footnote_shadow_questions_total{outcome="kept"} 3.0',
        'footnote_judged{metric="faithfulness"} 0.9',
        'footnote_variant_answers_total{status="abstained",variant="bold"} 1.0',
    ):
        assert line in text.splitlines()
