"""Answers measured on questions whose facts are known: `footnote eval answers`.

The corpus is ingested into a folder of its own, every question is asked as a user would ask it, and what
comes back is compared with what is expected: facts held, documents cited, unanswerable questions declined.
"""

from __future__ import annotations

import asyncio
import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.commands import Always, AsJson, DataDir, Limit, Misses, Out, Seed, command, run
from eval.engines import SCOPE, corpus
from eval.labelled.facts import fact_recall
from eval.labelled.golden import DEMO, GOLDEN, GoldenQuestion, load
from eval.labelled.types import drawn
from eval.results import each, give
from service.local_engine import LocalEngine
from service.settings import DecideSettings, Settings
from service.types import Answer, Query


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What became of one question."""

    question: GoldenQuestion
    answer: Answer
    found: bool
    """Whether an expected document was among the hits."""
    cited: bool
    """Whether an expected document was cited."""
    facts: float
    """The share of expected facts that the answer holds."""

    @property
    def answered(self) -> bool:
        """Whether an answer was given."""
        return self.answer.status == "answered"


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """The figures of one kind of question; shares in [0, 1], over all questions of the kind."""

    questions: int
    found: float
    answered: float
    cited: float
    facts: float
    words: float
    """Median length of the answers that were given."""
    milliseconds: float
    """Median time of an answer."""


def answering(data_dir: Path, always: bool) -> Settings:
    """The settings in force for a data folder; with `always` every question is answered."""
    decide = DecideSettings(threshold=0.0 if always else DecideSettings().threshold)
    return Settings(data_dir=data_dir, decide=decide)


async def ask_all(engine: LocalEngine, questions: Sequence[GoldenQuestion]) -> list[QuestionResult]:
    """The result of each question, in order."""
    return [
        _result(question, await engine.answer(SCOPE, Query(question.question)))
        for question in each("asking", questions)
    ]


def figures(results: Sequence[QuestionResult]) -> AnswerFigures:
    """The figures over some results; there must be one at least."""
    given = [result for result in results if result.answered]
    words = [len(result.answer.unmarked.split()) for result in given]
    return AnswerFigures(
        questions=len(results),
        found=_share(results, lambda result: result.found),
        answered=_share(results, lambda result: result.answered),
        cited=_share(results, lambda result: result.cited),
        facts=statistics.fmean(result.facts * result.answered for result in results),
        words=statistics.median(words) if words else 0,
        milliseconds=statistics.median(result.answer.timings_ms["total"] for result in results),
    )


def by_kind(results: Sequence[QuestionResult]) -> dict[str, AnswerFigures]:
    """The figures of each kind of question, then of all that have an answer."""
    kinds = dict.fromkeys(result.question.kind for result in results)
    groups: dict[str, list[QuestionResult]] = {
        kind: [result for result in results if result.question.kind == kind] for kind in kinds
    }
    groups["answerable"] = [result for result in results if result.question.answerable]
    return {kind: figures(group) for kind, group in groups.items() if group}


def _result(question: GoldenQuestion, answer: Answer) -> QuestionResult:
    wanted = set(question.documents)
    return QuestionResult(
        question=question,
        answer=answer,
        found=bool(wanted & {hit.document.source for hit in answer.hits}),
        cited=bool(wanted & {citation.document.source for citation in answer.citations}),
        facts=fact_recall(answer.unmarked, question.facts),
    )


def _share(results: Sequence[QuestionResult], holds: Callable[[QuestionResult], bool]) -> float:
    return sum(map(holds, results)) / len(results)


def _table(measured: dict[str, AnswerFigures]) -> Iterator[str]:
    names = [field.name for field in dataclasses.fields(AnswerFigures)]
    yield f"{'kind':14}" + "".join(f"{name:>14}" for name in names)
    for kind, row in measured.items():
        yield f"{kind:14}" + "".join(f"{getattr(row, name):14.3g}" for name in names)


def _case(result: QuestionResult) -> dict[str, object]:
    seen = {name: getattr(result, name) for name in ("answered", "found", "cited", "facts")}
    return {"id": result.question.id, **seen, "p_answerable": result.answer.decision.p_answerable}


def _detail(result: QuestionResult) -> str:
    answer = result.answer
    return (
        f"{result.question.id}  {answer.status}  facts {result.facts:.2f}  "
        f"p {answer.decision.p_answerable:.2f}\n  Q: {result.question.question}\n  A: {answer.text}\n"
        f"  expected: {list(result.question.facts)} in {list(result.question.documents)}"
    )


def main(
    documents: Annotated[Path, typer.Option(help="The corpus.")] = DEMO,
    data: Annotated[Path, typer.Option("--data", "--questions", help="The questions, JSON Lines.")] = GOLDEN,
    data_dir: DataDir = None,
    always: Always = False,
    misses: Misses = False,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    with tempfile.TemporaryDirectory() as scratch:
        settings = answering(data_dir or Path(scratch), always)
        with corpus([documents], settings) as engine:
            results = asyncio.run(ask_all(engine, drawn(load(data), limit, seed)))
    measured = by_kind(results)
    cases = map(_case, results)
    give(measured, cases, out=out, as_json=as_json, show=lambda: print("\n".join(_table(measured))))
    if misses:
        for result in results:
            if result.answered != result.question.answerable or result.facts < 1:
                print(_detail(result), file=sys.stderr if as_json else sys.stdout)


if __name__ == "__main__":
    run(command(main))
