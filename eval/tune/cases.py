"""Questions with what is found for them, each known to be answerable or not: what deciding learns from.

    answerable    the documents that answer are in the corpus
    removed       they were taken out of it: what happens in companies
    off_topic     the question is about another corpus
    adversarial   written by people to look answerable (SQuAD 2's, the golden set's)
    altered       an answerable question with a name, a number or a word replaced; see `alter.py`

A question is not asked without its documents where others may answer it as well, whatever the labels say
(`doubtful.py`). Of editions (`EDITIONS`) no name or number is replaced: another one is asked for then.

Some answerable questions and some of those without their documents are asked in a corpus of 1, 3 or 10
documents, where ranks and the rarity of words mean little.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.collect import Collected, Collection, ask
from eval.halves import EDITIONS
from eval.labelled.types import ANSWERS, is_relevant, relevance
from eval.tune.alter import altered, names
from eval.tune.doubtful import Doubtful
from service.local_engine import LocalEngine
from service.types import Filters, Found, Hit

Kind = Literal["answerable", "removed", "off_topic", "adversarial", "altered"]
KINDS: tuple[Kind, ...] = ("answerable", "removed", "off_topic", "adversarial", "altered")

OFF_TOPIC, ALTERED, FEW = 120, 200, 120
"""How many cases of these kinds a set gives at most."""
FEW_DOCUMENTS = (1, 3, 10)
_SEED = 17
_READ = 8


@dataclass(frozen=True, slots=True)
class DecisionCase:
    """One question with what was found; `group` is the article or document that it is about.

    `right` are the chunks that answer. `documents` is the size of a corpus made small, else 0.
    """

    set: str
    kind: Kind
    group: str
    found: Found
    right: frozenset[str] = frozenset()
    documents: int = 0

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds an answer."""
        return self.kind == "answerable"


def cases(collection: Collection, engine: LocalEngine, strangers: Sequence[str]) -> tuple[DecisionCase, ...]:
    """All kinds of cases of one set. `strangers` are questions about other corpora."""
    draw = random.Random(f"{_SEED}-{collection.name}")
    shared = {hit.chunk.id: hit for item in collection.items for hit in item.found.hits}
    asking = _Asking(collection, engine, shared, draw)
    made = (*_collected(collection), *asking.off_topic(strangers), *asking.altered(), *asking.few())
    doubtful = Doubtful.of(collection)
    return tuple(
        case
        for case in made
        if case.found.hits
        and not (case.kind == "removed" and doubtful.has(case.found.question.text, case.found.hits))
    )


def _collected(collection: Collection) -> Iterator[DecisionCase]:
    for item in collection.items:
        asked = item.question
        if not asked.answerable:
            yield DecisionCase(collection.name, "adversarial", asked.group, item.found)
        elif right := _right(item, item.found.hits):
            yield DecisionCase(collection.name, "answerable", asked.group, item.found, right)
            if item.removed is not None:
                yield DecisionCase(collection.name, "removed", asked.group, item.removed)


def _right(item: Collected, hits: Sequence[Hit]) -> frozenset[str]:
    return frozenset(hit.chunk.id for hit in hits if relevance(item.question, hit) == ANSWERS)


@dataclass(frozen=True)
class _Asking:
    """Asks a set's engine more than was collected."""

    collection: Collection
    engine: LocalEngine
    shared: dict[str, Hit]
    draw: random.Random

    def off_topic(self, strangers: Sequence[str]) -> Iterator[DecisionCase]:
        """Questions about something else; each is its own group."""
        for text in self.draw.sample(strangers, min(OFF_TOPIC, len(strangers))):
            yield DecisionCase(self.collection.name, "off_topic", text, ask(self.engine, text, self.shared))

    def altered(self) -> Iterator[DecisionCase]:
        """Answerable questions, one thing replaced."""
        answerable = self._answerable()
        named = {item.question.id: names(item.question.text) for item in answerable}
        opposites_alone = self.collection.name in EDITIONS
        left = ALTERED
        for item in answerable:
            passages = [hit.chunk.indexed_text for hit in item.found.hits[:_READ]]
            others = sorted({n for other in answerable for n in named[other.question.id]})
            asked = item.question.text
            text = altered(asked, passages, others, self.draw, opposites_alone) if left else None
            if text is not None:
                left -= 1
                found = ask(self.engine, text, self.shared)
                yield DecisionCase(self.collection.name, "altered", item.question.group, found)

    def few(self) -> Iterator[DecisionCase]:
        """Questions in a corpus of a few documents, every other one without the documents that answer."""
        every = sorted({hit.document.id for hit in self.shared.values()})
        for number, item in enumerate(self._answerable()[:FEW]):
            gold = {hit.document.id for hit in item.found.hits if is_relevant(item.question, hit)}
            others = [document for document in every if document not in gold]
            size = FEW_DOCUMENTS[number // 2 % len(FEW_DOCUMENTS)]
            if number % 2:
                yield self._among(item, "removed", self._near(item, gold, others, size))
            else:
                yield self._among(
                    item, "answerable", [*sorted(gold)[:1], *self._near(item, gold, others, size - 1)]
                )

    def _near(self, item: Collected, gold: set[str], others: Sequence[str], count: int) -> list[str]:
        """One document that comes close to the question and any others."""
        close = [hit.document.id for hit in item.found.hits if hit.document.id not in gold][:1]
        return [*close, *self.draw.sample(others, min(count, len(others)))][:count]

    def _among(self, item: Collected, kind: Kind, documents: Sequence[str]) -> DecisionCase:
        found = ask(self.engine, item.question.text, self.shared, Filters(document_ids=tuple(documents)))
        right = _right(item, found.hits) if kind == "answerable" else frozenset()
        return DecisionCase(self.collection.name, kind, item.question.group, found, right, len(documents))

    def _answerable(self) -> list[Collected]:
        found = [item for item in self.collection.items if 2 in item.grades]
        return self.draw.sample(found, len(found))
