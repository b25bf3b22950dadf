"""Boosted decision trees, evaluated with NumPy: LightGBM itself takes seconds to import.

All trees are walked at the same time, one level a step. A leaf leads to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    def read(cls, held: Mapping[str, Any]) -> Trees:
        """What `trees` in a ranker's file holds.

        Raises:
            KeyError, ValueError, TypeError: it is not in the form that `written` gives.
        """
        left, right = np.array(held["left"], np.int32), np.array(held["right"], np.int32)
        return cls(
            roots=np.array(held["roots"], np.int32),
            feature=np.array(held["feature"], np.int32),
            threshold=np.array(held["threshold"], np.float64),
            left=left,
            right=right,
            value=np.array(held["value"], np.float64),
            depth=int(held["depth"]),
        )


def written(dumped: Sequence[Mapping[str, Any]], digits: int = 8) -> dict[str, Any]:
    """The trees of `lightgbm.Booster.dump_model()["tree_info"]` in the form that `Trees.read` takes."""
    nodes: dict[str, list[Any]] = {name: [] for name in ("feature", "threshold", "left", "right", "value")}
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
    return {"roots": roots, "depth": depth, **nodes}
