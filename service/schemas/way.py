"""What became of hits and sentences on their way into an answer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from service.types import ContextOutline, Rejected


class Outline(BaseModel):
    """A part of what is built from the attributes of one of our own values."""

    model_config = ConfigDict(from_attributes=True)


class PassageOut(Outline):
    """A passage that the generator read, by its place, and the hits that it was made of."""

    n: int
    document_id: str
    version: int
    start: int
    end: int
    chunk_ids: list[str]


class LeftOutOut(Outline):
    """A hit that no passage holds: it repeats a better one, or there was no room for it."""

    chunk_id: str
    why: Literal["duplicate", "budget"]


class ContextOut(Outline):
    """What became of the hits on their way to the generator."""

    passages: list[PassageOut]
    left_out: list[LeftOutOut]

    @classmethod
    def of(cls, outline: ContextOutline) -> Self:
        """From our own type."""
        return cls.model_validate(outline)


class RejectedOut(BaseModel):
    """A sentence that was written and dropped, and why."""

    text: str | None = Field(description="Null for readers, who are shown nothing that was not checked.")
    reason: Literal["no_marker", "unknown_passage", "unsupported"]
    support: float
    missing: list[str] = Field(description="Words and values that its passages lack; as `text`.")
    named: list[int] = Field(description="The passages that it named.")

    @classmethod
    def of(cls, rejected: Rejected, *, shows_text: bool) -> Self:
        """From our own type."""
        return cls(
            text=rejected.text if shows_text else None,
            reason=rejected.reason,
            support=rejected.support,
            missing=list(rejected.missing) if shows_text else [],
            named=list(rejected.named),
        )
