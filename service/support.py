"""How well a passage supports a sentence, and where exactly.

The evidence is read in units: sentences and table rows. Up to three units that together cover the claim's
content words are taken; numbers, units, dates, identifiers and names must be in them (or in the headings
above them), and what the claim denies the evidence must deny too. Embedding similarity tells a paraphrase
from a sentence that merely shares words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from service import facts, words
from service.denial import denies_otherwise
from service.facts import Facts
from service.markers import disarm
from service.sentences import spans
from service.substitution import substitutes
from service.types import Passage, Vector

Embed = Callable[[Sequence[str]], Vector]
"""Texts to unit vectors of shape (texts, dimension)."""

_MOST_UNITS = 3
_LEAST_GAIN = 0.12
_LEAST_SHARE = 0.2
_NEIGHBOURHOOD = 3
_DENIED = 0.3
_SUBSTITUTED = 0.3
_MEANT_NAME, _STRAY_NAME = 0.9, 0.4
_PRONOUN = re.compile(
    r"\b(?:he|him|his|she|her|it|its|they|them|their|this|these|that|those|such|er|sie|ihr|es|il|elle|ils|elles"
    r"|él|ella|esto|lui|lei|hij|zij)\b",
    re.IGNORECASE,
)
_COSINE_FLOOR, _COSINE_TOP = 0.2, 0.9
_WEIGHT_OF_MEANING = 0.35
_PREFIX = 5
_NEAR_MATCH = 0.7
_VERBATIM_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or table row of a passage; `start` and `end` are offsets in the passage's text."""

    passage: Passage
    position: int
    start: int
    end: int
    text: str
    terms: frozenset[str]
    full: str
    """The text, below the table header where it is a row."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One passage, read once for all sentences that cite it."""

    passage: Passage
    units: tuple[Unit, ...]
    background: str
    """Headings, title and table headers: they hold for every unit but cannot support a sentence alone."""
    language: str


