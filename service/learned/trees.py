"""Boosted decision trees as they are shipped, evaluated with NumPy: LightGBM itself takes seconds to import.

All trees are walked at the same time, one level a step. A leaf leads to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Nodes of all trees in one row; `roots` says where each tree begins.

    A row of features goes `left` where `row[feature] <= threshold`. `value` counts at leaves.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int

    def predict(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """The sum of the leaves that each row of shape (n, features) comes to, shape (n,)."""
        flat = np.ascontiguousarray(rows, dtype=np.float64).ravel()
        offset = (np.arange(len(rows)) * rows.shape[1])[:, None]
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            goes_left = flat[offset + self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        result: NDArray[np.float64] = self.value[node].sum(axis=1)
        return result

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """The trees that `to_json` gave.

        Raises:
            KeyError, ValueError, TypeError: it is in another form.
        """
        return cls(
            roots=np.array(form["roots"], np.int32),
            feature=np.array(form["feature"], np.int32),
            threshold=np.array(form["threshold"], np.float64),
            left=np.array(form["left"], np.int32),
            right=np.array(form["right"], np.int32),
            value=np.array(form["value"], np.float64),
            depth=int(form["depth"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "roots": self.roots.tolist(),
            "depth": self.depth,
            "feature": self.feature.tolist(),
            "threshold": self.threshold.tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "value": self.value.tolist(),
        }

    @classmethod
    def from_lightgbm(cls, dumped: Sequence[Mapping[str, Any]], digits: int = 8) -> Self:
        """The trees of `lightgbm.Booster.dump_model()["tree_info"]`, leaves rounded to so many digits."""
        nodes: dict[str, list[Any]] = {
            name: [] for name in ("feature", "threshold", "left", "right", "value")
        }
        depth = 0

        def add(tree: Mapping[str, Any], level: int) -> int:
            nonlocal depth
            depth = max(depth, level)
            place = len(nodes["feature"])
            leaf = "leaf_value" in tree
            nodes["feature"].append(0 if leaf else int(tree["split_feature"]))
            nodes["threshold"].append(0.0 if leaf else float(tree["threshold"]))
            nodes["value"].append(round(float(tree["leaf_value"]), digits) if leaf else 0.0)
            nodes["left"].append(place)
            nodes["right"].append(place)
            if not leaf:
                nodes["left"][place] = add(tree["left_child"], level + 1)
                nodes["right"][place] = add(tree["right_child"], level + 1)
            return place

        roots = [add(tree["tree_structure"], 0) for tree in dumped]
        return cls.from_json({"roots": roots, "depth": depth, **nodes})


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Trees over named features; their sum with the bias is the log odds of a yes."""

    names: tuple[str, ...]
    bias: float
    trees: Trees

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability for one row; every named feature must be there."""
        row = np.array([[features[name] for name in self.names]])
        return 1 / (1 + exp(-(self.bias + float(self.trees.predict(row)[0]))))

    @classmethod
    def from_json(cls, form: Mapping[str, Any]) -> Self:
        """The classifier that `to_json` gave."""
        return cls(tuple(form["features"]), float(form["bias"]), Trees.from_json(form["trees"]))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {"features": list(self.names), "bias": self.bias, "trees": self.trees.to_json()}
