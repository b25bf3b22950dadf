"""LambdaMART (Burges 2010) with LightGBM, and its trees as serving reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.tune.rows import HitList
from service.learned.trees import Trees


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a ranker is trained; deterministic for a seed."""

    seed: int = 7
    rounds: int = 100
    leaves: int = 15
    learning_rate: float = 0.05
    gains: tuple[int, ...] = (0, 1, 4)
    """What a hit of each grade is worth."""
    fused_weight: float | None = None
    """What the fused score counts beside the learned one; None: chosen on the articles kept back."""
    others: dict[str, Any] = field(
        default_factory=lambda: {
            "max_depth": 6,
            "min_data_in_leaf": 200,
            "feature_fraction": 0.5,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": 10.0,
            "lambdarank_truncation_level": 15,
        }
    )

    def parameters(self) -> dict[str, Any]:
        """In LightGBM's names."""
        return {
            "objective": "lambdarank",
            "num_leaves": self.leaves,
            "learning_rate": self.learning_rate,
            "label_gain": list(self.gains),
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
            **self.others,
        }


def fit(lists: Sequence[HitList], columns: Sequence[int], recipe: Recipe) -> Trees:
    """The trees over those columns of the rows."""
    import lightgbm

    telling = [one for one in lists if one.tells]
    data = lightgbm.Dataset(
        np.concatenate([one.rows[:, list(columns)] for one in telling]),
        np.concatenate([one.grades for one in telling]),
        group=[len(one.rows) for one in telling],
        params={"verbose": -1},
        free_raw_data=False,
    )
    booster = lightgbm.train(recipe.parameters(), data, recipe.rounds)
    return Trees.from_lightgbm(booster.dump_model()["tree_info"])
