"""A trace as values: spans with their figures, and scores. No vendor is known here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Figure = str | int | float | bool | Sequence[float] | Sequence[str]
Kind = Literal["span", "generation", "embedding", "retriever", "event"]
Content = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Generation:
    """What a language model was asked for, and what it cost."""

    model: str
    prompt: str
    """The version of the prompt."""
    prompt_tokens: int
    completion_tokens: int
    cost: float
    """By the prices of the settings; 0 where there are none."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """The item of a dataset that was asked, in one run over it; every span of the item carries it."""

    id: str
    """Of the run."""
    name: str
    """Of the run, for people."""
    dataset: str
    """The dataset's id."""
    item: str
    """The item's id."""
    root: str
    """The span that is the item's whole."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stage, or the whole (without `parent_id`). Times in nanoseconds since 1970, ids in hexadecimal.

    `content` is what readers wrote or read; it is empty unless content is sent.
    """

    trace_id: str
    id: str
    parent_id: str
    name: str
    began: int
    ended: int
    figures: Mapping[str, Figure] = field(default_factory=dict)
    error: str = ""
    """The code of the error that it ended in."""
    kind: Kind = "span"
    generation: Generation | None = None
    content: Content = field(default_factory=dict)
    is_root: bool = False
    """Whether it is the whole; its parent, if it has one, is the caller's."""
    experiment: Experiment | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A judgement of a trace; `id` is the same for the same judgement, so that it counts once."""

    id: str
    trace_id: str
    span_id: str
    name: str
    value: float
    at: int
    """Nanoseconds since 1970."""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is sent together."""

    spans: tuple[Span, ...] = ()
    scores: tuple[Score, ...] = ()


def span_id(trace_id: str, owner: str, name: str = "") -> str:
    """The id of a span: the same whenever it is asked for, so that what comes later finds it."""
    return hashlib.sha256(f"{trace_id}/{owner}/{name}".encode()).hexdigest()[:16]


def hash_of(tenant: str) -> str:
    """What stands for a tenant's name: `printf %s NAME | sha256sum | cut -c1-16`."""
    return hashlib.sha256(tenant.encode()).hexdigest()[:16]
