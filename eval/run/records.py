"""What a run is made of, and its folder: `cases.jsonl` with a line a case, `run.json` with the summary.

A case that was asked is written at once, so that a run that was interrupted goes on where it was; the summary
is written last, so that a folder without one holds a run that is not finished.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from eval.run.summaries import (
    DatasetRef,
    Interval,
    JudgeRecord,
    Latency,
    Number,
    Product,
    Recorded,
    RunSummary,
    Started,
)
from service.errors import InvalidInput
from service.explaining.explanation import LostAt

__all__ = [
    "Case",
    "DatasetRef",
    "Diagnosis",
    "Fact",
    "FoundHit",
    "HitScores",
    "Interval",
    "Json",
    "JudgeRecord",
    "Latency",
    "Number",
    "Outcome",
    "Product",
    "Recorded",
    "RunFolder",
    "RunSummary",
    "Stage",
    "Started",
    "cases_of",
]

CASES, SUMMARY, STARTED = "cases.jsonl", "run.json", "started.json"
Json = dict[str, Any]
Spelling = Annotated[str, Field(min_length=1)]
Fact = Annotated[tuple[Spelling, ...], Field(min_length=1)]

Stage = Literal[LostAt, "answered_unanswerable", "failed"]
"""Where a case went wrong."""


class Case(Recorded):
    """A question with what is expected of its answer.

    Args:
        expected: documents that answer, by source or external id, each with its grade above 0.
        answers: wordings of which a right answer holds one.
        facts: what a right answer must hold, each in any of its spellings.
        reference: a whole answer as a person would give it; empty where there is none.
        kind: what sort of question it is; empty where the set has no sorts.
        group: the article or document that it is about, by which sets are split.
        about: for a question without an answer, the document that it was written about.
    """

    id: str
    question: str
    expected: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    answers: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    reference: str = ""
    answerable: bool = True
    kind: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    about: str = ""


class HitScores(Recorded):
    """What explains a hit's place; ranks count from 1, None where a list does not hold it."""

    dense_rank: int | None = None
    sparse_rank: int | None = None
    fused: float = 0.0
    rerank: float | None = None


class FoundHit(Recorded):
    """A passage that was found; `text` is empty where it was found beyond what the answer is drawn from."""

    source: str
    external_id: str | None = None
    chunk_id: str
    text: str = ""
    scores: HitScores = HitScores()

    def is_of(self, document: str) -> bool:
        """Whether it is of a document that a case names by its source or external id."""
        return document in (self.source, self.external_id)


class Diagnosis(Recorded):
    """Where a case went wrong, in words what was seen, and what would likely mend it.

    `estimated` where the stage was not looked at, because `/explain` was refused.
    """

    stage: Stage
    seen: str
    mend: str
    estimated: bool = False


class Outcome(Recorded):
    """What became of a case.

    Args:
        response: the body of `POST /query` as it was served, but for its hits; empty where it failed.
        hits: what was found, best first: those that the answer was drawn from with their texts, and behind
            them more, without.
        asked_at: when the query was asked.
        latency_ms: of the query, as the asker saw it.
        processor_ms: processor time of the query; 0 where it cannot be told: over HTTP, or many at a time.
        yardstick_ms: processor time of a fixed piece of work just before it.
        error: why there is no response, with its code.
        metrics: by name; None where the metric says nothing of such a case, or failed.
        failures: by metric, or family of metrics, why it failed: then the run is no score.
    """

    case: Case
    response: Json = Field(default_factory=dict)
    hits: tuple[FoundHit, ...] = ()
    asked_at: datetime | None = None
    latency_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    processor_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    yardstick_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    error: str | None = None
    metrics: dict[str, Number | None] = Field(default_factory=dict)
    failures: dict[str, str] = Field(default_factory=dict)
    diagnosis: Diagnosis | None = None

    @property
    def answered(self) -> bool:
        """Whether an answer was given."""
        return self.response.get("status") == "answered"

    @property
    def answer(self) -> str:
        """The answer's words, without the marks of footnotes; empty where none was given."""
        said = self.response["sentences"] if self.answered else ()
        return " ".join(str(sentence["text"]) for sentence in said)

    @property
    def contexts(self) -> tuple[str, ...]:
        """The texts that the answer was drawn from, best first."""
        return tuple(hit.text for hit in self.hits if hit.text)


