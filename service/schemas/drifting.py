"""`GET /drift`: what answers are like, against what they were like."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from service.drift import Drift
from service.schemas.answers import Response


class ShiftOut(Response):
    """One quantity now against before."""

    quantity: str
    answers: int
    answers_before: int
    enough: bool = Field(description="Whether there are answers enough to say anything.")
    mean: float
    mean_before: float
    psi: float = Field(description="Population stability index.")
    limit: float = Field(description="What it must pass for an alarm: more than chance with so few answers.")
    mean_shift: float = Field(description="In standard deviations of before; 0 where values are names.")
    mean_limit: float
    alarm: bool


class DriftOut(BaseModel):
    """The answers since `since`, against those of the 28 days until then."""

    since: datetime
    shifts: list[ShiftOut]

    @classmethod
    def of(cls, drift: Drift) -> Self:
        """From our own type."""
        return cls(since=drift.since, shifts=[ShiftOut.model_validate(one) for one in drift.shifts])
