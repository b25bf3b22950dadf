"""Answers on reading comprehension over a whole corpus: `footnote eval squad --data DIR`.

DIR holds `corpus.jsonl` (records `_id, title, text`) and `qa.jsonl` (`question, answers, impossible`), as
made from SQuAD 2 (Rajpurkar et al. 2018). A sample of the answerable questions is asked over all records, as
a user would ask. An answer is right when it holds one of the gold answers, in capitals or not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import statistics
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eval.answers import answering
from eval.commands import Always, AsJson, Data, DataDir, Out, Seed, command, run
from eval.engines import SCOPE, corpus
from eval.labelled.beir import qa
from eval.labelled.facts import holds
from eval.labelled.types import LabelledQuestion
from eval.results import each, give
from service.local_engine import LocalEngine
from service.types import Answer, Query

SAMPLE, SEED = 300, 1


@dataclass(frozen=True, slots=True)
class SquadFigures:
    """Shares in [0, 1] over all questions asked; lengths over the answers that were given."""

    questions: int
    found: float
    """The share of questions for which a hit holds a gold answer: more cannot be answered."""
    answered: float
    right: float
    """The share of questions whose answer holds a gold answer."""
    words: float
    """Median length of the answers."""
    sentences: float
    """Mean number of sentences."""
    generate_ms: float
    """Median time to build the context and choose the sentences."""


def sample(
    questions: Sequence[LabelledQuestion], count: int = SAMPLE, seed: int = SEED
) -> list[LabelledQuestion]:
    """So many of the questions that have an answer, the same ones for the same seed."""
    answerable = [asked for asked in questions if asked.answerable and asked.answers]
    return random.Random(seed).sample(answerable, min(count, len(answerable)))


def is_right(text: str, answers: Sequence[str]) -> bool:
    """Whether the text holds one of the answers; a number only as a whole."""
    return any(holds(text, [answer]) for answer in answers)


async def ask(engine: LocalEngine, questions: Sequence[LabelledQuestion]) -> list[Answer]:
    """The answer to each question, in order."""
    return [await engine.answer(SCOPE, Query(asked.text)) for asked in each("asking", questions)]


def figures(questions: Sequence[LabelledQuestion], answers: Sequence[Answer]) -> SquadFigures:
    """The figures of one run; there must be one question at least."""
    given = [answer for answer in answers if answer.status == "answered"]
    pairs = list(zip(questions, answers, strict=True))
    return SquadFigures(
        questions=len(questions),
        found=_share(any(is_right(hit.chunk.text, q.answers) for hit in answer.hits) for q, answer in pairs),
        answered=len(given) / len(questions),
        right=_share(answer in given and is_right(answer.unmarked, q.answers) for q, answer in pairs),
        words=statistics.median(len(answer.unmarked.split()) for answer in given) if given else 0.0,
        sentences=statistics.fmean(len(answer.sentences) for answer in given) if given else 0.0,
        generate_ms=statistics.median(answer.timings_ms["generate"] for answer in given) if given else 0.0,
    )


def _share(flags: Iterable[bool]) -> float:
    return statistics.fmean(map(float, flags))


def _case(asked: LabelledQuestion, answer: Answer) -> dict[str, object]:
    right = answer.status == "answered" and is_right(answer.unmarked, asked.answers)
    return {"id": asked.id, "status": answer.status, "right": right, "answer": answer.unmarked}


def _lines(found: SquadFigures) -> Iterator[str]:
    for field in dataclasses.fields(SquadFigures):
        yield f"{field.name:14}{getattr(found, field.name):10.3g}"


def main(
    data: Data,
    data_dir: DataDir = None,
    limit: Annotated[int, typer.Option("--limit", "--sample", help="How many questions.")] = SAMPLE,
    seed: Seed = SEED,
    always: Always = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    questions = sample(qa(data / "qa.jsonl"), limit, seed)
    with tempfile.TemporaryDirectory() as scratch:
        settings = answering(data_dir or Path(scratch), always)
        with corpus([data / "corpus.jsonl"], settings) as engine:
            answers = asyncio.run(ask(engine, questions))
    found = figures(questions, answers)
    cases = map(_case, questions, answers)
    give(found, cases, out=out, as_json=as_json, show=lambda: print("\n".join(_lines(found))))


if __name__ == "__main__":
    run(command(main))
