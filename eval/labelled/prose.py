"""Documentation without labels: a section's heading, or a sentence of it, asks for the section.

The question is made from words of the text itself, so it is easier than a reader's; a sentence that became a
question is taken out of the text that is searched.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from eval.labelled.types import LabelledQuestion, LabelledSet, Record
from service.text.sentences import spans

SUFFIXES = (".md", ".rst", ".txt")
SEED = 13
_HEADING = re.compile(r"(?m)^#{1,4}[ \t]+(.+?)[ \t#]*$|^(.+)\n[=\-~^\"]{3,}[ \t]*$")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_SHORTEST_SECTION, _LONGEST_SECTION = 250, 4_000
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        "overview introduction summary examples example notes note parameters description inputs outputs "
        "motivation abstract references copyright background rationale goals related links contents usage "
        "see also",
    )
)
"""Words of headings that stand in every document."""


def load(folder: Path, max_records: int) -> LabelledSet:
    """At most `most` sections, spread over the folder's files, each with one question."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    draw = random.Random(f"{SEED}-{folder.name}")
    draw.shuffle(files)
    records: list[Record] = []
    questions: list[LabelledQuestion] = []
    for file in files:
        if len(records) >= max_records:
            break
        name = file.relative_to(folder).as_posix()
        found = list(_sections(file.read_text(encoding="utf-8", errors="replace")))
        for number, (heading, body) in enumerate(draw.sample(found, min(3, len(found)))):
            record, question = _asked(f"{name}#{number}", name, heading, body, draw)
            records.append(record)
            questions.extend(question)
    return LabelledSet(folder.name, tuple(questions), tuple(records), folder=folder)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    text = _FRONT_MATTER.sub("", text)
    found = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    for heading, end in zip(found, ends, strict=False):  # a page without a heading has no section
        body = text[heading.end() : end].strip()
        title = re.sub(r"[`*_\[\]]", "", heading[1] or heading[2]).strip()
        if _SHORTEST_SECTION <= len(body) <= _LONGEST_SECTION:
            yield title, body


def _asked(
    id: str, group: str, heading: str, body: str, draw: random.Random
) -> tuple[Record, list[LabelledQuestion]]:
    """The section as a record, and the question that its heading or one of its sentences asks."""
    telling = [word for word in re.findall(r"\w+", heading.lower()) if word not in _GENERIC]
    if len(telling) >= 3 and draw.random() < 0.5:
        return Record(id, "", body), [LabelledQuestion(id, heading, group, {id: 1})]
    fit = [(start, end) for start, end in spans(body) if _can_ask(body[start:end])]
    if len(fit) < 2:
        return Record(id, heading, body), []
    start, end = draw.choice(fit)
    text = " ".join(body[start:end].split())
    return Record(id, heading, body[:start] + body[end:]), [LabelledQuestion(id, text, group, {id: 1})]


def _can_ask(sentence: str) -> bool:
    words = sentence.split()
    return 7 <= len(words) <= 30 and sentence[0].isalpha() and not set("|`<>{}[]=") & set(sentence)
