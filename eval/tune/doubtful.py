"""Questions whose documents were taken out, and that may have an answer all the same: they are left out.

Labels name the documents that answer; whether others do as well, they do not say. Four rules find where it is
likely. They look at words alone, never at a score, so that what is hard to decide stays in:

    alike          in lists of answers to frequent questions (`FAQS`): a question about another answer shares
                   words with it
    of many        each of its words stands in passages of three other documents: "How was the study done?"
    elsewhere      another passage holds its gold answer close to most of what it asks
    of the latest  of editions (`EDITIONS`) the one before is the latest, once that is gone
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from eval.collect import Collected, Collection
from eval.halves import EDITIONS, FAQS
from eval.labelled.types import LabelledQuestion, folded
from service.text import words
from service.text.sentences import spans
from service.types import Hit

_ALIKE = 0.3
"""Share of the terms of two questions that both have."""
_MANY = 3
_CLOSE = 0.6
"""Share of the question's other terms, by rarity, that must stand beside the answer. By hand, three of four
such passages of SQuAD 2 answer; of those with .5 to .6 one of two."""
_LATEST = re.compile(r"\b(?:latest|most recent|newest)\b", re.IGNORECASE)
_PASSAGES = 16_384
"""How many are remembered: every question finds some of the same."""
_NUMBER = re.compile(r"\d{3}|\d\s?[%°]|[$€£]\s?\d")


@dataclass(frozen=True)
class Doubtful:
    """What must be known of a collection to say which of its questions may have another answer."""

    questions: frozenset[str]
    """Those of which that is so whatever is found for them."""
    answers: Mapping[str, frozenset[str]]
    """The gold answers, by question."""
    weights: Mapping[str, float]

    @classmethod
    def of(cls, collection: Collection) -> Doubtful:
        """That of the collection."""
        found = {item.question.text for item in collection.items if _of_many(item)}
        if collection.name in FAQS:
            found |= alike_questions(collection)
        if collection.name in EDITIONS:
            found |= {item.question.text for item in collection.items if _of_the_latest(item.question)}
        answers: dict[str, set[str]] = defaultdict(set)
        for item in collection.items:
            answers[item.question.text].update(item.question.answers)
        passages = {hit.chunk.id: hit for item in collection.items for hit in item.found.hits}
        weights = words.weights(map(_terms, passages.values())) if any(answers.values()) else {}
        return cls(frozenset(found), {text: frozenset(known) for text, known in answers.items()}, weights)

    def has(self, question: str, hits: Sequence[Hit]) -> bool:
        """Whether the question, asked without its documents, may be answered by what was found."""
        return question in self.questions or self._elsewhere(question, hits)

    def _elsewhere(self, question: str, hits: Sequence[Hit]) -> bool:
        asked = frozenset(words.terms(question))
        telling = [one for one in self.answers.get(question, ()) if _says_something(one, asked)]
        return any(
            self._share(asked - frozenset(words.terms(answer)), frozenset(words.terms(beside))) >= _CLOSE
            for answer in telling
            for hit in hits
            if folded(answer) in _folded(hit.chunk.indexed_text)
            for beside in _beside(folded(answer), hit)
        )

    def _share(self, asked: frozenset[str], known: frozenset[str]) -> float:
        total = sum(self.weights.get(term, 1.0) for term in asked)
        return sum(self.weights.get(term, 1.0) for term in asked & known) / total if total else 0.0


def alike_questions(collection: Collection) -> frozenset[str]:
    """The questions that share many of their terms with one that is about other documents."""
    asked = [item.question for item in collection.items]
    terms = [frozenset(words.terms(one.text)) for one in asked]
    return frozenset(
        one.text
        for one, its in zip(asked, terms, strict=True)
        if any(
            len(its & others) >= _ALIKE * len(its | others) > 0
            for other, others in zip(asked, terms, strict=True)
            if one.relevant.keys().isdisjoint(other.relevant)
        )
    )


def _of_many(item: Collected) -> bool:
    asked = frozenset(words.terms(item.question.text))
    hits = item.removed.hits if item.removed is not None else ()
    return len({hit.document.id for hit in hits if asked <= _terms(hit)}) >= _MANY


def _of_the_latest(question: LabelledQuestion) -> bool:
    return len(question.relevant) == 1 and _LATEST.search(question.text) is not None


def _says_something(answer: str, asked: frozenset[str]) -> bool:
    """Whether an answer has a name, a number of some length or with its unit, or two words of its own."""
    its = [token.group() for token in words.word_spans(answer)]
    new = [word for word in its if (terms := words.terms(word)) and not asked.issuperset(terms)]
    return bool(new) and (len(new) > 1 or new[0][0].isupper() or _NUMBER.search(answer) is not None)


def _beside(answer: str, hit: Hit) -> Iterator[str]:
    """The one or two sentences that hold the answer with the one before, title and headings."""
    text = hit.chunk.text
    sentences = [text[start:end] for start, end in spans(text)]
    around = " ".join((hit.document.title, *hit.chunk.heading_path))
    for place in range(len(sentences)):
        for count in (1, 2):
            if answer in folded(" ".join(sentences[place : place + count])):
                yield " ".join((around, *sentences[max(0, place - 1) : place + count]))
                break


def _terms(hit: Hit) -> frozenset[str]:
    return _terms_of(hit.chunk.indexed_text, hit.chunk.language)


@lru_cache(maxsize=_PASSAGES)
def _terms_of(text: str, language: str) -> frozenset[str]:
    return frozenset(words.terms(text, language))


@lru_cache(maxsize=_PASSAGES)
def _folded(text: str) -> str:
    return folded(text)
