"""Numbers and codes: of "part 7 in pump 3" and "part 3 in pump 7" one answers, and all words are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from service.match.late_interaction import Floats
from service.text import words


def numbers_in_place(question: str, texts: Sequence[str]) -> Floats:
    """The share of the question's numbers, codes and numbered things that stand in each text, shape (texts,).

    A numbered thing ("part 7") is a number just after a content word, in any inflection of it, with nothing
    but marks between: what follows a number is mostly its unit, which other numbers have too. All 0 where the
    question has neither number nor code.
    """
    wanted = [(number, re.compile(pattern)) for number, pattern in dict.fromkeys(_patterns(question))]
    if not wanted:
        return np.zeros(len(texts), np.float32)
    said = [text.casefold() for text in texts]
    # Most texts do not hold the number at all, which is found out in a tenth of the time.
    held = [[number in text and bool(one.search(text)) for number, one in wanted] for text in said]
    shares: Floats = np.array(held, np.float32).mean(axis=1)
    return shares


def _patterns(question: str) -> Iterator[tuple[str, str]]:
    """Each number, code or numbered thing as a pattern, with the number that every match of it holds."""
    tokens = [word.casefold() for word in words.written(question)]
    yield from (
        (token, rf"(?<!\w){re.escape(token)}(?!\w)") for token in tokens if any(map(str.isdigit, token))
    )
    for word, number in pairwise(tokens):
        if number.isdecimal() and not word.isdecimal() and not words.is_stop_word(word):
            stem = words.stem(word)
            root = stem if word.startswith(stem) else stem[:-1]  # "polici" of policy
            yield number, rf"(?<!\w){re.escape(root)}\w*\W{{1,3}}{number}(?!\w)"
