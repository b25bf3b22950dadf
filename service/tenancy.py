"""The values of access: tenants and their quotas, API keys, and what is noted of who did what.

Like `records.py`, declarations alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from service.types import Role, Scalar

OPERATOR = "operator"
"""In place of a key's id: who works on the database itself, with `footnote tenants` and `footnote keys`."""

Isolation = Literal["shared", "dedicated"]
"""Where a tenant's vectors lie: in the collection of all tenants that share one, or in one of its own."""


@dataclass(frozen=True, slots=True)
class Placement:
    """In which collection a tenant's vectors lie, and how far a move to the other one is.

    See `catalogue/placements.py` for the steps.
    """

    home: Isolation = "shared"
    step: Literal["", "filling", "emptying"] = ""
    moves: int = 0
    wanted: Isolation = "shared"

    @property
    def other(self) -> Isolation:
        """Where it is not at home."""
        return "dedicated" if self.home == "shared" else "shared"

    @property
    def written(self) -> tuple[Isolation, ...]:
        """Where new vectors go, the home first."""
        return (self.home, self.other) if self.step == "filling" else (self.home,)

    @property
    def held(self) -> tuple[Isolation, ...]:
        """Where something of it may lie; in the shared place also what a late writer has left."""
        return ("shared", "dedicated") if self.step or self.home == "dedicated" else ("shared",)


@dataclass(frozen=True, slots=True)
class Quotas:
    """The most that a tenant may have and ask; None is without limit."""

    documents: int | None = None
    bytes: int | None = None
    """Of its documents' original files."""
    questions_per_minute: int | None = None


UNLIMITED = Quotas()


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant with what it has: documents and bytes include uploads that wait to be read in."""

    name: str
    created_at: datetime | None
    """None where it came to be before tenants were managed."""
    quotas: Quotas
    audits_questions: bool
    """Whether its audit log holds the questions themselves, not only their length."""
    deleting: bool
    """It is being deleted: its keys are revoked, and it takes no uploads."""
    documents: int = 0
    bytes: int = 0
    isolation: Isolation = "shared"
    """Where its vectors are to lie."""
    moving: bool = False
    """Whether they are on their way there."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be."""

    name: str
    role: Role
    groups: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, without its secret, which nobody has but who was shown it.

    `prefix` is the secret's beginning, by which a person tells keys apart. `last_used_at` lags a minute.
    """

    id: str
    tenant: str
    name: str
    role: Role
    groups: tuple[str, ...]
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that may be used, with what its tenant decides about its requests."""

    key: Key
    sha256: str
    questions_per_minute: int | None
    audits_questions: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: the id of a key, or `OPERATOR`; and in which request."""

    key_id: str
    request_id: str = ""


BY_OPERATOR = Actor(OPERATOR)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, and how it ended: `done`, or the code of the error."""

    id: str
    at: datetime
    tenant: str
    key_id: str
    action: str
    object: str
    outcome: str
    request_id: str
    detail: Mapping[str, Scalar | tuple[str, ...]] = field(default_factory=dict)
