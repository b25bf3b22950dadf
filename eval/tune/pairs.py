"""From labelled questions and what is found for them to what a contrastive loss learns from.

A hard negative is a passage that one of the product's own two lists (BM25, dense) puts high although it does
not answer. One that lies nearly as near as the right passage may well answer too, unlabelled: it is left out
(de Souza Moreira et al. 2024, "NV-Retriever", positive-aware mining).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from eval.labelled.types import ANSWERS, LabelledQuestion, LabelledSet, folded, relevance
from service.types import Found, Hit

SHARE_OF_POSITIVE = 0.95
"""A negative's cosine is at most this share of the right passage's."""
NEGATIVES = 4
"""Candidates kept for each question; every epoch draws one of them."""


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """A question, the passage that answers it and passages that do not; `group` as in `LabelledQuestion`."""

    question: str
    passage: str
    negatives: tuple[str, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Split:
    """A set's answerable questions, in two parts that share no article or document."""

    train: tuple[LabelledQuestion, ...]
    held_out: tuple[LabelledQuestion, ...]


def bounded(labelled: LabelledSet, questions: int, records: int, seed: int = 0) -> LabelledSet:
    """At most so many answerable questions, and records: those that answer them, then others by chance.

    Files are all kept.
    """
    draw = random.Random(f"{seed}-{labelled.name}")
    asked = [question for question in labelled.questions if question.answerable and question.relevant]
    if len(asked) > questions:
        asked = draw.sample(asked, questions)
    needed = {record for question in asked for record in question.relevant}
    others = [record.id for record in labelled.records if record.id not in needed]
    room = max(0, records - len(needed))
    kept = needed | set(draw.sample(others, min(room, len(others))))
    records_kept = tuple(record for record in labelled.records if record.id in kept)
    return dataclasses.replace(labelled, questions=tuple(asked), records=records_kept)


def without_copies(labelled: LabelledSet) -> LabelledSet:
    """The set with one record of each text, so that neither side of a split knows the other's."""
    seen: set[str] = set()
    records = []
    for record in labelled.records:
        if (text := folded(record.text)) not in seen:
            seen.add(text)
            records.append(record)
    kept = {record.id for record in records}
    questions = tuple(
        question
        for question in labelled.questions
        if not labelled.records or kept.issuperset(question.relevant)
    )
    return dataclasses.replace(labelled, questions=questions, records=tuple(records))


def split(labelled: LabelledSet, share: float, seed: int = 0) -> Split:
    """By group: about `share` of the questions are held out, at least one group where there are two."""
    groups = sorted({question.group for question in labelled.questions})
    random.Random(f"{seed}-{labelled.name}").shuffle(groups)
    held_out = set(groups[: max(1, round(share * len(groups)))]) if len(groups) > 1 else set()
    return Split(
        tuple(question for question in labelled.questions if question.group not in held_out),
        tuple(question for question in labelled.questions if question.group in held_out),
    )


def example(question: LabelledQuestion, found: Found) -> TrainingExample | None:
    """What one question teaches; None where no passage that answers it was found."""
    grades = [relevance(question, hit) for hit in found.hits]
    right = next((hit for hit, grade in zip(found.hits, grades, strict=True) if grade == ANSWERS), None)
    if right is None:
        return None
    wrong = [hit for hit, grade in zip(found.hits, grades, strict=True) if grade == 0]
    negatives = tuple(hit.chunk.indexed_text for hit in _hard(right, wrong))[:NEGATIVES]
    return TrainingExample(question.text, right.chunk.indexed_text, negatives, question.group)


def _hard(right: Hit, wrong: Sequence[Hit]) -> Iterator[Hit]:
    """From both lists in turn, best first, each once; without what is too near to be surely wrong."""
    fit = [hit for hit in wrong if _surely_wrong(hit, right)]
    dense = sorted((hit for hit in fit if hit.fused.dense_rank), key=lambda hit: hit.fused.dense_rank or 0)
    sparse = sorted((hit for hit in fit if hit.fused.sparse_rank), key=lambda hit: hit.fused.sparse_rank or 0)
    given = {right.chunk.indexed_text}
    for pair in zip_longest(dense, sparse):
        for hit in pair:
            if hit is not None and hit.chunk.indexed_text not in given:
                given.add(hit.chunk.indexed_text)
                yield hit


def _surely_wrong(hit: Hit, right: Hit) -> bool:
    """A hit without a dense score lies below all that have one."""
    if hit.fused.dense_score is None:
        return True
    nearest = right.fused.dense_score
    return nearest is not None and hit.fused.dense_score <= SHARE_OF_POSITIVE * nearest


def batches(
    examples: Sequence[TrainingExample], size: int, draw: random.Random
) -> Iterator[list[TrainingExample]]:
    """Every example once, in batches where no two are of one group: the others' passages serve as negatives.

    A rest that shares groups, or that is too small to teach by itself, is left for the next round.
    """
    waiting = draw.sample(list(examples), len(examples))
    while waiting:
        batch: list[TrainingExample] = []
        groups: set[str] = set()
        rest = []
        for one in waiting:
            if len(batch) < size and one.group not in groups:
                batch.append(one)
                groups.add(one.group)
            else:
                rest.append(one)
        if len(batch) < max(2, size // 4):
            return
        yield batch
        waiting = rest
