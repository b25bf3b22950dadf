"""Boosted decision trees as they are shipped: small JSON, read without the library that fitted them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Tree:
    """Inner nodes and leaves by number; node 0 is the root, a negative child `-1 - n` is leaf n."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaves: tuple[float, ...]

    def value(self, row: Sequence[float]) -> float:
        """The leaf that a row falls into: left where its feature is at most the threshold."""
        node = 0 if self.features else -1
        while node >= 0:
            below = row[self.features[node]] <= self.thresholds[node]
            node = self.left[node] if below else self.right[node]
        return self.leaves[-1 - node]


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of trees over named features, as a probability."""

    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    bias: float

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability for one row; every named feature must be there."""
        row = [features[name] for name in self.names]
        return 1 / (1 + exp(-(self.bias + sum(tree.value(row) for tree in self.trees))))

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        """The model that `to_json` gave."""
        trees = tuple(Tree(*(tuple(part) for part in tree)) for tree in held["trees"])
        return cls(tuple(held["features"]), trees, float(held["bias"]))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        trees = [[tree.features, tree.thresholds, tree.left, tree.right, tree.leaves] for tree in self.trees]
        return {"features": self.names, "bias": self.bias, "trees": trees}
