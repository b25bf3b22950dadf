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
        "Hello, first of all thanks for the great product. {}",
        "{} Many thanks and have a nice day!",
        "{} Thank you in advance for your support!",
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
        ("how long does it last many thanks in advance, Ann Miller", "how long does it last"),
        ("how long does it last Best regards,\nAnn", "how long does it last"),
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
        "which lives were saved thanks to vaccination",
        "what does thank you mean in German",
        "how do I say thank you",
        "how do I change the kind regards in Outlook",
        "Thanks to the vaccine fewer died. How many?",
        "Cheers is a series. Who starred in it?",
        "Regards to a pump are none. Are they?",
        "Have a good backup before you upgrade. How?",
        "It leaks. Thanks, how long is the warranty",
        "It leaks. I hope you can tell me how long the warranty is.",
        "\n-- \nWhat is below a signature's line?",
        "",
    ],
)
def test_what_is_asked_and_what_is_all_that_is_said_stay_as_they_are(question: str) -> None:
    assert without_courtesies(question) == question


def test_what_is_told_before_a_question_stays() -> None:
    told = "We upgraded last week. Since then it leaks. What could it be?"
    assert without_courtesies(f"Hi, {told} Thanks, Ann") == told


@pytest.mark.parametrize(
    "asked", ["What does MV-E07 mean?", "MV-E07 warranty", "Is it heavy?", "how heavy is it"]
)
def test_a_short_question_behind_thanks_is_no_name(asked: str) -> None:
    told = "My pump beeps."
    assert without_courtesies(f"{told} Thanks for the help so far! {asked}") == f"{told} {asked}"


def test_lines_of_what_is_asked_stay_lines() -> None:
    assert (
        without_courtesies("Hi,\nwhat is wrong here:\n  a: 1\n  b\nThanks")
        == "what is wrong here:\n  a: 1\n  b"
    )


@pytest.mark.parametrize(
    "message",
    [
        "thank" + " " * 40_000 + "x",
        "x" + "\n" * 40_000 + "x",
        "could" + " " * 40_000 + "you",
        "dear a" + "." * 40_000 + "x",
    ],
    ids=["spaces", "lines", "request", "dots"],
)
def test_a_long_message_of_little_is_read_at_once(message: str) -> None:
    assert without_courtesies(message) == message
