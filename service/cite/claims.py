"""A sentence against the passages that it cites: the units it rests on, and what can be counted about both.

Up to three units that together cover the sentence's content words are taken. Everything counted is a feature
of the learned support (`service/cite/support.py`); nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from service.cite import alignment
from service.cite.alignment import Alignment
from service.cite.units import Evidence, Unit
from service.text import quantities as facts
from service.text import words
from service.text.names import folded, names, says
from service.text.negation import denies_otherwise
from service.text.quantities import Facts

MOST_UNITS = 3
_LEAST_GAIN = 0.1
_LEAST_SHARE = 0.2
_WHOLE = 0.75
_NEIGHBOURHOOD = 3
_HEAD = 3
"""Content words at the beginning of a unit that say what it is about."""
_PREFIX = 5
_NEAR_MATCH = 0.7
_PRONOUN = re.compile(
    r"\b(?:he|him|his|she|her|it|its|they|them|their|this|these|that|those|such|er|sie|ihr|es|il|elle|ils|elles"
    r"|él|ella|esto|lui|lei|hij|zij)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence to be checked, taken apart."""

    text: str
    language: str
    words: tuple[str, ...] = field(init=False)
    terms: frozenset[str] = field(init=False)
    told: frozenset[str] = field(init=False)
    """The terms of numbers and dates, which may be written otherwise: that they agree is a rule."""
    facts: Facts = field(init=False)
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Takes the text apart."""
        object.__setattr__(self, "words", tuple(token.group() for token in words.tokens(self.text)))
        object.__setattr__(self, "terms", frozenset(words.terms(self.text, self.language)))
        told = (words.terms(word, self.language) for word in self.words if facts.tells(word))
        object.__setattr__(self, "told", frozenset(chain.from_iterable(told)))
        object.__setattr__(self, "facts", facts.facts(self.text, self.language))
        object.__setattr__(self, "names", frozenset(names(self.text, self.language)))


@dataclass(frozen=True)
class Comparison:
    """A claim beside its evidence. `weights` are inverse document frequencies; unknown terms weigh 1."""

    claim: Claim
    units: Sequence[Unit]
    background: str
    weights: Mapping[str, float]

    @cached_property
    def total(self) -> float:
        """The weight of all terms of the claim."""
        return self._weight(self.claim.terms)

    @cached_property
    def chosen(self) -> tuple[Unit, ...]:
        """Up to three units, greedily: each adds a fair share of the claim; in the order of the text."""
        chosen: list[Unit] = []
        open_terms = set(self.claim.terms)
        while len(chosen) < MOST_UNITS:
            gain, unit = self._most_gain(open_terms)
            if unit is None or gain < (_LEAST_GAIN if chosen else 0.01):
                break
            if chosen and not self._goes_with(unit):
                break
            chosen.append(unit)
            open_terms -= {term for term in open_terms if match(term, unit.terms)}
        return tuple(sorted(chosen, key=lambda unit: (unit.passage.n, unit.start)))

    @cached_property
    def best(self) -> tuple[Unit, Alignment]:
        """The unit along which the claim lies best, of those that share most with it."""
        shared = sorted(self.units, key=lambda unit: -len(unit.terms & self.claim.terms))[:2]
        among = list(dict.fromkeys((*self.chosen, *shared)))
        aligned = [(unit, self._align(unit)) for unit in among]
        return max(aligned, key=lambda pair: pair[1].in_order)

    @cached_property
    def evidence(self) -> str:
        """The text of the chosen units."""
        return "\n".join(unit.said for unit in self.chosen)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Numbers, dates and identifiers of the claim that its evidence does not hold."""
        known = facts.facts(self.evidence, self.claim.language)
        around = facts.facts(self.background, self.claim.language)
        return tuple(facts.missing(self.claim.facts, known | around))

    @cached_property
    def changed(self) -> bool:
        """Whether a number, date or identifier stands where the evidence has another."""
        return alignment.changes_fact(self.best[1], self.claim.language)

    def features(self) -> dict[str, float]:
        """Readable quantities; all but `units` and `terms` lie in [0, 1]."""
        claim, (unit, lying) = self.claim, self.best
        above = claim.told.union(words.terms(self.background, claim.language))
        known = above.union(*(one.terms for one in self.chosen))
        passage = above.union(*(one.terms for one in self.units)) - claim.told
        open_terms = {term for term in claim.terms if not match(term, known)}
        elsewhere = {term for term in open_terms if match(term, passage)}
        instead = dict(alignment.replaced(lying, unit.terms | above, self.weights, claim.language))
        return {
            "recall": self._recall(known),
            "recall_of_one": max(self._recall(one.terms | above) for one in self.chosen),
            "in_order": lying.in_order,
            "longest": lying.longest,
            "elsewhere": self._weight(elsewhere) / self.total,
            "nowhere": self._weight(open_terms - elsewhere) / self.total,
            "instead": sum(instead.values()) / self.total,
            "instead_elsewhere": self._weight(instead.keys() & passage) / self.total,
            "covered": min(len(one.terms & claim.terms) / max(1, len(one.terms)) for one in self.chosen),
            "heads": min(self._head(one) for one in self.chosen),
            "renamed": float(alignment.changes_name(lying, claim.language)),
            "number_lost": float(alignment.loses_fact(lying, claim.language)),
            "name_lost": float(alignment.loses_name(lying, claim.language)),
            "denied": float(denies_otherwise(claim.text, self.evidence, claim.language)),
            "denied_in_place": float(alignment.changes_denial(lying)),
            "units": float(len(self.chosen)),
            "terms": float(min(30, len(claim.terms))),
            **self._names(),
        }

    def _names(self) -> dict[str, float]:
        """The shares of names that the evidence does not say, that a pronoun may mean, that nothing says."""
        language, found = self.claim.language, self.claim.names
        if not found:
            return {"names_absent": 0.0, "names_meant": 0.0, "names_nowhere": 0.0}
        said = folded(f"{self.evidence}\n{self.background}")
        absent = [name for name in found if not says(name, said, language)]
        before = " ".join(unit.folded for unit in self._near()) if absent else ""
        has_pronoun = _PRONOUN.search(self.evidence) is not None
        meant = [name for name in absent if has_pronoun and says(name, before, language)]
        everything = " ".join(unit.folded for unit in self.units) if absent else ""
        nowhere = [name for name in absent if not says(name, everything, language)]
        return {
            "names_absent": len(absent) / len(found),
            "names_meant": len(meant) / len(found),
            "names_nowhere": len(nowhere) / len(found),
        }

    def _near(self) -> list[Unit]:
        """The chosen units and the few before each, which say whom a pronoun means."""
        reached = {
            (unit.passage.n, position)
            for unit in self.chosen
            for position in range(unit.position - _NEIGHBOURHOOD, unit.position + 1)
        }
        return [unit for unit in self.units if (unit.passage.n, unit.position) in reached]

    def _most_gain(self, open_terms: set[str]) -> tuple[float, Unit | None]:
        """The unit that holds most of the terms still open, the earlier of equals, and its share."""
        best, chosen = 0.0, None
        for unit in self.units:
            gain = sum(self.weights.get(term, 1.0) * match(term, unit.terms) for term in open_terms)
            if gain > best:
                best, chosen = gain, unit
        return best / self.total, chosen

    def _goes_with(self, unit: Unit) -> bool:
        """Whether the claim says all of a further unit, or they share a subject and not only a number."""
        if len(unit.terms & self.claim.terms) >= _WHOLE * len(unit.terms):
            return True
        shared = self.claim.terms.intersection(words.terms(unit.text, self.claim.language))
        share = self._weight(term for term in shared if not term[0].isdigit()) / self.total
        return len(shared) > 1 and share >= _LEAST_SHARE

    def _align(self, unit: Unit) -> Alignment:
        known = [token.group() for token in words.tokens(unit.said)]
        return alignment.align(self.claim.words, known, self.claim.language)

    def _head(self, unit: Unit) -> float:
        """The share of a unit's first content words that the claim has; a pronoun may mean anything."""
        first = words.terms(unit.said, self.claim.language)[:_HEAD]
        begins = unit.folded.split(" ", 1)[0]
        if _PRONOUN.fullmatch(begins) or not first:
            return 1.0
        return sum(term in self.claim.terms for term in first) / len(first)

    def _recall(self, known: frozenset[str]) -> float:
        return sum(self.weights.get(term, 1.0) * match(term, known) for term in self.claim.terms) / self.total

    def _weight(self, terms: Iterable[str]) -> float:
        return sum(self.weights.get(term, 1.0) for term in terms)


def compare(text: str, cited: Sequence[Evidence], weights: Mapping[str, float]) -> Comparison:
    """The sentence beside the passages that it cites; there must be one."""
    return Comparison(
        claim=Claim(text, cited[0].language),
        units=[unit for evidence in cited for unit in evidence.units],
        background="\n".join(evidence.background for evidence in cited),
        weights=weights,
    )


def match(term: str, known: frozenset[str]) -> float:
    """1 for the same term, less for a longer or shorter word of the same root, else 0."""
    if term in known:
        return 1.0
    if len(term) < _PREFIX or not term.isalpha():
        return 0.0
    root = term[: max(_PREFIX, len(term) - 3)]
    return _NEAR_MATCH if any(other.startswith(root) for other in known) else 0.0
