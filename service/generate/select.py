"""Which sentences of the passages answer a question best, and how to show them.

Words first, because they cost nothing: the question's terms weighed by rarity, the kind of answer that is
asked for, the place of the passage. The best few are then compared with the question by embedding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service import words
from service.markers import disarm
from service.sentences import spans
from service.types import Context, Passage, Vector

Embed = Callable[[Sequence[str]], Vector]
"""Texts to unit vectors of shape (texts, dimension)."""

_CANDIDATES = 5
_SHORTEST, _LONGEST = 3, 90
"""Words of a sentence that can be given as an answer."""
_LONGEST_HEADING = 12
"""Shorter lines without a full stop are headings, unless they are list items or `name: value`."""
_KEEP_ABOVE = 0.8
"""A further sentence is given when its score reaches this share of the best one's."""
_ALIKE = 0.7
_MEANING, _WORDS, _CUE, _PLACE = 0.45, 0.40, 0.15, 0.10

_ASKS_TIME = re.compile(r"\b(when|what (year|date|day|month|time)|wann|quand|cuándo|quando|wanneer)\b", re.I)
_ASKS_AMOUNT = re.compile(
    r"\b(how (many|much|long|often|old|far|high|large|big|fast|deep|heavy)"
    r"|what (percentage|percent|number|amount)|wie ?(viele?|lange|hoch|oft)|combien"
    r"|cuánt[oa]s?|quant[oie])\b",
    re.I,
)
_ASKS_PERSON = re.compile(r"\b(who|whom|whose|wer|wem|qui|quién|chi|wie is)\b", re.I)
_LEANS_BACK = re.compile(
    r"(?:this|that|these|those|it|its|they|their|he|his|she|her|such|the (?:former|latter)|also|however"
    r"|then|dies|diese[rsnm]?|sie|er|es|dabei|il|elle|ils|elles|cela)\b",
    re.I,
)
_DIGIT = re.compile(r"\d")
_RULE = re.compile(r"[\s|:+-]*\Z")
_LIST_MARKER = re.compile(r"^\s*(?:[-*+•‣◦▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or table row as it can be shown; `position` counts the units of its passage."""

    passage: Passage
    position: int
    text: str
    terms: frozenset[str]
    is_row: bool = False

    @property
    def language(self) -> str:
        """The language of the passage."""
        return self.passage.hits[0].chunk.language if self.passage.hits else "en"


def select(question: str, context: Context, embed: Embed, limit: int) -> list[Candidate]:
    """At most `limit` sentences that answer `question`, best passage first, in the order of the text."""
    candidates = [candidate for passage in context.passages for candidate in _candidates(passage)]
    if not candidates:
        return []
    scores = _scores(question, candidates, embed, max(_CANDIDATES, limit))
    chosen = _choose(candidates, scores, limit)
    best = {c.passage.n: max(scores[id(o)] for o in chosen if o.passage is c.passage) for c in chosen}
    chosen = _with_what_they_lean_on(chosen, candidates, limit)
    return sorted(chosen, key=lambda c: (-best[c.passage.n], c.passage.n, c.position))


def _candidates(passage: Passage) -> list[Candidate]:
    """What of a passage can be shown: whole sentences and rows with their header, no headings or rules."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    text = disarm(passage.text)
    units = [text[start:end] for start, end in spans(text)]
    header = _cells(disarm(passage.header).split("\n")[0])
    found: list[Candidate] = []
    for position, unit in enumerate(units):
        following = units[position + 1] if position + 1 < len(units) else ""
        if "|" in following and _RULE.match(following):
            header = _cells(unit)
            continue
        is_row = unit.startswith("|") or " | " in unit or "\t" in unit
        shown = _row(unit, header) if is_row else _sentence(unit)
        if shown:
            terms = frozenset(words.terms(shown, language))
            found.append(Candidate(passage, position, shown, terms, is_row))
    return found


def _sentence(unit: str) -> str:
    """A sentence without its list marker and line breaks; empty when it is a heading or a fragment."""
    text = " ".join(_LIST_MARKER.sub("", unit).split())
    count = len(words.tokens(text))
    is_item = _LIST_MARKER.match(unit) is not None and not unit.lstrip()[:1].isdigit()
    is_heading = count < _LONGEST_HEADING and text[-1:].isalnum() and ": " not in text and not is_item
    if unit.lstrip().startswith("#") or is_heading or text.endswith(":"):
        return ""
    return text if _SHORTEST <= count <= _LONGEST else ""


def _row(unit: str, header: Sequence[str]) -> str:
    """A table row as `Header: cell; Header: cell.`; empty for a rule or an empty row."""
    cells = _cells(unit)
    if not any(any(map(str.isalnum, cell)) for cell in cells):
        return ""
    named = len(header) == len(cells) and list(header) != cells
    pairs = [
        f"{name}: {cell}" if named and name else cell for name, cell in _pairs(header, cells, named) if cell
    ]
    # A full stop inside a cell would cut the row in two when it is read back.
    return re.sub(r"[.!?]+\s+", "; ", "; ".join(pairs)).rstrip(".;") + "."


def _pairs(header: Sequence[str], cells: Sequence[str], named: bool) -> list[tuple[str, str]]:
    return list(zip(header, cells, strict=True)) if named else [("", cell) for cell in cells]


def _cells(row: str) -> list[str]:
    parts = re.split(r"(?<!\\)\||\t", row.strip().strip("|"))
    return [" ".join(part.split()) for part in parts]


def _scores(question: str, candidates: Sequence[Candidate], embed: Embed, embedded: int) -> dict[int, float]:
    """The score by `id` of the candidates that words put first; only so many are embedded."""
    weights = words.weights(candidate.terms for candidate in candidates)
    places = _places(candidates)
    asked = {lang: frozenset(words.terms(question, lang)) for lang in {c.language for c in candidates}}
    by_words = {
        id(c): _by_words(question, asked[c.language], c, weights) + _PLACE * places[c.passage.n]
        for c in candidates
    }
    first = sorted(candidates, key=lambda candidate: -by_words[id(candidate)])[:embedded]
    vectors = embed([question, *(candidate.text for candidate in first)])
    cosines = np.maximum(0.0, vectors[1:] @ vectors[0])
    return {
        id(c): by_words[id(c)] + _MEANING * float(cosine) for c, cosine in zip(first, cosines, strict=True)
    }


def _by_words(
    question: str, asked: frozenset[str], candidate: Candidate, weights: Mapping[str, float]
) -> float:
    """Shared terms by rarity, half as much for those of the headings above, and the asked kind of answer."""
    total = sum(weights.get(term, 1.0) for term in asked) or 1.0
    headings = set(words.terms(" ".join(candidate.passage.heading_path), candidate.language))
    shared = sum(weights.get(term, 1.0) for term in asked & candidate.terms)
    around = sum(weights.get(term, 1.0) for term in (asked & headings) - candidate.terms)
    return _WORDS * (shared + around / 2) / total + _CUE * _cue(question, candidate, asked)


def _places(candidates: Sequence[Candidate]) -> dict[int, float]:
    """By passage number, 1 for the best hit's passage, 1/2 for the next: numbers go out from both ends."""
    passages = {c.passage.n: c.passage for c in candidates}
    ranked = sorted(passages.values(), key=_strength, reverse=True)
    return {passage.n: 1 / (1 + rank) for rank, passage in enumerate(ranked)}


def _strength(passage: Passage) -> tuple[float, float]:
    """The scores that its best hit was ranked by."""
    reranked = max((hit.rerank_score for hit in passage.hits if hit.rerank_score is not None), default=0.0)
    return reranked, max((hit.fused.score for hit in passage.hits), default=0.0)


def _cue(question: str, candidate: Candidate, asked: frozenset[str]) -> float:
    """1 when the sentence holds the kind of thing that the question asks for, beyond what it names itself."""
    if _ASKS_TIME.search(question) or _ASKS_AMOUNT.search(question):
        return float(any(_DIGIT.match(term) for term in candidate.terms - asked))
    if _ASKS_PERSON.search(question):
        found = words.tokens(candidate.text)[1:]
        return float(
            any(t.group()[0].isupper() and t.group().casefold() not in question.casefold() for t in found)
        )
    return 0.0


def _choose(candidates: Sequence[Candidate], scores: Mapping[int, float], limit: int) -> list[Candidate]:
    """The best candidate and those that come close to it and add something."""
    ranked = sorted((c for c in candidates if id(c) in scores), key=lambda candidate: -scores[id(candidate)])
    floor = _KEEP_ABOVE * scores[id(ranked[0])]
    chosen: list[Candidate] = []
    for candidate in ranked:
        if len(chosen) == limit or scores[id(candidate)] < floor:
            break
        if all(_overlap(candidate.terms, other.terms) < _ALIKE for other in chosen):
            chosen.append(candidate)
    return chosen


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _with_what_they_lean_on(
    chosen: Sequence[Candidate], candidates: Sequence[Candidate], limit: int
) -> list[Candidate]:
    """The chosen sentences, each that begins with a pronoun after the sentence it refers to."""
    at = {(c.passage.n, c.position): c for c in candidates if not c.is_row}
    result = list(chosen)
    for candidate in chosen:
        before = at.get((candidate.passage.n, candidate.position - 1))
        if before is None or before in result or len(result) >= limit:
            continue
        if _LEANS_BACK.match(candidate.text):
            result.append(before)
    return result
