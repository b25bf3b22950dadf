"""Questions whose answers are exact spans of a few long documents (Smith and Troynikov 2024)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from eval.labelled.types import LabelledQuestion, LabelledSet


def load(folder: Path) -> LabelledSet | None:
    """The set of a folder with `questions_df.csv` and `corpora/*.md`."""
    table = folder / "questions_df.csv"
    if not table.is_file():
        return None
    files = tuple(sorted((folder / "corpora").glob("*.md")))
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    questions = (
        LabelledQuestion(
            str(number),
            row["question"],
            row["corpus_id"],
            {f"{row['corpus_id']}.md": 1},
            tuple(span["content"] for span in json.loads(row["references"])),
        )
        for number, row in enumerate(rows)
    )
    return LabelledSet(folder.name, tuple(questions), files=files, folder=folder / "corpora")
