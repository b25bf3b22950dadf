"""A question as it comes from people's fingers: misspelt, or inside a polite message."""

from __future__ import annotations

import random

from service.text import words

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORTEST = 4
_MANY = 5
"""Letters of a word that is misspelt; of so many words, every other time two are."""
_LATER = 0.95
"""How often a slip is not in the first letter."""

_AROUND = (
    "Hi, {} Thanks!",
    "Hello team, I hope you are well. {} Thank you very much in advance.",
    "Good morning, could you please help me? {} Best regards, Petra Schmidt",
    "Hey there, quick question: {}",
    "Could you please tell me, {} Many thanks and have a nice day!",
    "Hi all! Sorry to bother you. {} Looking forward to your answer.",
    "My colleague and I were wondering about something. {} Thank you in advance for your support!",
    "Hello, first of all thanks for the great product. {}",
    "I am new here, so sorry if this was asked before. {}",
    "Hi! It is a bit urgent. {} Please reply soon. Anna",
    "{}\n\n-- \nMax Muster\nSales Department, ACME Ltd\nPhone 030 123456",
    "hey guys {} thx",
    "Dear Sir or Madam,\n\n{}\n\nYours faithfully,\nJohn Miller",
    "Hello Footnote! {} I'd be very grateful for an answer.",
)


def misspelt(question: str, draw: random.Random) -> str:
    """The question with a slip of the fingers in one or two of its content words."""
    places = [
        word
        for word in words.word_spans(question)
        if word.group().isalpha()
        and len(word.group()) >= _SHORTEST
        and not word.group().isupper()
        and not words.is_stop_word(word.group())
    ]
    count = 2 if len(places) >= _MANY and draw.random() < 0.5 else 1
    for word in sorted(draw.sample(places, min(count, len(places))), key=lambda one: -one.start()):
        question = question[: word.start()] + _slip(word.group(), draw) + question[word.end() :]
    return question


def polite(question: str, draw: random.Random) -> str:
    """The question inside a message; some of its phrases are ones that `service/text/courtesies.py` knows."""
    return draw.choice(_AROUND).format(question)


def _slip(word: str, draw: random.Random) -> str:
    for _ in range(20):
        place = draw.randrange(1, len(word)) if draw.random() < _LATER else 0
        head, letter, tail = word[:place], word[place], word[place + 1 :]
        slipped = draw.choice(
            [
                head + draw.choice(_beside(letter)) + tail,
                head + tail[:1] + letter + tail[1:],
                head + tail,
                head + letter + letter + tail,
            ]
        )
        if words.stem(slipped) != words.stem(word):
            return slipped
    return word


def _beside(letter: str) -> str:
    """The keys next to that of a letter; the letter itself where a keyboard has none like it."""
    for number, row in enumerate(_ROWS):
        column = row.find(letter.casefold())
        if column >= 0:
            rows = _ROWS[max(0, number - 1) : number + 2]
            near = "".join(one[max(0, column - 1) : column + 2] for one in rows)
            return near.replace(letter.casefold(), "") or letter
    return letter
