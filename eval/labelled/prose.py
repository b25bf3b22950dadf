"""Documentation without labels: a section's heading, or a sentence of it, asks for the section.

A question that is made from words of the text itself is easier than a reader's; a sentence that became a
question is taken out of the text that is searched. `headings` asks in other words than the text's.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eval.labelled.types import LabelledQuestion, LabelledSet, Record
from service.text.sentences import spans
from service.text.words import terms

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
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_NO_QUESTION = re.compile(r"^\d|[`{}<>|=()\[\]/]")
_SHARED = 0.5
_RECORD_CHARACTERS = 1_400


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


@dataclass(frozen=True, slots=True)
class _Section:
    """A section with the file that it is from."""

    file: str
    heading: str
    body: str

    def asks_otherwise(self) -> bool:
        """Whether the heading can stand for a question of which the text shares at most half of the terms."""
        asked = [term for term in terms(self.heading) if term not in _GENERIC]
        fewest = 2 if self.heading.endswith("?") else 3
        if len(asked) < fewest or _NO_QUESTION.search(self.heading):
            return False
        known = set(terms(self.body))
        return sum(term in known for term in asked) <= _SHARED * len(asked)


def headings(folder: Path, max_questions: int) -> LabelledSet:
    """Sections that are asked for by a heading in other words than their text's, among half as many others.

    A heading that stands twice asks for neither section; those that are questions come first.
    """
    found = list(_all_sections(folder))
    times = Counter(section.heading.casefold() for section in found)
    random.Random(f"{SEED}-{folder.name}").shuffle(found)
    asking = [one for one in found if times[one.heading.casefold()] == 1 and one.asks_otherwise()]
    asking = sorted(asking, key=lambda one: not one.heading.endswith("?"))[:max_questions]
    asked = {one.body for one in asking}
    others = [one for one in found if one.body not in asked][: max_questions // 2]
    records = [Record(str(number), "", one.body) for number, one in enumerate([*asking, *others])]
    questions = (
        LabelledQuestion(record.id, one.heading, one.file, {record.id: 1})
        for one, record in zip(asking, records, strict=False)
    )
    return LabelledSet(f"{folder.name} headings", tuple(questions), tuple(records), folder=folder)


def bodies_below(folder: Path) -> list[str]:
    """The texts of the sections of a folder's files, without what links point to."""
    return [section.body for section in _all_sections(folder)]


def _all_sections(folder: Path) -> Iterator[_Section]:
    for file in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()):
        for heading, body in _sections(file.read_text(encoding="utf-8", errors="replace")):
            text = _LINK_TARGET.sub("]", body)[:_RECORD_CHARACTERS]
            yield _Section(file.relative_to(folder).as_posix(), heading, text)


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
