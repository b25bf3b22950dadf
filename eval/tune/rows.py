"""From what retrieval found to rows that a ranker learns from, and which questions may be learned from."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.collect import Collected, Collection
from eval.labelled.types import LabelledSet, folded
from service.match import match_features
from service.match.late_interaction import Floats
from service.rerank.features import ranking_features
from service.types import Hit

DEPTH = 50
"""How many of a question's hits are learned from."""
_TOKEN_IDS = 1 << 21
"""More than any tokenizer has: larger ids are damage."""


@dataclass(frozen=True, slots=True, eq=False)
class HitList:
    """One question's hits: `rows` of shape (hits, features), their grades and their fused scores."""

    item: Collected
    rows: Floats
    grades: NDArray[np.int32]
    fused: Floats

    @property
    def tells(self) -> bool:
        """Whether some of the hits are better than others."""
        return bool(self.grades.max(initial=0) > self.grades.min(initial=0))


def listed(item: Collected, rarity: Floats, depth: int = DEPTH) -> HitList | None:
    """The first `depth` hits; None where nothing was found or token vectors are missing."""
    hits = item.found.hits[:depth]
    if not hits or item.found.question.vectors.tokens is None or any(hit.tokens is None for hit in hits):
        return None
    found = match_features(item.found.question, hits, rarity)
    if not found.read.all():
        return None
    grades = np.array(item.grades[:depth], np.int32)
    return HitList(item, ranking_features(found), grades, found["fused"])


def rarity(collections: Iterable[Collection]) -> Floats:
    """The inverse document frequency of each token id over all chunks found, shape (largest id + 1,)."""
    holding: NDArray[np.int64] = np.zeros(0, np.int64)
    chunks = 0
    for hit in _chunks(collections):
        ids = np.unique(hit.tokens.ids) if hit.tokens is not None else np.zeros(0, np.int32)
        if len(ids) and ids[0] >= 0 and ids[-1] < _TOKEN_IDS:
            chunks += 1
            holding = np.pad(holding, (0, max(0, int(ids[-1]) + 1 - len(holding))))
            holding[ids] += 1
    weights: Floats = np.log((chunks + 1) / (holding + 0.5)).astype(np.float32)
    return weights


def _chunks(collections: Iterable[Collection]) -> Iterator[Hit]:
    """Every chunk that some question found, once."""
    for collection in collections:
        seen: dict[str, Hit] = {hit.chunk.id: hit for item in collection.items for hit in item.found.hits}
        yield from seen.values()


# --- which questions -----------------------------------------------------------------------------


def without(collections: Sequence[Collection], held_out: Sequence[LabelledSet]) -> list[Collection]:
    """The collections without articles that a held-out set has too, by a text or by a question.

    An article is left out in all collections whose questions have the same ids, as translations do.
    """
    texts = "\n".join(folded(record.text) for one in held_out for record in one.records)
    asked = {folded(question.text) for one in held_out for question in one.questions}
    shared = {
        id
        for collection in collections
        for group in _groups(collection).values()
        if any(_is_known(item, texts, asked) for item in group)
        for id in (item.question.id for item in group)
    }
    return [_less(collection, shared) for collection in collections] if shared else list(collections)


def _groups(collection: Collection) -> dict[str, list[Collected]]:
    groups: dict[str, list[Collected]] = {}
    for item in collection.items:
        groups.setdefault(item.question.group, []).append(item)
    return groups


def _is_known(item: Collected, texts: str, asked: set[str]) -> bool:
    if folded(item.question.text) in asked:
        return True
    right = (hit for hit, grade in zip(item.found.hits, item.grades, strict=False) if grade)
    return any(folded(hit.chunk.text) in texts for hit in right)


def _less(collection: Collection, ids: set[str]) -> Collection:
    kept = [
        item
        for group in _groups(collection).values()
        if not any(item.question.id in ids for item in group)
        for item in group
    ]
    return dataclasses.replace(collection, items=tuple(kept))


def is_kept_back(item: Collected) -> bool:
    """Whether the question's article is of the third that settings are chosen on: drawn by its name."""
    return zlib.crc32(item.question.group.encode()) % 3 == 0