@dataclass(frozen=True, slots=True)
class Support:
    """How well a sentence is supported, in [0, 1], by which units, and what is missing when it is not."""

    score: float
    units: tuple[Unit, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class _Claim:
    """A sentence to be checked, taken apart."""

    text: str
    language: str
    terms: frozenset[str] = field(init=False)
    facts: Facts = field(init=False)
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.terms = frozenset(words.terms(self.text, self.language))
        self.facts = facts.facts(self.text, self.language)
        self.names = frozenset(_names(self.text, self.language))


def read(passage: Passage) -> Evidence:
    """The passage cut into units. Marks that look like ours are disarmed, offsets stay those of its text."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    text = disarm(passage.text)
    found = spans(text)
    headers = _header_rows(text, found)
    above = disarm(passage.header)
    units: list[Unit] = []
    for position, (start, end) in enumerate(found):
        if position in headers:
            above = text[start:end]
        elif any(map(str.isalnum, text[start:end])):
            units.append(_unit(passage, position, text[start:end], start, above))
    headers_text = [text[slice(*found[position])] for position in sorted(headers)]
    background = "\n".join((passage.document.title, *passage.heading_path, passage.header, *headers_text))
    return Evidence(passage, tuple(units), disarm(background), language)


def support(text: str, cited: Sequence[Evidence], weights: Mapping[str, float], embed: Embed) -> Support:
    """The support that the cited passages give to one sentence.

    `weights` are the inverse document frequencies of terms over all units given; unknown terms weigh 1.
    """
    units = [unit for evidence in cited for unit in evidence.units]
    if verbatim := next((unit for unit in units if _is_verbatim(text, unit)), None):
        return Support(1.0, (verbatim,))
    claim = _Claim(text, cited[0].language if cited else "en")
    total = sum(weights.get(term, 1.0) for term in claim.terms)
    if not total:
        return Support(0.0)
    background = "\n".join(evidence.background for evidence in cited)
    chosen = _choose(claim, units, weights, total, background)
    if not chosen:
        return Support(0.0)
    near = _near(chosen, units)
    missing = _missing(claim, chosen, background, units)
    if missing:
        return Support(0.0, tuple(chosen), tuple(missing))
    known = frozenset(words.terms(background, claim.language)).union(*(unit.terms for unit in chosen))
    recall = sum(weights.get(term, 1.0) * _match(term, known) for term in claim.terms) / total
    score = _blend(recall, _meaning(text, chosen, background, embed)) * _penalty(
        claim, chosen, near, background
    )
    return Support(round(float(score), 4), tuple(chosen))


def _choose(
    claim: _Claim, units: Sequence[Unit], weights: Mapping[str, float], total: float, background: str
) -> list[Unit]:
    """Up to three units, greedily: each must add a fair share of the claim, in the order of the text."""
    chosen: list[Unit] = []
    open_terms = set(claim.terms)
    while len(chosen) < _MOST_UNITS:
        gains = [
            (sum(weights.get(t, 1.0) * _match(t, unit.terms) for t in open_terms) / total, -index)
            for index, unit in enumerate(units)
        ]
        gain, index = max(gains, default=(0.0, 0))
        needed = _LEAST_GAIN if chosen else 0.01
        if gain < needed or (chosen and not _goes_with(units[-index], claim, weights, total)):
            break
        unit = units[-index]
        chosen.append(unit)
        open_terms -= {term for term in open_terms if _match(term, unit.terms)}
    return sorted(chosen, key=lambda unit: (unit.passage.n, unit.start))


def _goes_with(unit: Unit, claim: _Claim, weights: Mapping[str, float], total: float) -> bool:
    """Whether a further unit speaks of what the claim speaks of, and does not only hold its number."""
    shared = claim.terms.intersection(words.terms(unit.text, claim.language))
    share = sum(weights.get(term, 1.0) for term in shared if not term[0].isdigit()) / total
    return len(shared) > 1 and share >= _LEAST_SHARE


def _match(term: str, known: frozenset[str]) -> float:
    """1 for the same term, less for a longer or shorter word of the same root, else 0."""
    if term in known:
        return 1.0
    if len(term) < _PREFIX or not term.isalpha():
        return 0.0
    root = term[: max(_PREFIX, len(term) - 3)]
    return _NEAR_MATCH if any(other.startswith(root) for other in known) else 0.0


def _missing(claim: _Claim, chosen: Sequence[Unit], background: str, units: Sequence[Unit]) -> list[str]:
    """Facts and names of the claim that its evidence does not hold."""
    evidence = facts.facts("\n".join(unit.text for unit in chosen), claim.language)
    around = facts.facts(background, claim.language)
    wanting = facts.missing(claim.facts, evidence | around)
    said = _folded("\n".join((*(unit.text for unit in units), background)))
    return [*wanting, *(name for name in sorted(claim.names) if not _says(name, said, claim.language))]


def _penalty(claim: _Claim, chosen: Sequence[Unit], near: Sequence[Unit], background: str) -> float:
    """A factor for a denial on one side only, and for names that the evidence itself does not say."""
    evidence = "\n".join(unit.text for unit in chosen)
    factor = _DENIED if denies_otherwise(claim.text, evidence, claim.language) else 1.0
    if any(substitutes(claim.text, unit.text, claim.language) for unit in chosen):
        factor *= _SUBSTITUTED
    return factor * _names_factor(claim, evidence, near, background)


def _names_factor(claim: _Claim, evidence: str, near: Sequence[Unit], background: str) -> float:
    """A name may stand in a sentence just before the evidence, if a pronoun there can mean it."""
    said = _folded(f"{evidence}\n{background}")
    absent = [name for name in claim.names if not _says(name, said, claim.language)]
    if not absent:
        return 1.0
    before = _folded("\n".join(unit.text for unit in near))
    meant = _PRONOUN.search(evidence) and all(_says(name, before, claim.language) for name in absent)
    return _MEANT_NAME if meant else _STRAY_NAME


def _near(chosen: Sequence[Unit], units: Sequence[Unit]) -> list[Unit]:
    """The chosen units and the few before each, which say whom a pronoun means."""
    reached = {
        (unit.passage.n, position)
        for unit in chosen
        for position in range(unit.position - _NEIGHBOURHOOD, unit.position + 1)
    }
    return [unit for unit in units if (unit.passage.n, unit.position) in reached]


def _meaning(text: str, chosen: Sequence[Unit], background: str, embed: Embed) -> float:
    """Cosine similarity of the sentence to its evidence, stretched to [0, 1]."""
    claim, evidence = embed([text, " ".join(unit.full for unit in chosen)])
    cosine = float(np.dot(claim, evidence))
    return min(1.0, max(0.0, (cosine - _COSINE_FLOOR) / (_COSINE_TOP - _COSINE_FLOOR)))


def _blend(recall: float, meaning: float) -> float:
    return recall * (1 - _WEIGHT_OF_MEANING) + meaning * _WEIGHT_OF_MEANING


# --- what a text says -----------------------------------------------------------------------


def _is_verbatim(text: str, unit: Unit) -> bool:
    """Whether the sentence is the unit word for word, or most of it."""
    said, known = _folded(text), _folded(unit.text)
    if len(said) < max(2.0, _VERBATIM_SHARE * len(known)) or f" {said} " not in f" {known} ":
        return False
    return words.negations(text) == words.negations(unit.text) and not facts.missing(
        facts.facts(text), facts.facts(unit.text)
    )


def _folded(text: str) -> str:
    """The words alone, in lower case; marks that carry meaning inside a word stay."""
    return " ".join(token.group().casefold() for token in words.tokens(text))


def _names(text: str, language: str) -> Iterable[str]:
    """Words with a capital that no sentence start explains, acronyms, and a first word that begins a name."""
    if language == "de":
        return
    found = words.tokens(text)
    for index, token in enumerate(found):
        word = token.group()
        if not word[0].isupper() or words.is_stop_word(word, language) or any(map(str.isdigit, word)):
            continue
        starts = index == 0 or re.search(r"[.!?:;\n|•\"“(]\s*\Z", text[: token.start()][-3:]) is not None
        if not starts or word[1:].isupper() or _begins_name(found, index, language):
            yield word


def _begins_name(found: Sequence[re.Match[str]], index: int, language: str) -> bool:
    following = found[index + 1].group() if index + 1 < len(found) else ""
    return following[:1].isupper() and not words.is_stop_word(following, language)


def _says(name: str, said: str, language: str) -> bool:
    """Whether folded text holds the name, in any inflection."""
    folded = _folded(name)
    if folded in said:
        return True
    root = words.stem(folded, language)
    return len(root) >= 3 and re.search(rf"(?:^|\s){re.escape(root)}", said) is not None


def _header_rows(text: str, found: Sequence[tuple[int, int]]) -> set[int]:
    """The positions of rows that stand above a table's rule (`|---|`)."""
    units = [text[start:end] for start, end in found]
    return {
        at
        for at, below in enumerate(units[1:])
        if set(below) <= set("|:- ") and "|" in below and "-" in below
    }


def _unit(passage: Passage, position: int, text: str, start: int, above: str) -> Unit:
    """A unit; a table row says what its header says too."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    is_row = text.startswith("|") or " | " in text or "\t" in text
    full = f"{above}\n{text}" if is_row else text
    return Unit(
        passage, position, start, start + len(text), text, frozenset(words.terms(full, language)), full
    )
