"""A question of several parts: what can be asked by itself, and what is answered of the whole."""

from __future__ import annotations

import pytest

from service.decide import PartDecision, do_not_say, message_of, parts_to_decide, together
from service.decide.asking import nothing_asked
from service.types import Decision, Found, Reason
from tests.answering import a_hit, a_question


def decided(p: float) -> Decision:
    reason: Reason | None = None if p >= 0.6 else "low_confidence"
    return Decision(reason is None, p, 0.6, True, reason, floor=0.1)


def parts(**asked: float) -> list[PartDecision]:
    return [PartDecision(text, decided(p)) for text, p in asked.items()]


# --- what can be asked by itself -------------------------------------------------------------


def test_a_question_is_cut_where_it_asks_anew() -> None:
    assert parts_to_decide("How long is the pump warranty, and who wrote the opera Tosca?") == [
        "How long is the pump warranty?",
        "Who wrote the opera Tosca?",
    ]
    assert parts_to_decide("How long is the pump warranty? Who wrote the opera Tosca?") == [
        "How long is the pump warranty?",
        "Who wrote the opera Tosca?",
    ]


@pytest.mark.parametrize(
    "question",
    [
        "How long is the warranty on pumps and hoses?",
        "What is the PX-100, and what does it cost?",
        "Who founded the company and when did they sell it?",
        "How long is the warranty, and why?",
        "We bought a PX-100. How long is the warranty? Who repairs pumps?",
        "Wie lange gilt die Garantie, und wer bezahlt sie dann?",
        "",
    ],
)
def test_what_makes_no_sense_alone_is_read_as_one(question: str) -> None:
    assert parts_to_decide(question) == []


# --- what is answered of the whole -----------------------------------------------------------


def test_parts_with_evidence_are_answered_and_the_others_named() -> None:
    found = together(decided(0.3), parts(first=0.9, second=0.4, third=0.7), model_may_be_asked=False)
    assert (found.answered, found.unanswered) == ((0, 2), ("second",))
    assert found.decision == decided(0.7)


def test_where_the_whole_is_answered_only_a_part_without_any_evidence_is_named() -> None:
    found = together(decided(0.9), parts(first=0.9, second=0.4, third=0.05), model_may_be_asked=False)
    assert (found.answered, found.unanswered) == ((0, 1), ("third",))


def test_a_language_model_is_given_what_it_may_still_decline() -> None:
    found = together(decided(0.3), parts(first=0.2, second=0.05), model_may_be_asked=True)
    assert (found.answered, found.unanswered) == ((0,), ("second",))
    assert not found.decision.answer


def test_where_no_part_is_answered_alone_the_decision_on_the_whole_stands() -> None:
    found = together(decided(0.3), parts(first=0.4, second=0.4), model_may_be_asked=False)
    assert (found.decision, found.unanswered) == (decided(0.3), ())


def test_parts_that_all_pass_are_answered_though_the_whole_does_not_pass() -> None:
    found = together(decided(0.3), parts(first=0.7, second=0.8), model_may_be_asked=False)
    assert (found.decision, found.answered, found.unanswered) == (decided(0.7), (0, 1), ())


def test_what_is_not_answered_is_named_in_the_words_of_the_question() -> None:
    assert do_not_say(()) == ""
    assert do_not_say(["Who wrote Tosca?"]).endswith("“Who wrote Tosca?”")


# --- where nothing is asked ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["hello", "Hi!", "Thank you", "help", "test", "Guten Morgen", "warranty", "42"]
)
def test_a_greeting_and_a_single_word_ask_nothing(text: str) -> None:
    assert "Ask about your documents" in nothing_asked(text)


@pytest.mark.parametrize(
    "text", ["warranty length", "help with returns", "保証期間はどのくらいですか", "?", "Why not?"]
)
def test_everything_else_asks_something(text: str) -> None:
    assert nothing_asked(text) == ""


# --- a message of several sentences ----------------------------------------------------------

WARRANTY = "The warranty of the MV450 lasts 24 months. Ann Miller signs it."


def found(*texts: str) -> Found:
    return Found(a_question("?"), tuple(a_hit(text, id=f"c{n}") for n, text in enumerate(texts)))


def asked(message: str, whole: Found, alone: Found | None = None) -> bool:
    read = message_of(message)
    return read is not None and read.is_asked_of(whole, alone or found(WARRANTY))


def test_what_a_message_asks_is_told_from_what_it_tells() -> None:
    message = message_of("I am new here. How long is the pump warranty? I look forward to it.")
    assert message is not None
    assert message.asked == "How long is the pump warranty?"
    assert message.scene == "I am new here. I look forward to it."


@pytest.mark.parametrize(
    "message",
    [
        "How long is the pump warranty?",
        "It leaks since Monday. What could it be?",
        "We have a pump. And now?",
        "The pump leaks. We are sad.",
    ],
)
def test_what_is_not_asked_beside_a_scene_or_points_to_it_is_no_such_message(message: str) -> None:
    assert message_of(message) is None


def test_a_message_that_tells_nothing_of_weight_is_asked_by_what_it_asks() -> None:
    assert asked(
        "It is a bit urgent. How long does the warranty last?", found("Other", WARRANTY), found("Other")
    )


def test_what_is_found_for_the_question_alone_must_be_near_for_the_whole() -> None:
    far = Found(a_question("?"), (a_hit(WARRANTY, id="elsewhere"),))
    assert not asked("It is a bit urgent. How long does the warranty last?", found("a", "b"), far)


@pytest.mark.parametrize(
    ("scene", "same"),
    [
        ("We have the MV450.", True),
        ("We have the MV300.", False),
        ("We bought 3 of them.", False),
        ("I am Peter.", True),
        ("I spoke to Miller.", True),
        ("I spoke to Tosca about this.", False),
    ],
)
def test_what_the_scene_names_is_what_the_best_hit_is_about(scene: str, same: bool) -> None:
    whole = found(WARRANTY, "The Tosca has another.")
    assert asked(f"{scene} How long does the warranty last?", whole) is same
