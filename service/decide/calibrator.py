"""A learned decision: features to a probability, with the threshold that keeps a promise.

A linear model gives a score; knots on it, fitted by isotonic regression on questions that the model had not
seen, give the probability. The file is JSON; `footnote tune calibrator` makes it, and its card beside
it says from what.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from service.decide.features import QUANTITIES
from service.errors import Misconfigured
from service.learned import CALIBRATOR, shipped_file
from service.learned.rarity import read_rarity, write_rarity
from service.match.late_interaction import Floats

_RARITY_STEPS = 255
"""Rarity is within [0, 1]."""
_CERTAIN = 1e-4
"""Probabilities are given out with four digits."""


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A linear score of named quantities, and what it means as a probability.

    `knots` are scores, ascending, with their probabilities; `threshold` is the least probability to answer,
    `floor` that at which a language model is asked, which may still decline.
    """

    bias: float
    weights: Mapping[str, float]
    knots: tuple[tuple[float, float], ...]
    threshold: float
    floor: float = 0.0

    def score(self, features: Mapping[str, float]) -> float:
        """The log odds before they are calibrated."""
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, in [0, 1], that the hits hold an answer."""
        scores, probabilities = zip(*self.knots, strict=True)
        return float(np.interp(self.score(features), scores, probabilities))

    def contributions(self, features: Mapping[str, float]) -> dict[str, float]:
        """What each quantity adds to the log odds of the probability, which is their sum.

        `bias` is there whatever was found; `calibration` is what the knots make of the linear score. A
        probability within `_CERTAIN` of 0 or 1 counts as that far from it.
        """
        p = min(max(self.probability(features), _CERTAIN), 1 - _CERTAIN)
        added = {name: weight * features[name] for name, weight in self.weights.items()}
        return {"bias": self.bias, **added, "calibration": log(p / (1 - p)) - self.score(features)}


@dataclass(frozen=True, slots=True, eq=False)
class Calibrator:
    """What was learned; see the module.

    `tokens` reads hits with token vectors, `text` those without. `rarity` has a weight in [0, 1] for each
    token id of the embedder's tokenizer. `fingerprints` name what the features came from: `embedder`,
    `reranker` and `chunker`.
    """

    tokens: LogisticModel
    text: LogisticModel
    rarity: Floats
    fingerprints: Mapping[str, str]
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Identifies what was learned."""
        content = json.dumps([_written(self.tokens), _written(self.text)]).encode() + self.rarity.tobytes()
        return hashlib.sha256(content).hexdigest()[:16]

    def model(self, features: Mapping[str, float]) -> LogisticModel:
        """The model for the features that there are."""
        return self.tokens if self.tokens.weights.keys() <= features.keys() else self.text

    def differences(self, running: Mapping[str, str]) -> list[str]:
        """What of the running parts is not what the calibrator was made with, by name."""
        return [name for name, known in self.fingerprints.items() if running.get(name) != known]

    def write(self, file: Path) -> None:
        """Writes it as JSON."""
        content = {
            "made": dict(self.made),
            "fingerprints": dict(self.fingerprints),
            "tokens": _written(self.tokens),
            "text": _written(self.text),
            "rarity": write_rarity(self.rarity, _RARITY_STEPS),
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(part)}" for name, part in content.items())
        file.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Calibrator:
        """Reads it from JSON.

        Raises:
            Misconfigured: the file is not there, or not a calibrator.
        """
        try:
            content: Any = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                _model(content["tokens"]),
                _model(content["text"]),
                read_rarity(content["rarity"], _RARITY_STEPS),
                content["fingerprints"],
                content["made"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Misconfigured(
                f"{file} cannot be read as a calibrator: {type(error).__name__}: {error}",
                hint="make one with `footnote tune calibrator`, or leave decide.calibrator out",
            ) from error


@cache
def shipped(tokens_fingerprint: str = "") -> Calibrator:
    """The calibrator that comes with Footnote for those token vectors, else the default model's."""
    return Calibrator.read(shipped_file(CALIBRATOR, tokens_fingerprint))


def _written(model: LogisticModel) -> dict[str, Any]:
    return {
        "bias": round(model.bias, 6),
        "weights": {name: round(weight, 6) for name, weight in model.weights.items()},
        "knots": [[round(score, 5), round(p, 5)] for score, p in model.knots],
        "threshold": round(model.threshold, 5),
        "floor": round(model.floor, 5),
    }


def _model(content: Any) -> LogisticModel:
    weights = {str(name): float(weight) for name, weight in content["weights"].items()}
    if unknown := sorted(weights.keys() - QUANTITIES):
        raise ValueError(f"this version knows nothing of {', '.join(unknown)}")
    return LogisticModel(
        float(content["bias"]),
        weights,
        tuple((float(score), float(p)) for score, p in content["knots"]),
        float(content["threshold"]),
        float(content["floor"]),
    )
