"""Questions with known answers: their file format, and whether a text holds an expected fact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

DEMO = Path("deploy/demo/documents")
"""The sample corpus, seen from the root of the source tree."""
GOLDEN = Path(__file__).parent / "golden" / "questions.jsonl"
"""The set about the sample corpus."""

Kind = Literal["lookup", "paraphrase", "table", "multi", "conflict", "unanswerable"]
Spelling = Annotated[str, Field(min_length=2)]
Fact = Annotated[tuple[Spelling, ...], Field(min_length=1)]

# Invisible characters with which a line break splits a word, also the one that pdfium puts there.
WORD_BREAKS = str.maketrans("", "", "\u00ad\ufffe\ufeff\u200b")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
PARTS = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")


class GoldenQuestion(BaseModel):
    """One line of a question file.

    `documents` are paths below the corpus folder, with `#<_id>` for one record of a JSON Lines file. `facts`
    are what a right answer must hold, each a list of accepted spellings; both are empty when the corpus
    holds no answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    question: str
    kind: Kind
    documents: tuple[str, ...]
    facts: tuple[Fact, ...]
    note: str = ""
    reference: str = ""
    tags: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the corpus holds an answer."""
        return self.kind != "unanswerable"

    @model_validator(mode="after")
    def _expects_something_or_nothing(self) -> Self:
        if self.answerable != bool(self.documents) or self.answerable != bool(self.facts):
            raise ValueError("documents and facts belong to every answerable question, and only to those")
        return self


def load(path: Path = GOLDEN) -> tuple[GoldenQuestion, ...]:
    """The questions of a JSON Lines file in its order; a malformed line raises `pydantic.ValidationError`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(TypeAdapter(GoldenQuestion).validate_json(line) for line in lines if line.strip())


def holds(text: str, fact: Sequence[str]) -> bool:
    """Whether any accepted spelling occurs in the text.

    Case, spaces, commas between thousands and characters of equal meaning (NFKC) make no difference; a
    number is found only as a whole, so that `15` is neither in `150` nor in `1.15`.
    """
    plain = _plain(text)
    return any(_pattern(spelling).search(plain) for spelling in fact)


def fact_recall(text: str, question: GoldenQuestion) -> float:
    """The share of the question's facts that a text holds, in [0, 1]; 1 for a question without facts."""
    found = [holds(text, fact) for fact in question.facts]
    return sum(found) / len(found) if found else 1.0


def _plain(text: str) -> str:
    joined = unicodedata.normalize("NFKC", text).translate(WORD_BREAKS).casefold()
    return THOUSANDS.sub("", joined)


def _same_value(parts: Sequence[str]) -> str:
    """Zeros that may follow a number without changing it: 246.00 is 246, and 6.50 is 6.5."""
    return "0*" if parts[-2:-1] == ["."] else r"(?:\.0+)?"


def _pattern(spelling: str) -> re.Pattern[str]:
    parts = PARTS.findall(_plain(spelling))
    before = r"(?<!\d)(?<!\d[.,])" if parts[0].isdigit() else r"(?<![^\W\d_])"
    after = _same_value(parts) + r"(?![.,]?\d)" if parts[-1].isdigit() else ""
    return re.compile(before + r"\s*".join(map(re.escape, parts)) + after)
