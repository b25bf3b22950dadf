"""Labelled sets: documents with questions about them, for measuring, training and calibrating.

    types.py      what a set is, and when a hit answers a question
    beir.py       corpus.jsonl, queries.jsonl, qrels/*.tsv and, where there is one, qa.jsonl
    reading.py    reading comprehension: the JSON of SQuAD, PubMedQA and TAT-QA
    spans.py      questions_df.csv with exact spans of corpora/*.md
    golden.py     the golden set's form: documents and facts; facts.py says whether a text holds one
    files.py      questions about files: qna_data.csv of the reports, and those of the golden set's form
    prose.py      documentation without labels: questions from headings and sentences
    codes.py      the same, asked by part numbers, error codes and names of options

`find` recognises the form of each folder or file below a directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from eval.labelled import beir, codes, files, prose, reading, spans
from eval.labelled.types import LabelledQuestion, LabelledSet, Record, relevance

__all__ = ["HEADINGS", "LabelledQuestion", "LabelledSet", "Record", "find", "load", "relevance"]


def find(folder: Path) -> Iterator[LabelledSet]:
    """Every labelled set in the folder, or directly below it, by name; nothing else is read."""
    for path in sorted([folder, *folder.iterdir()] if folder.is_dir() else [folder]):
        if (one := load(path)) is not None:
            yield one
        elif path != folder and path.is_dir():
            yield from (inner for file in sorted(path.iterdir()) if (inner := load(file)) is not None)


def load(path: Path) -> LabelledSet | None:
    """The set that a folder or file holds; None where its form is none of ours."""
    for read in (beir.load, spans.load, files.load, reading.load):
        if (found := read(path)) is not None:
            return found
    return None


HEADINGS = 150
"""How many headings of a folder ask, at the most."""


def headings(folder: Path, max_questions: int = HEADINGS) -> LabelledSet:
    """Unlabelled documentation as a set of questions in other words than the text's."""
    return prose.headings(folder, max_questions)


def asked_by_codes(folders: Sequence[Path], max_places: int = 300) -> LabelledSet:
    """Unlabelled documentation of several collections as one set of questions about its codes."""
    return codes.load(folders, max_places)


def documentation(folder: Path, max_records: int = 400) -> LabelledSet:
    """Unlabelled documentation as a set of questions made from its headings and sentences."""
    return prose.load(folder, max_records)
