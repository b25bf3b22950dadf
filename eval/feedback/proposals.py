"""A judgement becomes a proposal of a case: personal data and secrets masked, with what it expects.

An answer that was rated up expects the documents that it quoted; declined, and rated up, it says that there
is no answer. A correction is a reference. An answer that was rated down without one teaches nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eval.labelled.types import folded
from eval.run.records import Case
from service.catalogue.answers import Judgement
from service.masking import Masker

TAG = "feedback"


class Proposal(BaseModel):
    """One line of the file that is reviewed: `review` is empty until a person has decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    review: Literal["", "keep", "drop"] = ""
    rating: str = ""
    comment: str = ""
    case: Case


def proposals(judged: Sequence[Judgement], masker: Masker) -> list[Proposal]:
    """One for each question, from the last judgement of it that expects something."""
    found: dict[str, Proposal] = {}
    for one in judged:
        if teaches(one):
            made = _proposal(one, masker)
            found[made.case.id] = made
    return list(found.values())


def teaches(judged: Judgement) -> bool:
    """Whether a judgement says what would be right."""
    declined = judged.status == "abstained"
    return bool(judged.correction.strip()) or (judged.rating == "up" and (declined or bool(judged.sources)))


def _proposal(judged: Judgement, masker: Masker) -> Proposal:
    question, correction = masker.mask(judged.question), masker.mask(judged.correction.strip())
    approved = judged.rating == "up" and not correction
    # A name that is masked names no document any more.
    sources = [source for source in judged.sources if not masker.find(source)]
    return Proposal(
        rating=judged.rating,
        comment=masker.mask(judged.comment),
        case=Case(
            id=f"{TAG}-{hashlib.sha256(folded(question).encode()).hexdigest()[:12]}",
            question=question,
            expected=dict.fromkeys(sources, 1) if approved else {},
            reference=correction,
            answerable=bool(correction) or judged.status != "abstained",
            tags=(TAG,),
        ),
    )
