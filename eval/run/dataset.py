"""What a run asks: cases, from any labelled set or from a file of questions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from eval import labelled
from eval.labelled.files import files_below, golden_questions
from eval.labelled.golden import GOLDEN
from eval.labelled.types import LabelledQuestion, LabelledSet, drawn
from eval.run.records import Case, DatasetRef, cases_of
from service.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Dataset:
    """Cases, and the set whose documents they are about where that is known."""

    name: str
    cases: tuple[Case, ...]
    documents: LabelledSet | None = None

    @property
    def reference(self) -> DatasetRef:
        """Its name, and a hash of all that is asked and expected."""
        digest = hashlib.sha256()
        for case in self.cases:
            digest.update(case.model_dump_json().encode())
        return DatasetRef(name=self.name, sha256=digest.hexdigest(), cases=len(self.cases))


def open_dataset(data: Path, documents: Path | None, limit: int | None = None, seed: int = 1) -> Dataset:
    """The cases of a folder or file, a sample of them where there are more than `limit`.

    Args:
        data: a labelled set of any form that `eval.labelled` reads, or JSON Lines: of the golden set's form,
            or a `Case` a line.
        documents: the folder of documents that the questions of a JSON Lines file are about.

    Raises:
        InvalidInput: it holds no questions.
    """
    found = _of_lines(data, documents) if data.suffix == ".jsonl" else _of_set(data)
    if not found.cases:
        raise InvalidInput(f"{data} holds no questions in a form that is known here")
    return Dataset(found.name, drawn(found.cases, limit, seed), found.documents)


def _of_set(data: Path) -> Dataset:
    found = labelled.load(data)
    if found is None:
        raise InvalidInput(
            f"{data} is no labelled set", hint="see eval/labelled for the forms that are known"
        )
    return Dataset(found.name, tuple(map(case_of, found.questions)), found)


def _of_lines(data: Path, documents: Path | None) -> Dataset:
    """A line that has `documents` is of the golden set's form."""
    name = "golden" if data == GOLDEN else data.stem
    first = next((line for line in data.read_text(encoding="utf-8").splitlines() if line.strip()), "")
    known = (
        None if documents is None else LabelledSet(name, (), files=files_below(documents), folder=documents)
    )
    if '"documents"' in first:
        return Dataset(name, tuple(map(case_of, golden_questions(data))), known)
    return Dataset(name, cases_of(data), known)


def case_of(question: LabelledQuestion) -> Case:
    """A labelled question as a case."""
    return Case(
        id=question.id,
        question=question.text,
        expected=dict(question.relevant),
        answers=() if question.facts else question.answers,
        facts=question.facts,
        reference=question.reference,
        answerable=question.answerable,
        kind=question.kind,
        tags=question.tags,
        group=question.group,
        about=question.about,
    )
