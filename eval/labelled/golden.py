"""The golden set's form: questions with the documents and the facts that answer them, a line each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

DEMO = Path("deploy/demo/documents")
"""The sample corpus, seen from the root of the source tree."""
GOLDEN = Path(__file__).parents[1] / "golden" / "questions.jsonl"
"""The set about the sample corpus."""

Kind = Literal["lookup", "paraphrase", "table", "multi", "conflict", "unanswerable"]
Spelling = Annotated[str, Field(min_length=2)]
Fact = Annotated[tuple[Spelling, ...], Field(min_length=1)]


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
