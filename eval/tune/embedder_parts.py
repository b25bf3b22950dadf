"""What an embedder is tuned on and judged by: the options of a run, and the sets that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval import labelled as sets
from eval.labelled.types import LabelledSet
from eval.tune.contrastive import Recipe
from eval.tune.feedback import feedback_set
from eval.tune.pairs import Split, bounded, split, without_copies
from service.settings import Settings

GUARD_QUESTIONS, GUARD_RECORDS = 200, 600


@dataclass(frozen=True, slots=True)
class TuningOptions:
    """What is learned from and judged by, where the model goes; `limit` and `records` are of each set."""

    data: Sequence[Path]
    documents: Sequence[Path]
    feedback: bool
    guard: Sequence[Path]
    out: Path
    keep: bool
    held_out: float
    limit: int
    records: int
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class SplitSet:
    """A set with the questions to learn from and those held out; a guard has none to learn from."""

    labelled: LabelledSet
    questions: Split


def own_parts(options: TuningOptions, settings: Settings) -> Iterator[SplitSet]:
    """The sets to learn from and to judge by, each divided."""
    for labelled in _sources(options, settings):
        fit = bounded(without_copies(labelled), options.limit, options.records, options.recipe.seed)
        if fit.questions:
            yield SplitSet(fit, split(fit, options.held_out, options.recipe.seed))


def _sources(options: TuningOptions, settings: Settings) -> Iterator[LabelledSet]:
    for folder in options.data:
        yield from sets.find(folder)
    for folder in options.documents:
        yield sets.documentation(folder.resolve(), options.records)
    if options.feedback:
        yield feedback_set(settings)


def guard_parts(options: TuningOptions) -> Iterator[SplitSet]:
    """Samples of the sets to show losses on."""
    for folder in options.guard:
        for labelled in sets.find(folder):
            sample = bounded(labelled, GUARD_QUESTIONS, GUARD_RECORDS, options.recipe.seed)
            yield SplitSet(sample, Split((), sample.questions))
