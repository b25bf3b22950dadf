"""Decide: evidence raises the score, its absence lowers it, and an abstention says why."""

from __future__ import annotations

import pytest

from service.decide import decide
from service.settings import DecideSettings
from service.types import Decision, Found, Hit
from tests.answering import a_hit, a_question

WARRANTY = "The warranty on the PX-100 pump lasts 24 months from delivery."


def ask(question: str, *hits: Hit, threshold: float = 0.5) -> Decision:
    return decide(Found(a_question(question), hits), DecideSettings(threshold=threshold))


def test_a_question_whose_terms_stand_in_one_sentence_is_answered() -> None:
    decision = ask("How long is the warranty on the PX-100 pump?", a_hit(WARRANTY))
    assert (decision.answer, decision.reason) == (True, None)
    assert decision.p_answerable >= decision.threshold


def test_nothing_found_is_no_evidence() -> None:
    decision = ask("How long is the warranty?")
    assert (decision.answer, decision.reason, decision.p_answerable) == (False, "no_evidence", 0.0)


def test_a_hit_that_shares_nothing_is_off_topic() -> None:
    decision = ask("Who wrote the opera Tosca?", a_hit(WARRANTY, dense=(1, 0.1), sparse=None))
    assert (decision.answer, decision.reason) == (False, "off_topic")


def test_a_hit_on_the_subject_that_lacks_what_is_asked_is_low_confidence() -> None:
    decision = ask(
        "Which colours and sizes of pump hoses are sold in Norway?", a_hit(WARRANTY, dense=(1, 0.45))
    )
    assert (decision.answer, decision.reason) == (False, "low_confidence")


def test_another_part_number_than_the_one_asked_for_is_not_an_answer() -> None:
    assert ask("How long is the warranty on the PX-100 pump?", a_hit(WARRANTY)).answer
    decision = ask("How long is the warranty on the PX-900 pump?", a_hit(WARRANTY))
    assert not decision.answer
    assert decision.features["identifiers"] == 0.0


def test_terms_spread_over_a_long_text_count_less_than_terms_in_one_sentence() -> None:
    filler = "Nothing here matters at all. " * 3
    together = ask("warranty pump delivery", a_hit(f"Warranty on pump after delivery. {filler}"))
    spread = ask("warranty pump delivery", a_hit(f"A warranty. {filler}A pump. {filler}A delivery."))
    assert together.p_answerable > spread.p_answerable


def test_the_heading_above_counts_as_said() -> None:
    question = "What is the warranty on the PX-100 pump?"
    bare, headed = (
        a_hit("It lasts 24 months."),
        a_hit("It lasts 24 months.", headings=("PX-100 pump", "Warranty")),
    )
    assert ask(question, headed).p_answerable > ask(question, bare).p_answerable


def test_two_lists_that_agree_are_better_evidence_than_one() -> None:
    alone = ask("warranty", a_hit(WARRANTY, sparse=None))
    assert ask("warranty", a_hit(WARRANTY)).p_answerable > alone.p_answerable


def test_the_threshold_is_the_caller_s() -> None:
    question = "How long is the warranty on the pump?"
    assert ask(question, a_hit(WARRANTY), threshold=0.1).answer
    assert not ask(question, a_hit(WARRANTY), threshold=1.0).answer


def test_it_says_that_it_is_not_calibrated_and_what_it_rests_on() -> None:
    decision = ask("How long is the warranty?", a_hit(WARRANTY))
    assert decision.calibrated is False
    assert set(decision.features) == {"coverage", "names", "dense", "agreement", "codes", "identifiers"}


@pytest.mark.parametrize("question", ["?", "", "the of and", "42", "東京"])
def test_a_question_without_content_words_is_still_decided(question: str) -> None:
    assert 0 <= ask(question, a_hit(WARRANTY), a_hit("| a |", id="c2")).p_answerable <= 1
