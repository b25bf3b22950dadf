"""Variants of the service as they go out."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from service.records import VariantState
from service.schemas.answers import Response


class VariantOut(Response):
    """A variant that answers some users, or did. What it sets and what it has shown the operators see."""

    name: str
    state: VariantState = Field(description="`rolled_back`: it was taken back by itself, as it was worse.")
    since: datetime


class VariantsOut(BaseModel):
    """Every variant that ever ran, the last change first."""

    variants: list[VariantOut]
