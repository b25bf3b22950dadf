"""The tables of variants, and of answers that are kept with their words to be judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.catalogue.models import Base


class SampleRow(Base):
    """An answer with its words, and where a variant answered the question as well, that answer."""

    __tablename__ = "samples"
    __table_args__ = (
        Index("samples_by_age", "created_at"),
        Index("samples_of_a_tenant", "tenant", "variant"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    question: Mapped[str]
    variant: Mapped[str]
    fingerprint: Mapped[str]
    served: Mapped[dict[str, Any]]
    candidate: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]


class SampleDocumentRow(Base):
    """A document that one of a sample's answers quoted; the sample goes with it."""

    __tablename__ = "sample_documents"
    __table_args__ = (Index("samples_of_document", "document_id"),)

    sample_id: Mapped[str] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[str] = mapped_column(primary_key=True)


class VariantRow(Base):
    """What became of a variant of these settings."""

    __tablename__ = "variants"

    name: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]
    since: Mapped[datetime]


class VariantSumsRow(Base):
    """What a canary has shown: sums of one measure, of the pipeline in force or of the candidate."""

    __tablename__ = "variant_sums"

    name: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    total: Mapped[float] = mapped_column(Double)
    squares: Mapped[float] = mapped_column(Double)


class JudgedRow(Base):
    """What the last judging of answers came to, by metric."""

    __tablename__ = "judged"

    metric: Mapped[str] = mapped_column(primary_key=True)
    mean: Mapped[float] = mapped_column(Double)
    answers: Mapped[int]
    at: Mapped[datetime]
