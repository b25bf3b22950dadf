"""A question of several parts: each is decided by itself, and what has no evidence is named.

A part is looked at alone only where it makes sense alone: with an interrogative, some words of its own, and
no word that points to another part ("and what does it cost?").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.text import words
from service.text.names import folded, names, says
from service.text.parts import pieces_of, sentences_asking
from service.types import Decision, Found

_FEWEST_TERMS = 2
_MOST_PARTS = 4
_NEAR = 3
"""Among so many hits of a whole message is the best one of what it asks."""
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|so|one|ones"
    r"|each|both|same|other|others|another|former|latter|such|else|er|sie|es|ihn|ihm|ihr|ihre[rsnm]?|sein|seine[rsnm]?"
    r"|dies|diese[rsnm]?|dort|da|dabei|dafür|davon|il|elle|ils|elles|lui|leur|leurs|son|sa|ses|cela|ce|cette"
    r"|él|ella|ellos|ellas|su|sus|esto|eso|este|esta|ese|esa)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PartDecision:
    """One part of a question, as it can be asked by itself, and whether what is found for it answers it."""

    text: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Together:
    """What is answered of a question: the places of those parts, and the texts of the others."""

    decision: Decision
    answered: tuple[int, ...]
    unanswered: tuple[str, ...]


def parts_to_decide(question: str) -> list[str]:
    """The parts of a question that can be asked by themselves; empty where it is better read as one."""
    asking, scene = sentences_asking(question)
    pieces = [piece.strip() for sentence in asking for piece in pieces_of(sentence)]
    if scene or not 2 <= len(pieces) <= _MOST_PARTS or not all(map(_stands_alone, pieces)):
        return []
    return [f"{piece[0].upper()}{piece[1:].rstrip('?.! ')}?" for piece in pieces]


def together(whole: Decision, parts: Sequence[PartDecision], *, model_may_be_asked: bool) -> Together:
    """The decision on a question from that on the whole and on each part.

    Where the whole is answered, or a language model can still decline, only a part that lies below the floor
    counts as unanswered. Where none is answered alone, what was decided on the whole stands.
    """
    lenient = whole.answer or model_may_be_asked
    held = [
        place
        for place, part in enumerate(parts)
        if part.decision.answer or (lenient and part.decision.worth_asking)
    ]
    if not held or (len(held) == len(parts) and whole.answer):
        return Together(whole, tuple(range(len(parts))), ())
    weakest = min((parts[place].decision for place in held), key=lambda one: one.p_answerable)
    unanswered = tuple(part.text for place, part in enumerate(parts) if place not in held)
    return Together(weakest, tuple(held), unanswered)


@dataclass(frozen=True, slots=True)
class Message:
    """What a message asks, in sentences that make sense alone, and those that set the scene."""

    asked: str
    scene: str

    def is_asked_of(self, whole: Found, alone: Found) -> bool:
        """Whether what was found for `asked` alone is what the whole message is about.

        The best of it is among the first that were found for the whole, and what the scene names is not
        another thing: its codes and numbers stand in the best hit, and so do those of its names that any hit
        of the whole knows.
        """
        if not alone.hits or alone.hits[0].chunk.id not in {hit.chunk.id for hit in whole.hits[:_NEAR]}:
            return False
        best, language = alone.hits[0].chunk.indexed_text, alone.hits[0].chunk.language
        codes = {term for term in words.terms(self.scene, language) if any(map(str.isdigit, term))}
        said, known = folded(best), folded("\n".join(hit.chunk.indexed_text for hit in whole.hits))
        return codes <= set(words.terms(best, language)) and all(
            says(name, said, language) or not says(name, known, language)
            for name in names(self.scene, language)
        )


def message_of(question: str) -> Message | None:
    """The message that a question of several sentences is; None where what asks does not stand alone."""
    asking, scene = sentences_asking(question)
    if not scene or question in asking or not all(map(_stands_alone, asking)):
        return None
    return Message(" ".join(asking), scene)


def do_not_say(unanswered: Sequence[str]) -> str:
    """The sentence that names what has no evidence; empty where all has."""
    asked = " ".join(f"“{text}”" for text in unanswered)
    return f"The documents do not say, as far as was found: {asked}" if unanswered else ""


def _stands_alone(piece: str) -> bool:
    return len(set(words.terms(piece))) >= _FEWEST_TERMS and _POINTS_BACK.search(piece) is None
