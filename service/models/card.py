"""What a compiled model was made from, kept beside it as `card.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Role = Literal["embedder", "cross_encoder"]
CARD = "card.json"


@dataclass(frozen=True, slots=True)
class Card:
    """A compiled model's facts.

    `fingerprint` identifies the vectors: weights, pooling, prompts and length, but not the precision, because
    int8 and float32 vectors of one model may share an index (cosine 0.994).
    """

    name: str
    role: Role
    precision: str
    weights: str
    fingerprint: str
    dimension: int
    max_tokens: int
    prompts: Mapping[str, str] = field(default_factory=dict)
    pad_id: int = 0
    pad_token: str = "[PAD]"
    inputs: tuple[str, ...] = ()

    def prompt(self, *names: str) -> str:
        """The model's prompt under the first of the names that it has; empty where it has none."""
        return next((self.prompts[name] for name in names if self.prompts.get(name)), "")

    def write(self, folder: Path) -> None:
        """Writes it into `folder`."""
        (folder / CARD).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Card:
        """Reads it from `folder`.

        Raises:
            FileNotFoundError: there is no compiled model.
        """
        fields: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return cls(**{**fields, "inputs": tuple(fields["inputs"])})
