"""CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial"), for a few numbers and a measure with steps.

nDCG itself has no slope to follow: a population of guesses is drawn around a mean, the better half moves the
mean and shapes the next draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Search:
    """How long and how widely is searched; deterministic."""

    rounds: int = 80
    guesses: int = 16
    width: float = 0.25
    seeds: int = 3
    """Searches that are averaged: on a plateau each ends elsewhere, and their mean lies further inside."""


def maximised(measure: Callable[[Array], float], start: Array, search: Search) -> Array:
    """The mean of the guesses after the last round, over all seeds: steadier than the best guess of all."""
    found = [_searched(measure, start, search, seed) for seed in range(search.seeds)]
    mean: Array = np.mean(found, axis=0)
    return mean


def _searched(measure: Callable[[Array], float], start: Array, search: Search, seed: int) -> Array:
    state, draw = _State.of(start, search), np.random.default_rng(seed)
    for _ in range(search.rounds):
        root: Array = np.asarray(np.linalg.cholesky(state.shape + 1e-10 * np.eye(len(start))), np.float64)
        steps = draw.standard_normal((search.guesses, len(start))) @ root.T
        values = np.array([measure(state.mean + state.width * step) for step in steps])
        state = state.moved(steps[np.argsort(-values, kind="stable")], root)
    return state.mean


@dataclass(frozen=True, slots=True)
class _State:
    """The tutorial's m, sigma, C, and the two paths; `round` counts from 1."""

    mean: Array
    width: float
    shape: Array
    width_path: Array
    shape_path: Array
    round: int = 1

    @classmethod
    def of(cls, start: Array, search: Search) -> _State:
        size = len(start)
        return cls(start.copy(), search.width, np.eye(size), np.zeros(size), np.zeros(size))

    def moved(self, best_first: Array, root: Array) -> _State:
        """The state after a round, from its steps in order; constants are the tutorial's defaults."""
        size, kept = len(self.mean), len(best_first) // 2
        weights = log(kept + 0.5) - np.log(np.arange(1, kept + 1))
        weights /= weights.sum()
        effective = 1 / float((weights**2).sum())
        step: Array = weights @ best_first[:kept]
        fade = (effective + 2) / (size + effective + 5)
        grown = sqrt(fade * (2 - fade) * effective)
        width_path = (1 - fade) * self.width_path + grown * np.linalg.solve(root, step)
        length = float(np.linalg.norm(width_path))
        usual = sqrt(size) * (1 - 1 / (4 * size))
        steady = length / sqrt(1 - (1 - fade) ** (2 * self.round)) < (1.4 + 2 / (size + 1)) * usual
        blend = 4 / (size + 4)
        shape_path = (1 - blend) * self.shape_path
        if steady:
            shape_path = shape_path + sqrt(blend * (2 - blend) * effective) * step
        one = 2 / ((size + 1.3) ** 2 + effective)
        many = min(1 - one, 2 * (effective - 2 + 1 / effective) / ((size + 2) ** 2 + effective))
        spread = (best_first[:kept].T * weights) @ best_first[:kept]
        shape = (1 - one - many) * self.shape + one * np.outer(shape_path, shape_path) + many * spread
        return _State(
            self.mean + self.width * step,
            self.width * float(np.exp(fade / (1 + fade) * (length / usual - 1))),
            shape,
            width_path,
            shape_path,
            self.round + 1,
        )
