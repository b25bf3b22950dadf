"""What an explanation holds, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from service.records import Job
from service.types import Answer, Context, Decision, Found

LostAt = Literal[
    "not_ingested",
    "not_parsed",
    "not_chunked_whole",
    "not_retrieved",
    "fused_away",
    "reranked_away",
    "cut_by_budget",
    "abstained",
    "generated_wrongly",
    "dropped_by_check",
    "cited_wrongly",
]
"""Where something can be lost, in the order of the stages."""
Verdict = Literal["found", LostAt]
"""Where what was expected was lost; `found` where it was not."""

State = Literal["absent", "deleted", "waiting", "failed", "live"]


LOOKED_AT = 1000
"""How far each list is looked through for what the answer did not see."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer should rest on: a document, by its id or its source, a text, or a text in a document."""

    document_id: str = ""
    source: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """A document that was expected. `state` is `absent` also where the caller may not know of it."""

    document_id: str
    source: str
    state: State
    version: int | None = None
    upload: Job | None = None
    """The newest that is remembered, with its error or its report."""
    receipt: Mapping[str, object] | None = None
    """What was read from the file, and what was not."""
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A chunk in which what was expected stands; `whole` where all of it does.

    `above`: not in its text, but in the headings or the table header that it is found and read with.
    """

    document_id: str
    chunk_id: str
    ordinal: int
    start: int
    end: int
    whole: bool
    above: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of a document's live text in which the expected text stands."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """What was expected, as the corpus has it; without an expected text all chunks are places."""

    documents: tuple[DocumentSeen, ...]
    places: tuple[Place, ...] = ()
    spots: tuple[Spot, ...] = ()

    @property
    def live(self) -> bool:
        """Whether there is anything that could be found."""
        return any(document.state == "live" for document in self.documents)


@dataclass(frozen=True, slots=True)
class Rank:
    """The best rank of a place in a list, from 1; None where it is not among the first `looked_at`.

    The answer is drawn from the first `served` of the list.
    """

    rank: int | None
    looked_at: int
    served: int

    @property
    def is_served(self) -> bool:
        """Whether the next stage saw it."""
        return self.rank is not None and self.rank <= self.served


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where the best of the places stands in each list; `reranked` only knows what was reranked.

    `filtered`: it is there without the question's filters, and not with them.
    """

    dense: Rank
    sparse: Rank
    fused: Rank
    reranked: Rank
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether what was expected is in the context: by the numbers of its passages, else why it is not."""

    passages: tuple[int, ...]
    left_out: Literal["duplicate", "budget"] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What the question's own run through the stages gave.

    `context` is what the generator would have read also where the decision was to abstain. `decision` is the
    one before anything was written; that of `answer` is the last.
    """

    found: Found
    decision: Decision
    context: Context
    answer: Answer


@dataclass(frozen=True, slots=True)
class Way:
    """What was seen on the way through the stages."""

    ranks: Ranks
    reached: Reached
    run: Run


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that a verdict rests on; nothing was asked where there was nothing to be found."""

    expected: Expected
    corpus: Corpus
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """What would likely mend it, and the command or the setting; empty where there is none."""

    advice: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stage that lost what was expected, why, what would likely mend it, and what was seen."""

    verdict: Verdict
    why: str
    fix: Fix
    seen: Seen
