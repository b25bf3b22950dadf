"""Documentation without labels, asked by its codes: part numbers, error codes, names of options, versions.

A sentence or table row that holds a code answers what is asked of the code, in words of the sentence or
without any. Others have no answer: they ask in the same words for a code that differs by a digit or a part
and stands nowhere, or of the same code for something that no section with it mentions.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from eval.labelled.prose import SEED, bodies_below
from eval.labelled.types import LabelledQuestion, LabelledSet, Record
from service.decide.named import Named
from service.text import words
from service.text.sentences import spans

NAME = "codes"
_OF_CODE = (
    "What is {code}?",
    "What does {code} mean?",
    "What does {code} do?",
    "What is {code} used for?",
    "What should I do about {code}?",
    "How is {code} used?",
    "What was {code} about?",
)
_OF_PHRASE = (
    "What is the {phrase} of {code}?",
    "What does {code} say about {phrase}?",
    "Which {phrase} does {code} have?",
    "How does {code} change the {phrase}?",
    "Which {phrase} belongs to {code}?",
    "Does {code} need {phrase}?",
    "What about {phrase} in {code}?",
    "How do I set the {phrase} with {code}?",
)
_BARE = 0.6
"""How often nothing but the code is asked where a sentence begins with it: what it says is about the code."""
_ALONE = 0.3
"""How often a code is named without the word beside it that says what it is."""
_HELD_BY = 3
"""In how many sections a code may stand: what stands in more tells little about any."""
_HEAD = 3
_FEWEST_WORDS, _MOST_WORDS = 6, 40
_TRIES = 20
_SECTIONS = 2_000
"""How many sections of a folder are looked at."""
_CODE = re.compile(r"(?!www\.)(?!\d{4}-\w{2,3}-\d{2}\Z)[\w.-]{3,30}")
"""No address, and no date."""
_PROGRAM = re.compile(r"[{};=$<>]|->|::|\w\(")
"""Lines of a program say nothing about what they name."""
_PARTS = re.compile(r"([-._]+)")
_WORD = re.compile(r"[A-Za-z][a-z]{2,}")
_MARKS = "`*_()[]\"',.:;|"
_SHORTEST_PHRASE = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence that holds a code, with the sections in which the code stands."""

    code: str
    sentence: str
    sections: tuple[int, ...]


@dataclass(frozen=True)
class _Asking:
    """Makes questions about the sections of one folder."""

    bodies: Sequence[str]
    held: Mapping[str, Sequence[int]]
    """The sections of each code, by number."""
    every: Sequence[str]
    """The codes, in the order of the alphabet."""
    draw: random.Random

    def about(self, number: int, place: _Place) -> Iterator[tuple[str, bool]]:
        """What is asked at a place, and whether that has an answer there."""
        called = _called(place, self.draw)
        begins = any(place.code in word for word in place.sentence.split()[:_HEAD])
        form = self.draw.choice(_OF_CODE if begins and self.draw.random() < _BARE else _OF_PHRASE)
        phrase = self.draw.choice(_phrases(place.sentence))
        yield form.format(code=called, phrase=phrase), True
        if number % 3 == 0 and (other := self._sibling(place.code)):
            yield form.format(code=called.replace(place.code, other), phrase=phrase), False
        elif number % 3 == 1 and (strange := self._strange(place)):
            yield self.draw.choice(_OF_PHRASE).format(code=called, phrase=strange), False

    def _sibling(self, code: str) -> str:
        """A code that differs by a digit, or by a part of another one, and stands nowhere; empty without."""
        digits = [place for place, character in enumerate(code) if character.isdigit()]
        for _ in range(_TRIES):
            if digits:
                at = self.draw.choice(digits)
                other = code[:at] + self.draw.choice("0123456789") + code[at + 1 :]
            else:
                parts, others = _PARTS.split(code), _PARTS.split(self.draw.choice(self.every))
                parts[self.draw.randrange(0, len(parts), 2)] = self.draw.choice(others[::2])
                other = "".join(parts)
            if other != code and other.casefold() not in self.held:
                return other
        return ""

    def _strange(self, place: _Place) -> str:
        """A phrase of another section without a term of those that hold the code; empty without."""
        known = {term for section in place.sections for term in words.terms(self.bodies[section])}
        for _ in range(_TRIES):
            phrases = _phrases(self.draw.choice(self.bodies))
            fit = [phrase for phrase in phrases if known.isdisjoint(words.terms(phrase))]
            if fit:
                return self.draw.choice(fit)
        return ""


