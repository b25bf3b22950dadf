"""The training itself: lists of hits in, a ranker's file and what it is worth out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from eval.collect import Collection
from eval.halves import is_first_half
from eval.relevance.ranking import quality
from eval.tune.gated import COLUMNS, Fit, fit
from eval.tune.learning_set import LearningSet
from eval.tune.rows import HitList, listed, rarity
from service.errors import InvalidInput
from service.learned.rarity import read_rarity, write_rarity
from service.match.late_interaction import Floats
from service.rerank.ranker import FORMAT_VERSION, RARITY_STEPS, Ranker

FEWEST = 30
"""Questions that a ranking can be learned from, at the least."""
MOST = 250
"""Questions of a set that are learned from: a set counts as one, and more only take longer."""


@dataclass(frozen=True, slots=True)
class SetFigures:
    """nDCG@10 on the half of a set's articles that was kept back.

    `in_use` is the ranker in use; `learned` the new one; `left_out` a ranker that was learned from the other
    sets alone, nan where there are none.
    """

    dataset: str
    trained: int
    questions: int
    bm25: float
    dense: float
    fused: float
    in_use: float | None
    learned: float
    left_out: float

    @property
    def best_list(self) -> float:
        """The best of what there is without a ranker."""
        return max(self.bm25, self.dense, self.fused)


@dataclass(frozen=True, slots=True)
class TrainedRanker:
    """A trained ranker: `file` is the content of its file."""

    file: Mapping[str, Any]
    compared: tuple[SetFigures, ...]

    @property
    def won(self) -> bool:
        """Whether it ranks better than the fused order and than what is in use, over the sets' means."""
        learned = fmean(one.learned for one in self.compared)
        used = [one.in_use if one.in_use is not None else one.fused for one in self.compared]
        return learned > max(fmean(one.fused for one in self.compared), fmean(used))

    def told(self) -> dict[str, Any]:
        """Plain values for JSON."""
        numbers = {name: self.file[name] for name in ("always", "lexical", "gate")}
        return {**numbers, "sets": [dataclasses.asdict(one) for one in self.compared]}


def train(
    collections: Sequence[Collection],
    tokens_fingerprint: str,
    in_use: Ranker | None = None,
) -> TrainedRanker:
    """A ranker for token vectors of that fingerprint, and how it does on the other half of the articles.

    Raises:
        InvalidInput: there are too few questions to learn from.
    """
    # Rounded as it will be read, so that training sees what serving does.
    rare = read_rarity(write_rarity(rarity(collections), RARITY_STEPS), RARITY_STEPS)
    learned, kept_back = _halves(collections, rare)
    sets = [LearningSet.of(name, lists, COLUMNS) for name, lists in learned.items()]
    found = fit(sets)
    others = {
        one.name: fit([other for other in sets if other is not one])
        for one in sets
        if len(sets) > 1 and one.name in kept_back
    }
    compared = tuple(
        _compared(name, len(learned[name]), lists, found, others.get(name), in_use)
        for name, lists in kept_back.items()
    )
    file = {
        "form": FORMAT_VERSION,
        "tokens_fingerprint": tokens_fingerprint,
        **found.told(),
        "rarity": write_rarity(rare, RARITY_STEPS),
    }
    return TrainedRanker(file, compared)


def _halves(
    collections: Sequence[Collection], rare: Floats
) -> tuple[dict[str, list[HitList]], dict[str, list[HitList]]]:
    """By set, what is learned from and what is kept back: never of one article."""
    learned: dict[str, list[HitList]] = {}
    kept_back: dict[str, list[HitList]] = {}
    for one in collections:
        for found in _lists(one, rare):
            half = learned if is_first_half(found.group) else kept_back
            half.setdefault(one.name, []).append(found)
    if sum(map(len, learned.values())) < FEWEST or not kept_back:
        raise InvalidInput(
            f"a ranking cannot be learned from fewer than {FEWEST} questions of several documents"
        )
    return {name: _spread(lists) for name, lists in learned.items()}, kept_back


def _spread(lists: Sequence[HitList]) -> list[HitList]:
    """At most `MOST` of them, from all over."""
    count = min(MOST, len(lists))
    return [lists[number * len(lists) // count] for number in range(count)]


def _lists(collection: Collection, rare: Floats) -> list[HitList]:
    asked = (item for item in collection.items if item.question.relevant)
    return [found for item in asked if (found := listed(item, rare)) is not None]


def _compared(
    name: str,
    trained: int,
    lists: Sequence[HitList],
    found: Fit,
    without: Fit | None,
    in_use: Ranker | None,
) -> SetFigures:
    held = LearningSet.of(name, lists, COLUMNS)
    bm25, dense, fused = (
        round(fmean(getattr(one, ranking) for one in lists), 4) for ranking in ("bm25", "dense", "fused")
    )
    return SetFigures(
        name,
        trained,
        len(lists),
        bm25,
        dense,
        fused,
        None if in_use is None else round(fmean(_ndcg_of(in_use, one) for one in lists), 4),
        round(held.best_list + found.margin(held), 4),
        float("nan") if without is None else round(held.best_list + without.margin(held), 4),
    )


def _ndcg_of(ranker: Ranker, one: HitList) -> float:
    hits = one.item.found.hits
    best = np.argsort(-ranker.scores(one.item.found.question, hits), kind="stable")
    return quality(one.item, [hits[place] for place in best])[0]
