"""The training itself: lists of hits in, a ranker's file and what it is worth out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.collect import Collection
from eval.relevance.ranking import quality
from eval.tune.lambdamart import Recipe, fit
from eval.tune.rows import DEPTH, HitList, is_kept_back, listed, rarity
from service.errors import InvalidInput
from service.match import NAMES
from service.match.late_interaction import Floats
from service.match.rarity import read_rarity, write_rarity
from service.rerank.features import FEATURES
from service.rerank.ranker import FORMAT_VERSION, RARITY_STEPS, Ranker, standard
from service.rerank.trees import Trees

FUSED_WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
FEWEST = 30
"""Questions that a ranking can be learned from, at the least."""
_NOT_LEARNED_FROM = frozenset(["bm25", "bm25_rank", "dense_rank", "fused"])
LEARNED_FROM = tuple(
    name for name in FEATURES if name not in NAMES and name.partition(":")[0] not in _NOT_LEARNED_FROM
)
"""Quantities among the other hits of the list: by themselves they teach the scales of the training sets. What
rests on BM25 or on ranks is left to the blend: questions that were made from the text itself, or by someone
who had it before them, teach too much trust in shared words, which sets of another kind pay for."""


@dataclass(frozen=True, slots=True)
class SetFigures:
    """nDCG@10 on a set's articles that were kept back: the fused order, the ranker in use, the new one."""

    dataset: str
    trained: int
    questions: int
    fused: float
    in_use: float | None
    learned: float


@dataclass(frozen=True, slots=True)
class TrainedRanker:
    """A trained ranker: `file` is the content of its file."""

    file: Mapping[str, Any]
    recipe: Recipe
    fused_weight: float
    compared: tuple[SetFigures, ...]

    @property
    def won(self) -> bool:
        """Whether it ranks better than the fused order and than what is in use, over the sets' means."""
        learned = fmean(one.learned for one in self.compared)
        used = [one.in_use if one.in_use is not None else one.fused for one in self.compared]
        return learned > max(fmean(one.fused for one in self.compared), fmean(used))

    def told(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "fused_weight": self.fused_weight,
            "recipe": dataclasses.asdict(self.recipe),
            "sets": [dataclasses.asdict(one) for one in self.compared],
        }


def train(
    collections: Sequence[Collection],
    tokens_fingerprint: str,
    in_use: Ranker | None = None,
    recipe: Recipe | None = None,
    features: Sequence[str] = LEARNED_FROM,
) -> TrainedRanker:
    """A ranker for token vectors of that fingerprint, and how it does on a third of the articles.

    Raises:
        InvalidInput: there are too few questions to learn from.
    """
    recipe = recipe or Recipe()
    columns = [FEATURES.index(name) for name in features]
    # Rounded as it will be read, so that training sees what serving does.
    rare = read_rarity(write_rarity(rarity(collections), RARITY_STEPS), RARITY_STEPS)
    lists: dict[str, list[HitList]] = {}
    for one in collections:
        lists.setdefault(one.name, []).extend(_lists(one, rare))
    learned, kept_back = _divided(lists)
    trees = Trees.read(fit(learned, columns, recipe))
    scored = {name: [_scored(one, trees, columns) for one in found] for name, found in kept_back.items()}
    weight = _weight(recipe, scored)
    compared = tuple(
        _compared(name, len(lists[name]) - len(found), found, weight, in_use)
        for name, found in scored.items()
    )
    file = {
        "form": FORMAT_VERSION,
        "tokens_fingerprint": tokens_fingerprint,
        "fused_weight": weight,
        "features": list(features),
        "trees": fit([one for found in lists.values() for one in found], columns, recipe),
        "rarity": write_rarity(rare, RARITY_STEPS),
    }
    return TrainedRanker(file, recipe, weight, compared)


def _divided(lists: Mapping[str, Sequence[HitList]]) -> tuple[list[HitList], dict[str, list[HitList]]]:
    """What is learned from, and what is kept back of each set that has such articles."""
    learned = [one for found in lists.values() for one in found if not is_kept_back(one.item)]
    by_set = {name: [one for one in found if is_kept_back(one.item)] for name, found in lists.items()}
    kept_back = {name: found for name, found in by_set.items() if found}
    if sum(one.tells for one in learned) < FEWEST or not kept_back:
        raise InvalidInput(
            f"a ranking cannot be learned from fewer than {FEWEST} questions of several documents"
        )
    return learned, kept_back


def _lists(collection: Collection, rare: Floats) -> list[HitList]:
    asked = (item for item in collection.items if item.question.relevant)
    return [found for item in asked if (found := listed(item, rare)) is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _ScoredList:
    """A list that was kept back, with the trees' scores."""

    one: HitList
    learned: NDArray[np.float64]

    def ndcg(self, weight: float) -> float:
        """nDCG@10 of the learned order, blended with the fused one."""
        return _ndcg_of(self.one, self.learned + weight * standard(self.one.fused))


def _scored(one: HitList, trees: Trees, columns: Sequence[int]) -> _ScoredList:
    return _ScoredList(one, standard(trees.predict(one.rows[:, list(columns)])))


def _weight(recipe: Recipe, scored: Mapping[str, Sequence[_ScoredList]]) -> float:
    """The weight of the fused score: the recipe's, else the one with the best mean over the sets."""
    if recipe.fused_weight is not None:
        return recipe.fused_weight
    return max(FUSED_WEIGHTS, key=lambda weight: fmean(_ndcg(one, weight) for one in scored.values()))


def _ndcg(lists: Sequence[_ScoredList], weight: float) -> float:
    return fmean(one.ndcg(weight) for one in lists)


def _ndcg_of(one: HitList, scores: NDArray[np.floating]) -> float:
    hits = one.item.found.hits
    best = np.argsort(-scores, kind="stable")
    return quality(one.item, [*(hits[place] for place in best), *hits[len(scores) :]])[0]


def _compared(
    name: str, trained: int, lists: Sequence[_ScoredList], weight: float, in_use: Ranker | None
) -> SetFigures:
    fused = fmean(_ndcg_of(scored.one, scored.one.fused) for scored in lists)
    used = None
    if in_use is not None:
        used = round(fmean(_ndcg_of(scored.one, _by(in_use, scored.one)) for scored in lists), 4)
    return SetFigures(name, trained, len(lists), round(fused, 4), used, round(_ndcg(lists, weight), 4))


def _by(ranker: Ranker, one: HitList) -> NDArray[np.float64]:
    found = one.item.found
    return ranker.scores(found.question, found.hits[:DEPTH])
