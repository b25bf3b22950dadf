"""Questions as people type them: `footnote eval asking --data DIR`.

Every question of a labelled set is asked as it stands, with slips of the fingers in one or two of its words,
and inside a polite message (`eval/labelled/typed.py`). Reported for each set and way: nDCG@10 and recall@10
of the answerable ones, the share of them that is answered, and that of the others.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from eval.collect import engine_folder
from eval.commands import AsJson, Data, Limit, Out, Seed, Work, command, run
from eval.engines import SCOPE, engine_with, read_set
from eval.labelled.typed import misspelt, polite
from eval.labelled.types import LabelledQuestion, LabelledSet
from eval.relevance.ranking import name_of, sets
from eval.results import each, give
from eval.retrieval import ndcg, recall
from service.pipeline import Pipeline
from service.settings import Settings
from service.stopwatch import Stopwatch
from service.types import Query

_TEN = 10
WAYS: dict[str, Callable[[str, random.Random], str]] = {
    "as it stands": lambda text, _: text,
    "misspelt": misspelt,
    "polite": polite,
}


@dataclass(frozen=True, slots=True)
class AskedCase:
    """One question, asked in one way; both measures are None where nothing answers it."""

    set: str
    way: str
    question: str
    ndcg_at_10: float | None
    recall_at_10: float | None
    answered: bool


@dataclass(frozen=True, slots=True)
class AskedFigures:
    """A set, asked in one way; nan where it has no such questions."""

    set: str
    way: str
    answerable: int
    others: int
    ndcg_at_10: float
    recall_at_10: float
    answered: float
    others_answered: float


def measure(labelled: LabelledSet, settings: Settings, seed: int) -> Iterator[AskedCase]:
    """Every question of a set in every way, by the pipeline as it is served."""
    with engine_with(settings, lambda engine: read_set(engine, labelled), again=False) as engine:
        for way, typed in WAYS.items():
            for question in each(f"{labelled.name}, {way}", labelled.questions):
                text = typed(question.text, random.Random(f"{seed}-{question.id}"))
                yield _asked(engine.pipeline, labelled.name, way, question, text)


def _asked(pipeline: Pipeline, name: str, way: str, question: LabelledQuestion, text: str) -> AskedCase:
    found = pipeline.find(SCOPE, Query(text), Stopwatch())
    decided = pipeline.decide(SCOPE, found, Stopwatch())
    ranked = list(dict.fromkeys(name_of(question, hit) for hit in found.hits))
    relevant = question.relevant
    return AskedCase(
        name,
        way,
        text,
        ndcg(ranked, relevant) if relevant else None,
        recall(ranked, relevant, _TEN) if relevant else None,
        decided.decision.answer,
    )


def figures(cases: Sequence[AskedCase]) -> list[AskedFigures]:
    """The means of each set and way."""
    return [
        _figures(name, way, [case for case in cases if (case.set, case.way) == (name, way)])
        for name, way in dict.fromkeys((case.set, case.way) for case in cases)
    ]


def _figures(name: str, way: str, cases: Sequence[AskedCase]) -> AskedFigures:
    answerable = [case for case in cases if case.ndcg_at_10 is not None]
    others = [case for case in cases if case.ndcg_at_10 is None]
    return AskedFigures(
        name,
        way,
        len(answerable),
        len(others),
        _mean([case.ndcg_at_10 or 0.0 for case in answerable]),
        _mean([case.recall_at_10 or 0.0 for case in answerable]),
        _mean([case.answered for case in answerable]),
        _mean([case.answered for case in others]),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _lines(rows: Sequence[AskedFigures]) -> Iterator[str]:
    yield f"{'set':12}{'asked':14}{'questions':>10}{'nDCG@10':>9}{'recall':>8}{'answered':>10}{'others':>8}"
    for row in rows:
        others = "" if np.isnan(row.others_answered) else f"{row.others_answered:.3f}"
        yield (
            f"{row.set:12}{row.way:14}{row.answerable + row.others:10}{row.ndcg_at_10:9.3f}"
            f"{row.recall_at_10:8.3f}{row.answered:10.3f}{others:>8}"
        )


def main(
    data: Data,
    golden: Annotated[Path | None, typer.Option(help="The sample corpus: adds the golden set.")] = None,
    wanted: Annotated[str, typer.Option("--sets", help="Which, separated by commas; else all.")] = "",
    work: Work = None,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    cases: list[AskedCase] = []
    with tempfile.TemporaryDirectory(prefix="footnote-asking-") as scratch:
        for labelled in sets(data, golden, wanted):
            settings = Settings().model_copy(
                update={"data_dir": engine_folder(labelled, work or Path(scratch))}
            )
            cases.extend(measure(labelled.limited(limit, seed), settings, seed))
    rows = figures(cases)
    give(rows, cases, out=out, as_json=as_json, show=lambda: print("\n".join(_lines(rows))))


if __name__ == "__main__":
    run(command(main))
