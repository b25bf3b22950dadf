"""Numbers and codes: of "part 7 in pump 3" and "part 3 in pump 7" one answers, and all words are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from service.match.late_interaction import Floats
from service.text import words


def numbers_in_place(question: str, texts: Sequence[str]) -> Floats:
    """The share of the question's numbers, codes and numbered things that stand in each text, squared: shape
    (texts,). Half of them is nearer to none than to all: part 3 of pump 7 is no part 7 of pump 3.

    A numbered thing ("part 7") is a number just after a content word, in any inflection of it, with nothing
    but marks between: what follows a number is mostly its unit, which other numbers have too. All 0 where the
    question has neither number nor code.
    """
    wanted = [re.compile(pattern) for pattern in dict.fromkeys(_patterns(question))]
    if not wanted:
        return np.zeros(len(texts), np.float32)
    said = [text.casefold() for text in texts]
    held = np.array([[bool(one.search(text)) for one in wanted] for text in said], np.float32)
    shares: Floats = held.mean(axis=1)
    return shares**2


def _patterns(question: str) -> Iterator[str]:
    tokens = [token.group().casefold() for token in words.word_spans(question)]
    yield from (rf"(?<!\w){re.escape(token)}(?!\w)" for token in tokens if any(map(str.isdigit, token)))
    for word, number in pairwise(tokens):
        if number.isdecimal() and not word.isdecimal() and not words.is_stop_word(word):
            stem = words.stem(word)
            root = stem if word.startswith(stem) else stem[:-1]  # "polici" of policy
            yield rf"(?<!\w){re.escape(root)}\w*\W{{1,3}}{number}(?!\w)"
