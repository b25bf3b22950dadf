"""What is polite in a message is not asked for."""

from __future__ import annotations

import pytest

from service.text.courtesies import without_courtesies

ASKED = "What does MV-E07 mean?"


@pytest.mark.parametrize(
    "message",
    [
        "Hi, {}",
        "hey,{}",
        "Hi - {}",
        "Hello team! {}",
        "Good morning Mrs Miller, {}",
        "Dear Sir or Madam,\n\n{}",
        "Guten Tag zusammen, {}",
        "Hi there, quick question: {}",
        "Could you please help me? {}",
        "I hope you are well. {}",
        "{} Thanks!",
        "{} Thank you very much in advance.",
        "{}\n\nBest regards\nPetra Schmidt",
        "{}\nCheers,\nTom",
        "{} Mit freundlichen Grüßen, Jan",
        "{}\n\n-- \nMax Muster\nACME Ltd, phone 030 123456",
        "Hello, I have a question. {} Have a nice day!",
    ],
)
def test_courtesies_are_left_out(message: str) -> None:
    assert without_courtesies(message.format(ASKED)) == ASKED


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("Can you tell me how long it lasts?", "how long it lasts?"),
        ("I would like to know whether it rusts.", "whether it rusts."),
        ("Könnten Sie mir bitte sagen, wie lange es hält?", "wie lange es hält?"),
        ("hey guys how long does it last thx", "hey guys how long does it last"),
    ],
)
def test_what_stands_around_a_question_in_its_own_sentence_is_left_out(message: str, asked: str) -> None:
    assert without_courtesies(message) == asked


@pytest.mark.parametrize(
    "question",
    [
        "Hello World, how is it printed?",
        "Hi-Fi: what is it?",
        "hello.txt: what is in it?",
        "Which thanks did he give?",
        "Can you explain?",
        "Best practices for slots?",
        "What did he say thanks to them?",
        "How do  spaces   stay? ",
        "Can it tell me what it costs?",
        "Hi",
        "Hello team, thank you!",
        "",
    ],
)
def test_what_is_asked_and_what_is_all_that_is_said_stay_as_they_are(question: str) -> None:
    assert without_courtesies(question) == question


def test_what_is_told_before_a_question_stays() -> None:
    told = "We upgraded last week. Since then it leaks. What could it be?"
    assert without_courtesies(f"Hi, {told} Thanks, Ann") == told
