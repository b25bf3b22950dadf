"""A question made unanswerable: one thing that it names is replaced by another of its kind.

The number, code, name or opposite that comes in does not stand in the passages, so that what answered the
question before looks right and is not: the unanswerable questions of SQuAD 2 are made like this by hand.

An opposite is put only where something hangs on it: after an interrogative, for what stands before sets the
scene and a question without one is answered by the same passage ("no, it rises"), and not right after "how",
where it names what is measured: who asks how short a virus lives is told how long.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from service.text import words

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b(?!I[’'])[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_INTERROGATIVE = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
_DIMENSION = re.compile(r"\bhow\s+\Z", re.IGNORECASE)
_YEAR = re.compile(r"1\d{3}|20\d\d")
_OPPOSITES = """
    first/last largest/smallest highest/lowest most/least before/after above/below maximum/minimum more/fewer
    more/less increase/decrease increased/decreased early/late earliest/latest north/south northern/southern
    east/west eastern/western oldest/youngest longest/shortest large/small high/low long/short old/new
    inside/outside
    positive/negative strongest/weakest upper/lower public/private internal/external major/minor male/female
    men/women best/worst greater/smaller include/exclude included/excluded allow/forbid allowed/forbidden
    enable/disable enabled/disabled start/end begin/end began/ended won/lost import/export buy/sell
    gain/lose rise/fall rose/fell
    majority/minority always/never win/lose add/remove added/removed accept/reject accepted/rejected"""
_OPPOSITE: dict[str, str] = {
    word: other
    for pair in _OPPOSITES.split()
    for one, two in [pair.split("/")]
    for word, other in ((one, two), (two, one))
}


def names(text: str) -> list[str]:
    """The runs of capitalised words of a question, other than at its beginning."""
    return [match.group() for match in _NAME.finditer(text)]


def altered(
    text: str,
    passages: Sequence[str],
    others: Sequence[str],
    draw: random.Random,
    opposites_alone: bool = False,
) -> str | None:
    """The question with one thing replaced; None where it names nothing that can be.

    `others` are names to take the place of one; what comes in is in none of the `passages`.
    """
    known = " ".join(passages).casefold()
    ways = [_with_another_number, _with_another_name, _with_the_opposite]
    draw.shuffle(ways)
    if opposites_alone:
        ways = [_with_the_opposite]
    for way in ways:
        for old, new in way(text, others, draw):
            if new.casefold() not in known and new.casefold() not in text.casefold():
                place = re.search(rf"(?<!\w){re.escape(old)}(?!\w)", text)
                return place and text[: place.start()] + new + text[place.end() :]
    return None


Replacements = Iterator[tuple[str, str]]


def _with_another_number(text: str, others: Sequence[str], draw: random.Random) -> Replacements:
    found = [token.group() for token in words.word_spans(text) if any(map(str.isdigit, token.group()))]
    for old in draw.sample(found, len(found)):
        for _ in range(4):
            yield old, _another_number(old, draw)


def _another_number(old: str, draw: random.Random) -> str:
    if _YEAR.fullmatch(old):
        return str(int(old) + draw.choice([-9, -7, -4, -3, -2, -1, 1, 2, 3, 5]))
    digits = [place for place, character in enumerate(old) if character.isdigit()]
    place = draw.choice(digits)
    other = draw.choice([digit for digit in "123456789" if digit != old[place]])
    return old[:place] + other + old[place + 1 :]


def _with_another_name(text: str, others: Sequence[str], draw: random.Random) -> Replacements:
    found = names(text)
    for old in draw.sample(found, len(found)):
        alike = [other for other in others if len(other.split()) == len(old.split())]
        for new in draw.sample(alike, min(6, len(alike))):
            yield old, new


def _with_the_opposite(text: str, others: Sequence[str], draw: random.Random) -> Replacements:
    asking = _INTERROGATIVE.search(text)
    after = asking.end() if asking else len(text)
    for token in words.word_spans(text):
        other = _OPPOSITE.get(token.group().casefold())
        if other and token.start() > after and not _DIMENSION.search(text[: token.start()]):
            yield token.group(), other
