"""Questions whose answers are exact spans of a few long documents (Smith and Troynikov 2024)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from eval.labelled.types import LabelledQuestion, LabelledSet


class Reference(BaseModel):
    """One gold excerpt, as the data file has it: `content` is the corpus from start to end."""

    content: str
    start_index: int
    end_index: int


@dataclass(frozen=True, slots=True)
class SpanQuestion:
    """A question with the `gold` character spans of the `corpus` that answer it."""

    text: str
    corpus: str
    gold: tuple[tuple[int, int], ...]

    def excerpts(self, corpora: Mapping[str, str]) -> tuple[str, ...]:
        """The texts of the spans."""
        return tuple(corpora[self.corpus][start:end] for start, end in self.gold)


@dataclass(frozen=True, slots=True)
class SpanDataset:
    """The raw texts by name, and the questions."""

    corpora: Mapping[str, str]
    questions: tuple[SpanQuestion, ...]


_REFERENCES = TypeAdapter(list[Reference])


def read(folder: Path) -> SpanDataset:
    """Read `questions_df.csv` and `corpora/*.md`; offsets count code points with line ends as they are.

    Raises:
        ValueError: an excerpt is not what the corpus has at its place.
        OSError: a file is missing.
    """
    corpora = {path.stem: path.read_bytes().decode() for path in sorted((folder / "corpora").glob("*.md"))}
    with (folder / "questions_df.csv").open(newline="", encoding="utf-8") as file:
        questions = tuple(_questions(csv.DictReader(file), corpora))
    return SpanDataset(corpora, questions)


def _questions(rows: Iterable[dict[str, str]], corpora: Mapping[str, str]) -> Iterator[SpanQuestion]:
    for row in rows:
        corpus = row["corpus_id"]
        references = _REFERENCES.validate_json(row["references"])
        for one in references:
            if corpora[corpus][one.start_index : one.end_index] != one.content:
                raise ValueError(f"An excerpt is not in {corpus} at {one.start_index}: {one.content[:60]!r}")
        spans = tuple((one.start_index, one.end_index) for one in references)
        yield SpanQuestion(row["question"], corpus, spans)


def load(folder: Path) -> LabelledSet | None:
    """The set of a folder with `questions_df.csv` and `corpora/*.md`: its files, the excerpts as answers."""
    if not (folder / "questions_df.csv").is_file():
        return None
    found = read(folder)
    questions = (
        LabelledQuestion(
            str(number), one.text, one.corpus, {f"{one.corpus}.md": 1}, one.excerpts(found.corpora)
        )
        for number, one in enumerate(found.questions)
    )
    files = tuple(sorted((folder / "corpora").glob("*.md")))
    return LabelledSet(folder.name, tuple(questions), files=files, folder=folder / "corpora")
