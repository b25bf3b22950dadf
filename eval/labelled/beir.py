"""Sets in BEIR's form (Thakur et al. 2021), with the answers of `qa.jsonl` where there is one."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.labelled.types import LabelledQuestion, LabelledSet, Record


def load(folder: Path, split: str = "test") -> LabelledSet | None:
    """The set: the questions that `qrels/<split>.tsv` judges, and those of `qa.jsonl` without an answer.

    Where nothing is judged, `qa.jsonl` is asked whole: each answer stands in the passage that it names.
    """
    judged, answered = folder / "qrels" / f"{split}.tsv", folder / "qa.jsonl"
    if not (folder / "corpus.jsonl").is_file() or not (judged.is_file() or answered.is_file()):
        return None
    found = questions(folder, split) if judged.is_file() else qa(answered)
    records = tuple(
        Record(row["_id"], row.get("title", ""), row["text"]) for row in rows(folder / "corpus.jsonl")
    )
    return LabelledSet(folder.name, found, records, folder=folder)


def questions(folder: Path, split: str = "test") -> tuple[LabelledQuestion, ...]:
    """The questions of a set with judgements."""
    relevant = judgements(folder / "qrels" / f"{split}.tsv")
    known = {row["id"]: row for row in rows(folder / "qa.jsonl")}
    asked = [(row["_id"], row["text"]) for row in rows(folder / "queries.jsonl") if row["_id"] in relevant]
    judged_ids = {id for id, _ in asked}
    asked += [
        (id, row["question"]) for id, row in known.items() if row["impossible"] and id not in judged_ids
    ]
    return tuple(_question(id, text, relevant.get(id, {}), known.get(id)) for id, text in asked)


def qa(file: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a `qa.jsonl`: `id, question, passage, answers, impossible` a line."""
    return tuple(_question(row["id"], row["question"], {str(row["passage"]): 1}, row) for row in rows(file))


def _question(id: str, text: str, relevant: dict[str, int], known: dict[str, Any] | None) -> LabelledQuestion:
    about = next(iter(relevant)) if known is None else str(known["passage"])
    group = about.rpartition("#")[0] or about
    if known is None:
        return LabelledQuestion(id, text, group, relevant)
    if known["impossible"]:
        return LabelledQuestion(id, text, group, {}, answerable=False, about=about)
    return LabelledQuestion(id, text, group, relevant, tuple(known["answers"]))


def judgements(file: Path) -> dict[str, dict[str, int]]:
    """By question, the records that a qrels file calls relevant, each with its grade."""
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        question, record, grade = line.split("\t")
        if int(grade) > 0:
            relevant[question][record] = int(grade)
    return dict(relevant)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file; none where there is no file."""
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())
