"""The evidence for an answer in numbers that do not depend on the size of the corpus.

Each is computed from the question and the hits alone. Nothing is normalised by the best of the corpus or
taken from a rank over all of it: that would tell which passage is missing. The order of the hits matters only
in that the first ones are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service import facts, words
from service.denial import denies_otherwise
from service.evidence import evidence
from service.evidence.matches import Floats
from service.sentences import spans
from service.types import Found, Hit, Question

READ = 16
"""How many of the hits are read token by token."""
_READ_AS_TEXT = 8
_TOP_RANK = 5
_LONGEST_SPAN = 2
"""Sentences that may share the question's terms between them."""

FROM_TEXT = (
    "coverage",
    "coverage_hit",
    "names",
    "names_hit",
    "codes",
    "identifiers",
    "missing_facts",
    "asked_kind",
    "negation",
    "denied",
    "dense",
    "dense_gap",
    "agreement",
)
FROM_EVIDENCE = (
    "weakest",
    "window_24",
    "window_48",
    "pooled_24",
)
FROM_TOKENS = (*FROM_EVIDENCE, "gap")

_ASKS_TIME = re.compile(r"\b(when|what (year|date|day|month|time)|wann|quand|cuándo|quando|wanneer)\b", re.I)
_ASKS_AMOUNT = re.compile(
    r"\b(how (many|much|long|often|old|far|high|large|big|fast|deep|heavy)"
    r"|what (percentage|percent|number|amount)|wie ?(viele?|lange|hoch|oft)|combien|cuánt[oa]s?"
    r"|quant[oie])\b",
    re.I,
)
_ASKS_NAME = re.compile(
    r"\b(who|whom|whose|where|wer|wem|wo|qui|où|quién|dónde|chi|dove|wie is|waar)\b", re.I
)


def features(found: Found, rarity: Floats) -> dict[str, float]:
    """The evidence of at least one hit; `rarity` gives each token id of the embedder's tokenizer a weight.

    From the text: `coverage`, share of the question's terms, by rarity among the hits, in the best one or two
    sentences and the headings above; `coverage_hit`, that in the best hit; `names` and `codes`, share of its
    proper names, of its numbers and codes in those sentences; `names_hit`, that of the names in one hit;
    `identifiers`, share of its part numbers, error codes and the like in any hit; `missing_facts`, how many
    numbers, dates and codes of it those sentences lack; `asked_kind`, 1 where they hold a number, date or
    name as the question wants, -1 where they do not, 0 where it wants none; `negation` of the question and
    `denied`, 1 if those sentences deny otherwise; `dense`, best cosine similarity, and `dense_gap`, how far
    it is above the mean of the best ten; `agreement`, share of the top five places that both lists give to
    the same chunks.

    From the tokens: those of `service.evidence`, the best over the hits; `gap`, how far the best window is
    above the middle one. Without token vectors of question or hits they are left out.
    """
    named = _from_text(found.question, found.hits[:_READ_AS_TEXT]) | _from_search(found.hits)
    read = [hit for hit in found.hits[:READ] if hit.tokens is not None and len(hit.tokens.ids)]
    asked = found.question.vectors.tokens
    if not read or asked is None or not len(asked.ids):
        return named
    seen = evidence(found.question, read, rarity)
    best = {name: float(seen[name].max()) for name in FROM_EVIDENCE}
    windows = seen["window_48"]
    return named | best | {"gap": float(windows.max() - np.median(windows))}


# --- from the text -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring sentences of a hit: their text, and their terms with those of the headings above."""

    text: str
    terms: frozenset[str]


def _from_text(question: Question, hits: Sequence[Hit]) -> dict[str, float]:
    text, language = question.text, hits[0].chunk.language
    asked = words.terms(text, language)
    passages = [frozenset(words.terms(hit.chunk.indexed_text, hit.chunk.language)) for hit in hits]
    weights = words.weights(passages)
    shares = [(_share(frozenset(asked), run.terms, weights), run) for hit in hits for run in _runs(hit)]
    coverage, best = max(shares, key=lambda pair: pair[0])
    return {
        "coverage": coverage,
        "coverage_hit": max(_share(frozenset(asked), passage, weights) for passage in passages),
        "names": _share(_names(text, language), best.terms, weights),
        "names_hit": max(_share(_names(text, language), passage, weights) for passage in passages),
        "codes": _share(frozenset(filter(_has_digit, asked)), best.terms, weights),
        "identifiers": _share(frozenset(words.identifiers(text)), frozenset[str]().union(*passages), weights),
        "missing_facts": float(
            len(facts.missing(facts.facts(text, language), facts.facts(best.text, language)))
        ),
        "asked_kind": _asked_kind(text, best.text),
        "negation": float(bool(words.negations(text))),
        "denied": float(bool(asked) and bool(best.terms) and denies_otherwise(text, best.text, language)),
    }


def _runs(hit: Hit) -> Iterator[_Run]:
    """Each run of neighbouring sentences."""
    chunk = hit.chunk
    above = frozenset(words.terms(" ".join((*chunk.heading_path, chunk.header)), chunk.language))
    found = spans(chunk.text) or [(0, len(chunk.text))]
    terms = [frozenset(words.terms(chunk.text[start:end], chunk.language)) for start, end in found]
    for index in range(len(found)):
        last = min(index + _LONGEST_SPAN, len(found)) - 1
        yield _Run(
            chunk.text[found[index][0] : found[last][1]], above.union(*terms[index : index + _LONGEST_SPAN])
        )


def _share(asked: frozenset[str], known: frozenset[str], weights: Mapping[str, float]) -> float:
    """The weighted share of `asked` in `known`; 1 where nothing is asked. Terms that no hit holds weigh 1."""
    total = sum(weights.get(term, 1.0) for term in asked)
    return sum(weights.get(term, 1.0) for term in asked & known) / total if total else 1.0


def _has_digit(term: str) -> bool:
    return any(map(str.isdigit, term))


def _names(text: str, language: str) -> frozenset[str]:
    """The terms of words that are written with a capital inside the question."""
    found = [token.group() for token in words.tokens(text)[1:] if token.group()[0].isupper()]
    return frozenset(term for name in found for term in words.terms(name, language))


def _asked_kind(question: str, text: str) -> float:
    """Whether a text holds a number or name, as the question wants, that the question does not hold."""
    known = question.casefold()
    new = [token.group() for token in words.tokens(text) if token.group().casefold() not in known]
    if _ASKS_TIME.search(question) or _ASKS_AMOUNT.search(question):
        return 1.0 if any(map(_has_digit, new)) else -1.0
    if _ASKS_NAME.search(question):
        return 1.0 if any(word[0].isupper() for word in new[1:]) else -1.0
    return 0.0


def _from_search(hits: Sequence[Hit]) -> dict[str, float]:
    scores = sorted(
        (hit.fused.dense_score for hit in hits if hit.fused.dense_score is not None), reverse=True
    )
    both = sum(_is_high(hit.fused.dense_rank) and _is_high(hit.fused.sparse_rank) for hit in hits)
    if not scores:
        return {"dense": 0.0, "dense_gap": 0.0, "agreement": 0.0}
    gap = scores[0] - float(np.mean(scores[:10]))
    return {"dense": scores[0], "dense_gap": gap, "agreement": both / _TOP_RANK}


def _is_high(rank: int | None) -> bool:
    return rank is not None and rank <= _TOP_RANK
