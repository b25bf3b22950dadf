"""The candidate answers behind the reader's back: recorded, never shown, and nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from service.catalogue import Samples
from service.catalogue.samples import Sample
from service.errors import GeneratorUnavailable
from service.local_engine import LocalEngine
from service.settings import OnlineSettings
from service.types import LOCAL, Answer, Query
from service.variants.shadow import MAX_WAITING
from tests.core.test_answer_cache import QUERY, CountingGenerator
from tests.variants.conftest import Try

PATIENCE_S = 20.0


@pytest.fixture
def engine(trying: Try) -> Iterator[LocalEngine]:
    with trying(shadow=1.0) as engine:
        yield engine


def ask(engine: LocalEngine, query: Query = QUERY) -> Answer:
    return asyncio.run(engine.answer(LOCAL, query))


def until(holds: Callable[[], bool]) -> None:
    """Waits for another thread."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if holds():
            return
        waiting.wait(0.02)
    raise AssertionError("it never came to that")


def pairs(engine: LocalEngine) -> list[Sample]:
    trial = engine.variants.trials["bold"]
    return Samples(engine.database).shadowed(LOCAL, "bold", trial.fingerprint)


def test_a_question_is_answered_again_and_both_answers_are_kept(
    engine: LocalEngine, candidate: CountingGenerator
) -> None:
    candidate.said = "I don't know."
    answer = ask(engine)
    assert (answer.status, answer.variant, answer.model) == ("answered", "", "counting")
    until(lambda: len(pairs(engine)) == 1)
    (pair,) = pairs(engine)
    assert (pair.question, pair.served.text) == (QUERY.text, answer.unmarked)
    assert pair.candidate is not None
    assert pair.candidate.status == "abstained"
    assert (pair.served.measures["abstained"], pair.candidate.measures["abstained"]) == (0.0, 1.0)


def test_what_comes_from_the_cache_was_answered_again_before(engine: LocalEngine) -> None:
    for _ in range(3):
        ask(engine)
    until(lambda: engine.variants.state().shadows["kept"] == 1)
    assert engine.variants.state().shadows == {"kept": 1, "dropped": 0, "failed": 0}


def test_nobody_waits_for_it_and_what_it_has_no_time_for_is_dropped_and_counted(
    engine: LocalEngine, candidate: CountingGenerator
) -> None:
    candidate.gate = asyncio.Event()  # never set: the candidate hangs, as a language model may
    for number in range(MAX_WAITING + 3):
        assert ask(engine, replace(QUERY, text=f"{QUERY.text} {number}")).status == "answered"
    assert engine.variants.state().shadows == {"kept": 0, "dropped": 3, "failed": 0}


def test_its_failure_is_counted_and_nobodys(engine: LocalEngine, candidate: CountingGenerator) -> None:
    candidate.failure = GeneratorUnavailable("away")
    assert ask(engine).status == "answered"
    until(lambda: engine.variants.state().shadows["failed"] == 1)
    assert pairs(engine) == []


def test_pairs_go_with_the_document_that_they_quote_and_the_receipt_says_so(engine: LocalEngine) -> None:
    answer = ask(engine)
    until(lambda: len(pairs(engine)) == 1)
    receipt = asyncio.run(engine.delete(LOCAL, answer.citations[0].document.id))
    assert (receipt.removed["samples"], receipt.remaining["samples"]) == (1, 0)
    assert pairs(engine) == []


def test_one_that_was_stopped_is_asked_nothing(engine: LocalEngine, candidate: CountingGenerator) -> None:
    engine.variants.trials["bold"].state = "stopped"
    ask(engine)
    assert candidate.asked == 0


def test_answers_are_kept_for_the_judge_where_that_is_switched_on(trying: Try) -> None:
    with trying(online=OnlineSettings(share=1.0)) as engine:
        answer = ask(engine)
        until(lambda: bool(Samples(engine.database).unjudged(LOCAL, 5)))
        (sample,) = Samples(engine.database).unjudged(LOCAL, 5)
        assert (sample.served.text, sample.candidate) == (answer.unmarked, None)
