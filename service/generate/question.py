"""What a question asks for: its parts, the codes and numbers it names, the kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.generate.subjects import named_terms
from service.text import words
from service.text.parts import pieces_of, sentences_asking
from service.text.quantities import LENGTHS, exact_values

SCENE = 0.3
"""What a term of another part of the question counts: it sets the scene."""
_FEWEST_TERMS = 2
"""A part with fewer terms of its own ("and what is it about?") is no question by itself."""

_ASKS_TIME = re.compile(r"\b(when|what (year|date|day|month|time)|wann|quand|cuándo|quando|wanneer)\b", re.I)
_ASKS_AMOUNT = re.compile(
    r"\b(how (many|much|long|often|old|far|high|large|big|fast|deep|heavy)"
    r"|what (percentage|percent|number|amount)|wie ?(viele?|lange|hoch|oft)|combien"
    r"|cuánt[oa]s?|quant[oie])\b",
    re.I,
)
_DIMENSION = re.compile(r"(?<=\bhow )(?:long|often|old|far|high|large|big|fast|deep|heavy)\b", re.I)
_ASKS_LENGTH = re.compile(r"\b(?:how long|wie ?lange|combien de temps|cuánto tiempo|quanto tempo)\b", re.I)
_UNTIL = re.compile(r"\b(?:until|till|through|bis|jusqu|hasta|fino)\b", re.I)
_ASKS_PRICE = re.compile(
    r"\b(?:what|how much|was|wie|combien|cuánto|quanto)\b.*"
    r"\b(?:costs?|price|fee|charged?|paid|pay|kosten|kostet|preis|teuer|prix|coûte|cuesta|costa)\b",
    re.I | re.S,
)
_MONEY = re.compile(
    r"[$€£¥]|\b(?:EUR|USD|GBP|CHF|euros?|dollars?|pounds?|cents?|prices?|preis|prix|precio|prezzo)\b", re.I
)
_ASKS_PERSON = re.compile(r"\b(who|whom|whose|wer|wem|qui|quién|chi|wie is)\b", re.I)


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One thing that is asked, with the rest of the question, which sets its scene."""

    text: str
    rest: str = ""
    among: int = 1
    """How many parts the question has."""
    number: int = 0
    """Which of them it is, from 0."""

    def asked(self, language: str) -> dict[str, float]:
        """The terms to look for, each with what it counts: 1, or less where only the rest names it."""
        scene = dict.fromkeys(named_terms(self.rest, language), SCENE)
        return scene | dict.fromkeys(named_terms(_DIMENSION.sub(" ", self.text), language), 1.0)

    @property
    def asks_time(self) -> bool:
        """Whether it asks for a day or a year."""
        return _ASKS_TIME.search(self.text) is not None

    def cue(self, text: str, beyond: frozenset[str]) -> float:
        """1 when a text holds the kind of thing that is asked for, else 0.

        `beyond` are the terms of the text that the question does not name itself.
        """
        if _ASKS_PRICE.search(self.text):
            return float(_MONEY.search(text) is not None and any(term[0].isdigit() for term in beyond))
        if _ASKS_LENGTH.search(self.text):
            ends = _UNTIL.search(text) is not None and any(term[0].isdigit() for term in beyond)
            return float(ends or any(one.unit in LENGTHS for one in exact_values(text).quantities))
        if _ASKS_TIME.search(self.text) or _ASKS_AMOUNT.search(self.text):
            return float(any(term[0].isdigit() for term in beyond))
        if _ASKS_PERSON.search(self.text):
            return float(any(self._is_new_name(token) for token in words.word_spans(text)[1:]))
        return 0.0

    def _is_new_name(self, token: re.Match[str]) -> bool:
        word = token.group()
        return word[0].isupper() and word.casefold() not in self.text.casefold()


def question_parts(question: str) -> list[QuestionPart]:
    """The things that a question asks, in order; one at least."""
    asking, scene = sentences_asking(question)
    pieces = [piece for sentence in asking for piece in pieces_of(sentence)]
    if any(len(set(words.terms(piece))) < _FEWEST_TERMS for piece in pieces):
        return [QuestionPart(question)]
    return [
        QuestionPart(
            piece, " ".join((scene, *(other for other in pieces if other is not piece))), len(pieces), number
        )
        for number, piece in enumerate(pieces)
    ]


def exact(terms: dict[str, float]) -> dict[str, float]:
    """Those of the terms that name one thing exactly: codes, part numbers, numbers, years, `gc.auto`."""
    return {term: share for term, share in terms.items() if share == 1.0 and _is_exact(term)}


def _is_exact(term: str) -> bool:
    return any(map(str.isdigit, term)) or not term.isalnum()
