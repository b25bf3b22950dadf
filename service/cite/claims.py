"""A claim against the passages that it cites: the sentences it rests on, and what can be counted about both.

Up to three sentences that together cover the claim's content words are taken. Everything counted is a feature
of the learned support (`service/cite/support.py`); nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from service.cite import alignment
from service.cite.alignment import Alignment
from service.cite.read_passage import ReadPassage, ReadText, SourceSentence
from service.text import words
from service.text.names import says
from service.text.negation import denies_otherwise
from service.text.quantities import exact_values, is_number_or_date, missing

MAX_SENTENCES = 3
_LEAST_GAIN = 0.1
_LEAST_SHARE = 0.2
_WHOLE = 0.75
_NEIGHBOURHOOD = 3
_HEAD = 3
"""Content words at the beginning of a sentence that say what it is about."""
_PREFIX = 5
_NEAR_MATCH = 0.7
_PRONOUN = re.compile(
    r"\b(?:he|him|his|she|her|it|its|they|them|their|this|these|that|those|such|er|sie|ihr|es|il|elle|ils|elles"
    r"|él|ella|esto|lui|lei|hij|zij)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Claim(ReadText):
    """A sentence to be checked, taken apart."""

    @cached_property
    def term_set(self) -> frozenset[str]:
        """Each term once."""
        return frozenset(self.terms)

    @cached_property
    def number_terms(self) -> frozenset[str]:
        """The terms of numbers and dates, which may be written otherwise: that they agree is a rule."""
        told = (words.terms(word, self.language) for word in self.words if is_number_or_date(word))
        return frozenset(chain.from_iterable(told))


@dataclass(frozen=True)
class Comparison:
    """A claim beside its evidence: at least one passage.

    `weights` are inverse document frequencies; unknown terms weigh 1.
    """

    claim: Claim
    cited: Sequence[ReadPassage]
    weights: Mapping[str, float]

    @cached_property
    def sentences(self) -> list[SourceSentence]:
        """Those of all cited passages."""
        return [sentence for passage in self.cited for sentence in passage.sentences]

    @cached_property
    def total(self) -> float:
        """The weight of all terms of the claim."""
        return self._weight(self.claim.term_set)

    @cached_property
    def chosen(self) -> tuple[SourceSentence, ...]:
        """Up to three sentences, greedily: each adds a fair share of the claim; in the order of the text."""
        chosen: list[SourceSentence] = []
        open_terms = set(self.claim.term_set)
        while len(chosen) < MAX_SENTENCES:
            gain, sentence = self._most_gain(open_terms)
            if sentence is None or gain < (_LEAST_GAIN if chosen else 0.01):
                break
            if chosen and not self._goes_with(sentence):
                break
            chosen.append(sentence)
            open_terms -= {term for term in open_terms if match(term, sentence.terms)}
        return tuple(sorted(chosen, key=lambda sentence: (sentence.passage.n, sentence.start)))

    @cached_property
    def best(self) -> tuple[SourceSentence, Alignment]:
        """The sentence along which the claim lies best, of those that share most with it."""
        shared = sorted(self.sentences, key=lambda sentence: -len(sentence.terms & self.claim.term_set))[:2]
        among = list(dict.fromkeys((*self.chosen, *shared)))
        aligned = [(sentence, self._align(sentence)) for sentence in among]
        return max(aligned, key=lambda pair: pair[1].in_order)

    @cached_property
    def evidence(self) -> str:
        """The text of the chosen sentences."""
        return "\n".join(sentence.said.text for sentence in self.chosen)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Numbers, dates and identifiers of the claim that its evidence does not hold."""
        known = exact_values(self.evidence, self.claim.language)
        for passage in self.cited:
            known |= passage.background.values
        return tuple(missing(self.claim.values, known))

    @cached_property
    def changed(self) -> bool:
        """Whether a number, date or identifier stands where the evidence has another."""
        return alignment.changes_value(self.best[1], self.claim.language)

    def features(self) -> dict[str, float]:
        """Readable quantities; all but `units` and `terms` lie in [0, 1]."""
        claim, (sentence, lying) = self.claim, self.best
        above = claim.number_terms.union(*(passage.background.terms for passage in self.cited))
        known = above.union(*(one.terms for one in self.chosen))
        passage = above.union(*(one.terms for one in self.sentences)) - claim.number_terms
        open_terms = {term for term in claim.term_set if not match(term, known)}
        elsewhere = {term for term in open_terms if match(term, passage)}
        instead = dict(alignment.replaced(lying, sentence.terms | above, self.weights, claim.language))
        return {
            "recall": self._recall(known),
            "recall_of_one": max(self._recall(one.terms | above) for one in self.chosen),
            "in_order": lying.in_order,
            "longest": lying.longest,
            "elsewhere": self._weight(elsewhere) / self.total,
            "nowhere": self._weight(open_terms - elsewhere) / self.total,
            "instead": sum(instead.values()) / self.total,
            "instead_elsewhere": self._weight(instead.keys() & passage) / self.total,
            "covered": min(len(one.terms & claim.term_set) / max(1, len(one.terms)) for one in self.chosen),
            "heads": min(self._head(one) for one in self.chosen),
            "renamed": float(alignment.changes_name(lying, claim.language)),
            "number_lost": float(alignment.loses_value(lying, claim.language)),
            "name_lost": float(alignment.loses_name(lying, claim.language)),
            "denied": float(denies_otherwise(claim.text, self.evidence, claim.language)),
            "denied_in_place": float(alignment.changes_denial(lying)),
            "units": float(len(self.chosen)),
            "terms": float(min(30, len(claim.term_set))),
            **self._names(),
        }

    def _names(self) -> dict[str, float]:
        """The shares of names that the evidence does not say, that a pronoun may mean, that nothing says."""
        language, found = self.claim.language, self.claim.names
        if not found:
            return {"names_absent": 0.0, "names_meant": 0.0, "names_nowhere": 0.0}
        said = " ".join(
            [*(one.said.folded for one in self.chosen), *(one.background.folded for one in self.cited)]
        )
        absent = [name for name in found if not says(name, said, language)]
        before = " ".join(sentence.text.folded for sentence in self._near()) if absent else ""
        has_pronoun = _PRONOUN.search(self.evidence) is not None
        meant = [name for name in absent if has_pronoun and says(name, before, language)]
        everything = " ".join(sentence.text.folded for sentence in self.sentences) if absent else ""
        nowhere = [name for name in absent if not says(name, everything, language)]
        return {
            "names_absent": len(absent) / len(found),
            "names_meant": len(meant) / len(found),
            "names_nowhere": len(nowhere) / len(found),
        }

    def _near(self) -> list[SourceSentence]:
        """The chosen sentences and the few before each, which say whom a pronoun means."""
        reached = {
            (sentence.passage.n, position)
            for sentence in self.chosen
            for position in range(sentence.position - _NEIGHBOURHOOD, sentence.position + 1)
        }
        return [sentence for sentence in self.sentences if (sentence.passage.n, sentence.position) in reached]

    def _most_gain(self, open_terms: set[str]) -> tuple[float, SourceSentence | None]:
        """The sentence that holds most of the terms still open, the earlier of equals, and its share."""
        best, chosen = 0.0, None
        for sentence in self.sentences:
            gain = sum(self.weights.get(term, 1.0) * match(term, sentence.terms) for term in open_terms)
            if gain > best:
                best, chosen = gain, sentence
        return best / self.total, chosen

    def _goes_with(self, sentence: SourceSentence) -> bool:
        """Whether the claim says all of a further sentence, or they share a subject and not only a number."""
        if len(sentence.terms & self.claim.term_set) >= _WHOLE * len(sentence.terms):
            return True
        shared = self.claim.term_set.intersection(sentence.text.terms)
        share = self._weight(term for term in shared if not term[0].isdigit()) / self.total
        return len(shared) > 1 and share >= _LEAST_SHARE

    def _align(self, sentence: SourceSentence) -> Alignment:
        return alignment.align(self.claim.words, sentence.said.words, self.claim.language)

    def _head(self, sentence: SourceSentence) -> float:
        """The share of a sentence's first content words that the claim has; a pronoun may mean anything."""
        first = sentence.said.terms[:_HEAD]
        begins = sentence.text.folded.split(" ", 1)[0]
        if _PRONOUN.fullmatch(begins) or not first:
            return 1.0
        return sum(term in self.claim.term_set for term in first) / len(first)

    def _recall(self, known: frozenset[str]) -> float:
        return (
            sum(self.weights.get(term, 1.0) * match(term, known) for term in self.claim.term_set) / self.total
        )

    def _weight(self, terms: Iterable[str]) -> float:
        return sum(self.weights.get(term, 1.0) for term in terms)


def match(term: str, known: frozenset[str]) -> float:
    """1 for the same term, less for a longer or shorter word of the same root, else 0."""
    if term in known:
        return 1.0
    if len(term) < _PREFIX or not term.isalpha():
        return 0.0
    root = term[: max(_PREFIX, len(term) - 3)]
    return _NEAR_MATCH if any(other.startswith(root) for other in known) else 0.0
