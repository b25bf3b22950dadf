"""Keys, the tenant and its audit log, as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from service.catalogue.identity import MAX_GROUPS, MAX_NAME_CHARACTERS
from service.records import Page
from service.schemas.answers import Response
from service.tenancy import AuditEntry, Isolation, Key, NewKey, Tenant
from service.types import Role

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]


class NewKeyIn(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="What it is for; shown in lists.", examples=["intranet search"])
    role: Role
    groups: list[Name] = Field(
        [], max_length=MAX_GROUPS, description="Whose documents it reads, beside open ones."
    )
    expires_at: AwareDatetime | None = Field(None, description="Null: it does not.")

    def to_new_key(self) -> NewKey:
        """As our own type."""
        return NewKey(self.name, self.role, tuple(self.groups), self.expires_at)


class KeyOut(Response):
    """A key without its secret. `prefix` is the secret's beginning; `last_used_at` lags a minute."""

    id: str
    name: str
    role: Role
    groups: list[str]
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyOut(KeyOut):
    """A new key with its secret, which is shown this once."""

    secret: str

    @classmethod
    def with_secret(cls, key: Key, secret: str) -> Self:
        """From our own type."""
        return cls(**KeyOut.model_validate(key).model_dump(), secret=secret)


class KeysOut(BaseModel):
    """A part of the keys; ask on with `next_cursor` until it is null."""

    keys: list[KeyOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[Key]) -> Self:
        """From our own type."""
        return cls(keys=[KeyOut.model_validate(key) for key in page.items], next_cursor=page.next_cursor)


class AuditEntryOut(Response):
    """Who did what to what: `key_id` is a key's, or `operator`; `outcome` is `done` or an error's code."""

    id: str
    at: datetime
    key_id: str
    action: str = Field(examples=["query", "upload", "delete", "key.create"])
    object: str = Field(description="The id of what it was done to, where there is one.")
    outcome: str
    request_id: str
    detail: dict[str, str | bool | int | float | list[str]]


class AuditOut(BaseModel):
    """A part of the audit log, newest first; ask on with `next_cursor` until it is null."""

    entries: list[AuditEntryOut]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[AuditEntry]) -> Self:
        """From our own type."""
        return cls(
            entries=[AuditEntryOut.model_validate(entry) for entry in page.items],
            next_cursor=page.next_cursor,
        )


class QuotasOut(Response):
    """The most that the tenant may have and ask; null is without limit. The service's operators set them."""

    documents: int | None
    bytes: int | None
    questions_per_minute: int | None


class TenantIn(BaseModel):
    """What a tenant's administrators decide."""

    model_config = ConfigDict(extra="forbid")

    audits_questions: StrictBool = Field(
        description="Whether the audit log holds the questions themselves from now on, not only their length."
    )


class TenantOut(Response):
    """The tenant of the key; `documents` and `bytes` include uploads that wait to be read in."""

    name: str
    created_at: datetime | None
    audits_questions: bool
    deleting: bool
    quotas: QuotasOut
    documents: int
    bytes: int
    isolation: Isolation
    moving: bool = Field(description="Whether its vectors are on their way to where they are to lie.")

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """From our own type."""
        return cls.model_validate(tenant)
