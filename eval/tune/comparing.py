"""Two embedders on the same questions: nDCG@10 and recall@5 of the dense list alone and of the fusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.labelled.types import ANSWERS, LabelledQuestion, LabelledSet, relevance
from eval.retrieval import ndcg, recall
from service.types import Found, Hit

RANKINGS = ("dense", "fused")
SERVED = "fused"
"""What is served is the fusion, so that is what must win."""
SURE = 0.95
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class QuestionScores:
    """One question's measures by ranking, each in [0, 1]."""

    group: str
    ndcg_at_10: Mapping[str, float]
    recall_at_5: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means before and after. `chance` is the share of resamples, drawn by group, in which nDCG@10 rose."""

    dataset: str
    ranking: str
    questions: int
    ndcg_before: float
    ndcg_after: float
    recall_before: float
    recall_after: float
    chance: float

    @property
    def gain(self) -> float:
        """What nDCG@10 gained; negative where it lost."""
        return round(self.ndcg_after - self.ndcg_before, 4)


def scored(labelled: LabelledSet, question: LabelledQuestion, found: Found) -> QuestionScores:
    """The measures of what was found for one question.

    Records are judged as wholes, each at the place of its first chunk. Files are long: where the answers are
    known, what is judged there is the first chunk that holds one.
    """
    by_ranking = {name: _ranked(found.hits, name) for name in RANKINGS}
    if labelled.files and question.answers:
        lists = {name: _first_answering(question, hits) for name, hits in by_ranking.items()}
        relevant: Mapping[str, int] = {"answer": 1}
    else:
        lists = {name: _documents(question, hits) for name, hits in by_ranking.items()}
        relevant = question.relevant
    return QuestionScores(
        question.group,
        {name: ndcg(ranked, relevant) for name, ranked in lists.items()},
        {name: recall(ranked, relevant) for name, ranked in lists.items()},
    )


def _ranked(hits: Sequence[Hit], ranking: str) -> Sequence[Hit]:
    if ranking == "fused":
        return hits
    listed = (hit for hit in hits if hit.fused.dense_rank is not None)
    return sorted(listed, key=lambda hit: hit.fused.dense_rank or 0)


def _documents(question: LabelledQuestion, hits: Sequence[Hit]) -> list[str]:
    """The names of the documents as the question's judgements give them, each once."""
    names = (
        hit.document.external_id if hit.document.external_id in question.relevant else hit.document.source
        for hit in hits
    )
    return list(dict.fromkeys(name for name in names if name))


def _first_answering(question: LabelledQuestion, hits: Sequence[Hit]) -> list[str]:
    ranked: list[str] = []
    for hit in hits:
        if relevance(question, hit) == ANSWERS:
            return [*ranked, "answer"]
        ranked.append(hit.chunk.id)
    return ranked


def compared(
    name: str, before: Sequence[QuestionScores], after: Sequence[QuestionScores]
) -> list[Comparison]:
    """One comparison for each ranking; both sides hold the same questions in the same order."""
    return [_comparison(name, ranking, before, after) for ranking in RANKINGS]


def _comparison(
    name: str, ranking: str, before: Sequence[QuestionScores], after: Sequence[QuestionScores]
) -> Comparison:
    gains = [
        new.ndcg_at_10[ranking] - old.ndcg_at_10[ranking] for old, new in zip(before, after, strict=True)
    ]

    def mean(side: Sequence[QuestionScores], measure: str) -> float:
        return round(float(np.mean([getattr(one, measure)[ranking] for one in side])), 4)

    return Comparison(
        name,
        ranking,
        len(before),
        mean(before, "ndcg_at_10"),
        mean(after, "ndcg_at_10"),
        mean(before, "recall_at_5"),
        mean(after, "recall_at_5"),
        chance_of_gain(gains, [one.group for one in before]),
    )


def chance_of_gain(gains: Sequence[float], groups: Sequence[str], seed: int = 0) -> float:
    """The share of bootstrap resamples, of whole groups, in which the gains add up to more than nothing.

    Questions about one document are not independent, so that groups are drawn rather than questions.
    """
    sums: dict[str, float] = {}
    for gain, group in zip(gains, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + gain
    values = np.array(list(sums.values()))
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(RESAMPLES, len(values)))
    return round(float((values[drawn].sum(axis=1) > 0).mean()), 3)


def wins(comparisons: Sequence[Comparison]) -> bool:
    """Whether the tuned model is worth a reindex: of all held-out questions together, what is served gained.

    The dense list alone must not have lost: a fusion can hide that.
    """
    gains = {one.ranking: one for one in comparisons}
    served, dense = gains[SERVED], gains["dense"]
    return served.gain > 0 and served.chance >= SURE and dense.gain >= 0
