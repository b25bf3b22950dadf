"""From what retrieval found to rows that a ranker learns from, and which questions may be learned from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log2

import numpy as np
from numpy.typing import NDArray

from eval.collect import Collected, Collection
from eval.labelled.types import LabelledSet, folded
from eval.relevance.ranking import name_of, of_list, quality
from service.match import NAMES, match_features
from service.match.late_interaction import Floats
from service.rerank.features import trust_features
from service.rerank.ranker import standard
from service.types import Hit

_TOKEN_IDS = 1 << 21
"""More than any tokenizer has: larger ids are damage."""


@dataclass(frozen=True, slots=True, eq=False)
class HitList:
    """One question's hits as the ranker sees them: z-scores of shape (hits, len(NAMES)), and `TRUST`.

    `names` are the hits' documents, `gains` what each relevant document is worth to nDCG@10 were it first.
    `bm25`, `dense` and `fused` are the nDCG@10 of what there is without a ranker.
    """

    item: Collected
    matched: Floats
    trust: Floats
    names: tuple[str, ...]
    gains: Mapping[str, float]
    bm25: float
    dense: float
    fused: float

    @property
    def group(self) -> str:
        """The article or document that the question is about."""
        return self.item.question.group


def listed(item: Collected, rarity: Floats) -> HitList | None:
    """The hits of both lists; None where nothing was found or token vectors are missing."""
    question, hits = item.found.question, item.found.hits
    if not hits or question.vectors.tokens is None or any(hit.tokens is None for hit in hits):
        return None
    found = match_features(question, hits, rarity)
    if not found.read.all():
        return None
    matched = np.stack([standard(found[name]) for name in NAMES], axis=1).astype(np.float32)
    relevant = item.question.relevant
    ideal = ndcg_weight(relevant)
    return HitList(
        item,
        matched,
        trust_features(question, found, rarity),
        tuple(name_of(item.question, hit) for hit in hits),
        {name: grade / ideal for name, grade in relevant.items()},
        quality(item, of_list(item, sparse=True))[0],
        quality(item, of_list(item, sparse=False))[0],
        quality(item, hits)[0],
    )


def ndcg_weight(relevant: Mapping[str, int]) -> float:
    """The gain of the best possible first ten."""
    best = sorted(relevant.values(), reverse=True)[:10]
    return sum(grade / log2(place + 2) for place, grade in enumerate(best))


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
    is_known = cache(lambda text: folded(text) in texts)
    asked = {folded(question.text) for one in held_out for question in one.questions}
    shared = {
        id
        for collection in collections
        for group in _groups(collection).values()
        if any(_shares(item, is_known, asked) for item in group)
        for id in (item.question.id for item in group)
    }
    return [_less(collection, shared) for collection in collections] if shared else list(collections)


def _groups(collection: Collection) -> dict[str, list[Collected]]:
    groups: dict[str, list[Collected]] = {}
    for item in collection.items:
        groups.setdefault(item.question.group, []).append(item)
    return groups


def _shares(item: Collected, is_known: Callable[[str], bool], asked: set[str]) -> bool:
    """Whether a held-out set has the question, or a text that answers it."""
    if folded(item.question.text) in asked:
        return True
    right = (hit for hit, grade in zip(item.found.hits, item.grades, strict=False) if grade)
    return any(is_known(hit.chunk.text) for hit in right)


def _less(collection: Collection, ids: set[str]) -> Collection:
    kept = [
        item
        for group in _groups(collection).values()
        if not any(item.question.id in ids for item in group)
        for item in group
    ]
    return dataclasses.replace(collection, items=tuple(kept))
