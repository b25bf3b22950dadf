"""A labelled set, whatever file it came from."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from service.types import Hit

One = TypeVar("One")
_WORD = re.compile(r"[^\W_]+")

ANSWERS, ABOUT = 2, 1
"""A hit of a relevant document that holds the answer, and one that does not."""


@dataclass(frozen=True, slots=True)
class Record:
    """One document of a set that has no files of its own."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question and what answers it.

    `relevant` names documents (a record's id, or a file's path in the set) with their grades; empty where
    nothing answers. `answers` are wordings of which a right passage holds one; empty where none are known,
    then every passage of a relevant document counts. `group` is the article or document that the question is
    about: splits go by it, so that no text is on both sides.
    """

    id: str
    text: str
    group: str
    relevant: Mapping[str, int]
    answers: tuple[str, ...] = ()
    answerable: bool = True
    about: str = ""
    """For an unanswerable question, the document that it was written about."""
    facts: tuple[tuple[str, ...], ...] = ()
    """What a right answer holds, each in any of its spellings; empty where `answers` say all there is."""
    reference: str = ""
    kind: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Documents, as records or as files below `folder`, and the questions about them."""

    name: str
    questions: tuple[LabelledQuestion, ...]
    records: tuple[Record, ...] = ()
    files: tuple[Path, ...] = ()
    folder: Path = field(default_factory=Path)

    def limited(self, limit: int | None, seed: int) -> LabelledSet:
        """The set with so many of its questions, drawn by the seed; all of its documents stay."""
        return replace(self, questions=drawn(self.questions, limit, seed))


def drawn(items: Sequence[One], limit: int | None, seed: int) -> tuple[One, ...]:
    """So many of the items, the same ones for the same seed, in their order; all where there is no limit."""
    if limit is None or limit >= len(items):
        return tuple(items)
    chosen = set(random.Random(seed).sample(range(len(items)), limit))
    return tuple(item for place, item in enumerate(items) if place in chosen)


def is_relevant(question: LabelledQuestion, hit: Hit) -> bool:
    """Whether a hit is of a document that answers: sets name a record by its id, a file by its path."""
    names = {hit.document.external_id, hit.document.source}
    return any(grade > 0 for name, grade in question.relevant.items() if name in names)


def relevance(question: LabelledQuestion, hit: Hit) -> int:
    """How relevant a hit is: `ANSWERS`, `ABOUT` or 0."""
    if not is_relevant(question, hit):
        return 0
    if not question.answers:
        return ANSWERS
    text = folded(hit.chunk.indexed_text)
    return ANSWERS if any(folded(answer) in text for answer in question.answers) else ABOUT


def folded(text: str) -> str:
    """Letters and digits alone, in lower case, with single spaces: line breaks and marks do not matter."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
