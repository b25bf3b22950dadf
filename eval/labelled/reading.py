"""Reading comprehension sets: the JSON forms of SQuAD, PubMedQA and TAT-QA."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.labelled.types import LabelledQuestion, LabelledSet, Record

Json = Any


def load(path: Path) -> LabelledSet | None:
    """The set of one JSON file."""
    if path.suffix != ".json" or not path.is_file():
        return None
    content: Json = json.loads(path.read_text(encoding="utf-8"))
    for recognises, read in ((_is_squad, _squad), (_is_pubmed, _pubmed), (_is_tatqa, _tatqa)):
        if recognises(content):
            pairs = list(read(content))
            records = tuple(record for record, _ in pairs)
            questions = tuple(question for _, asked in pairs for question in asked)
            return LabelledSet(path.stem, questions, records, folder=path.parent)
    return None


def _is_squad(content: Json) -> bool:
    return isinstance(content, dict) and bool(content.get("data")) and "paragraphs" in content["data"][0]


def _squad(content: Json) -> Iterator[tuple[Record, list[LabelledQuestion]]]:
    for number, article in enumerate(content["data"]):
        title = article.get("title", "")
        for place, paragraph in enumerate(article["paragraphs"]):
            record = Record(f"{number}#{place}", title, paragraph["context"].strip())
            yield record, [_squad_question(asked, number, record.id) for asked in paragraph["qas"]]


def _squad_question(asked: Json, number: int, record: str) -> LabelledQuestion:
    text, group = asked["question"].strip(), str(number)
    if asked.get("is_impossible"):
        return LabelledQuestion(str(asked["id"]), text, group, {}, answerable=False, about=record)
    answers = tuple(dict.fromkeys(answer["text"].strip() for answer in asked["answers"]))
    return LabelledQuestion(str(asked["id"]), text, group, {record: 1}, answers)


def _is_pubmed(content: Json) -> bool:
    return isinstance(content, dict) and "QUESTION" in next(iter(content.values()), {})


def _pubmed(content: Json) -> Iterator[tuple[Record, list[LabelledQuestion]]]:
    for id, row in content.items():
        yield (
            Record(id, "", "\n\n".join(row["CONTEXTS"])),
            [LabelledQuestion(id, row["QUESTION"].strip(), id, {id: 1})],
        )


def _is_tatqa(content: Json) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and {"table", "paragraphs", "questions"} <= content[0].keys()
    )


def _tatqa(content: Json) -> Iterator[tuple[Record, list[LabelledQuestion]]]:
    for number, row in enumerate(content):
        id = str(number)
        text = "\n\n".join([_table(row["table"]["table"]), *(part["text"] for part in row["paragraphs"])])
        yield Record(id, "", text), [_tatqa_question(asked, id) for asked in row["questions"]]


def _tatqa_question(asked: Json, record: str) -> LabelledQuestion:
    answer = asked["answer"]
    spans = answer if asked["answer_type"] in ("span", "multi-span") and isinstance(answer, list) else []
    answers = tuple(str(span) for span in spans)
    return LabelledQuestion(asked["uid"], asked["question"], record, {record: 1}, answers)


def _table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(cell.strip() for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