def load(folders: Sequence[Path], max_places: int) -> LabelledSet:
    """Questions about at most so many codes, from each folder alike, among three times as many sections."""
    records: list[Record] = []
    questions: list[LabelledQuestion] = []
    for folder in folders:
        found, asked = _of_folder(folder, max_places // len(folders))
        records += found
        questions += asked
    return LabelledSet(NAME, tuple(questions), tuple(records))


def _of_folder(folder: Path, max_places: int) -> tuple[list[Record], list[LabelledQuestion]]:
    draw = random.Random(f"{SEED}-{folder.name}")
    bodies = bodies_below(folder)
    bodies = draw.sample(bodies, min(_SECTIONS, len(bodies)))
    held = _held(bodies)
    every = sorted(held)
    places = (_place(code, held[code], bodies) for code in draw.sample(every, len(every)))
    asked = list(islice(filter(None, places), max_places))
    asking = _Asking(bodies, held, every, draw)
    questions = [
        _labelled(folder.name, f"{number}-{nth}", text, place, answerable)
        for number, place in enumerate(asked)
        for nth, (text, answerable) in enumerate(asking.about(number, place))
    ]
    needed = {section for place in asked for section in place.sections}
    others = [number for number in range(len(bodies)) if number not in needed]
    kept = sorted(needed | set(draw.sample(others, min(len(others), 2 * len(asked)))))
    return [Record(f"{folder.name}#{number}", "", bodies[number]) for number in kept], questions


def _labelled(folder: str, id: str, text: str, place: _Place, answerable: bool) -> LabelledQuestion:
    sections = [f"{folder}#{section}" for section in place.sections]
    relevant = dict.fromkeys(sections, 1) if answerable else {}
    answers = (place.sentence,) if answerable else ()
    return LabelledQuestion(
        f"{folder}-{id}", text, min(sections), relevant, answers, answerable=answerable, about=min(sections)
    )


def _held(bodies: Sequence[str]) -> Mapping[str, list[int]]:
    """The sections of each code, by number, of codes that stand in few."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, body in enumerate(bodies):
        for code in Named.of(body, "en").wholes:
            if _CODE.fullmatch(code):
                found[code].append(number)
    return {code: sections for code, sections in found.items() if len(sections) <= _HELD_BY}


def _place(code: str, sections: Sequence[int], bodies: Sequence[str]) -> _Place | None:
    """The first sentence or row with the code that says something, and the code as it is written there."""
    written = re.compile(rf"(?<![\w./-]){re.escape(code)}(?![\w/-])", re.IGNORECASE)
    for body in (bodies[number] for number in sections):
        for start, end in spans(body):
            sentence = " ".join(body[start:end].split())
            if (found := written.search(sentence)) and _says_something(sentence):
                return _Place(found.group(), sentence, tuple(sections))
    return None


def _says_something(sentence: str) -> bool:
    fits = _FEWEST_WORDS <= len(sentence.split()) <= _MOST_WORDS
    return fits and not _PROGRAM.search(sentence) and bool(_phrases(sentence))


def _called(place: _Place, draw: random.Random) -> str:
    """The code, mostly with the word beside it that says what it is."""
    code = re.escape(place.code)
    beside = re.search(rf"([a-z]{{3,}}) [`*\"'(]*{code}", place.sentence)
    beside = beside or re.search(rf"{code}[`*\"')]* ([a-z]{{4,}})", place.sentence)
    if beside is None or words.is_stop_word(beside[1]) or draw.random() < _ALONE:
        return place.code
    return f"the {beside[1]} {place.code}"


def _phrases(text: str) -> list[str]:
    """Runs of content words, the last three of each."""
    found: list[str] = []
    run: list[str] = []
    for token in (*text.split(), ""):
        word = token.strip(_MARKS)
        if _WORD.fullmatch(word) and not words.is_stop_word(word):
            run.append(word.lower())
        else:
            found.append(" ".join(run[-3:]))
            run = []
    return [phrase for phrase in found if len(phrase) >= _SHORTEST_PHRASE]
