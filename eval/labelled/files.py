"""Questions about files: a table of questions with their source files, or the golden set's JSON Lines."""

from __future__ import annotations

import csv
from pathlib import Path

from eval.dataset import GOLDEN
from eval.dataset import load as load_golden
from eval.labelled.types import LabelledQuestion, LabelledSet


def load(folder: Path) -> LabelledSet | None:
    """The set of a folder with `qna_data.csv` and `docs/`."""
    table = folder / "qna_data.csv"
    if not table.is_file():
        return None
    files = files_below(folder / "docs")
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    questions = []
    for number, row in enumerate(rows):
        relevant = dict.fromkeys(_named(row["Source Docs"], files), 1)
        if relevant:
            questions.append(LabelledQuestion(str(number), row["Question"], min(relevant), relevant))
    return LabelledSet(folder.name, tuple(questions), files=files, folder=folder / "docs")


def _named(sources: str, files: tuple[Path, ...]) -> list[str]:
    """The files that a cell such as `2022 Q3 AAPL.pdf, *AMZN*` names."""
    patterns = [part.strip() for part in sources.replace(";", ",").split(",") if part.strip()]
    return [file.name for file in files if any(file.match(pattern) for pattern in patterns)]


def golden(documents: Path, questions: Path = GOLDEN) -> LabelledSet:
    """The golden set about the sample corpus in `documents`."""
    return LabelledSet("golden", golden_questions(questions), files=files_below(documents), folder=documents)


def golden_questions(questions: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a file in the golden set's form."""
    return tuple(
        LabelledQuestion(
            one.id,
            one.question,
            one.documents[0] if one.documents else one.id,
            dict.fromkeys(one.documents, 1),
            tuple(spelling for fact in one.facts for spelling in fact),
            answerable=one.answerable,
            facts=one.facts,
            reference=one.reference,
            kind=one.kind,
            tags=one.tags,
        )
        for one in load_golden(questions)
    )


def files_below(folder: Path) -> tuple[Path, ...]:
    """The files of a folder, and of its folders, by name."""
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))
