"""The tables of access: API keys, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from service.catalogue.models import Base

LongInteger = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up none but INTEGER, which holds 64 bits there."""


class KeyRow(Base):
    """An API key; of its secret the SHA-256 and the beginning that is shown."""

    __tablename__ = "keys"
    __table_args__ = (Index("keys_of_a_tenant", "tenant", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(ForeignKey("tenants.name"))
    name: Mapped[str]
    role: Mapped[str]
    groups: Mapped[list[Any]]
    sha256: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did what; never what was asked, unless the tenant has switched that on."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_of_a_tenant", "tenant", "sequence"), Index("audit_by_age", "at"))

    sequence: Mapped[int] = mapped_column(LongInteger, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    tenant: Mapped[str]
    key_id: Mapped[str]
    action: Mapped[str]
    object: Mapped[str]
    outcome: Mapped[str]
    request_id: Mapped[str]
    detail: Mapped[dict[str, Any]]