class RunFolder:
    """A run's folder: what is finished of it can be read at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def summary(self) -> RunSummary:
        """The summary; `InvalidInput` where the folder holds no finished run."""
        return _summary(self.path / SUMMARY)

    def outcomes(self) -> tuple[Outcome, ...]:
        """The cases so far, in the order in which they were first written; a case's last line counts."""
        return tuple(_outcomes(self.path / CASES).values())

    def append(self, outcome: Outcome) -> None:
        """Adds one case, on the disk when this returns."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / CASES).open("ab") as file:
            file.write(_line(outcome))
            file.flush()
            os.fsync(file.fileno())

    def start(self, started: Started) -> Started:
        """Begins a run here, or goes on with one of the same product and questions: gives how it began.

        Raises:
            InvalidInput: the folder holds a run of something else.
        """
        before = self._before()
        if before is None:
            self.path.mkdir(parents=True, exist_ok=True)
            _replace(self.path / STARTED, f"{started.model_dump_json(indent=1)}\n".encode())
            return started
        if (before.product, before.dataset) != (started.product, started.dataset):
            what = "product" if before.product != started.product else "questions"
            raise InvalidInput(
                f"{self.path} holds a run of other {what}", hint="give another folder with --out"
            )
        self._mend()
        return before

    def _before(self) -> Started | None:
        if (self.path / SUMMARY).is_file():
            done = self.summary()
            return Started(started_at=done.started_at, product=done.product, dataset=done.dataset)
        if not (file := self.path / STARTED).is_file():
            return None
        return Started.model_validate_json(file.read_bytes())

    def _mend(self) -> None:
        """Takes away a last line that was being written when the run was killed."""
        if not (file := self.path / CASES).is_file():
            return
        content = file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            _replace(file, whole)

    def finish(self, summary: RunSummary, outcomes: Iterable[Outcome]) -> None:
        """Writes all cases with their metrics, then the summary: each wholly or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        _replace(self.path / CASES, b"".join(map(_line, outcomes)))
        _replace(self.path / SUMMARY, f"{summary.model_dump_json(indent=1)}\n".encode())
        (self.path / STARTED).unlink(missing_ok=True)


Kind = TypeVar("Kind", bound=Recorded)


def cases_of(path: Path) -> tuple[Case, ...]:
    """The cases of a JSON Lines file in their order; `InvalidInput` names the line that is none."""
    return tuple(_read(Case, path, number, line) for number, line in _lines(path))


def _outcomes(path: Path) -> Mapping[str, Outcome]:
    if not path.is_file():
        return {}
    found = (_read(Outcome, path, number, line) for number, line in _lines(path))
    return {outcome.case.id: outcome for outcome in found}


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _read(kind: type[Kind], path: Path, number: int, line: str) -> Kind:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"{path.name}, line {number}: {place}: {first['msg']}") from None


def _summary(path: Path) -> RunSummary:
    if not path.is_file():
        raise InvalidInput(
            f"{path.parent} holds no finished run", hint="`footnote eval run` writes one; again to go on"
        )
    try:
        return RunSummary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInput(f"{path} is no run of this version: {error.error_count()} fields differ") from None


def _line(outcome: Outcome) -> bytes:
    content = outcome.model_dump(mode="json", exclude_defaults=True)
    return f"{json.dumps(content, ensure_ascii=False)}\n".encode()


def _replace(path: Path, content: bytes) -> None:
    """The file holds the old content or the new, never a half."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
