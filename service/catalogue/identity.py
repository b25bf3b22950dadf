"""Who a document is: (tenant, source). The same source again is a new version of the same document.

And what may be a name: of a source, a tenant, a group, a key.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence

from service.errors import InvalidInput
from service.storable import MAX_TEXT_CHARACTERS
from service.types import Scope

DOCUMENTS = uuid.UUID("5bb0b0d9-6a0e-5f2c-9c7e-7d0b8b1c6a54")
"""Root of all document ids; changing it makes every document a new one."""

MAX_NAME_CHARACTERS = 100
"""Of a key's name and a group's."""
MAX_GROUPS = 64
"""Of a document or a key."""
RESERVED = "*+"
"""What no group's name begins with: every group is `*`, and the store has a mark with + of its own."""
TENANT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def document_id(scope: Scope, source: str) -> str:
    """A UUIDv5 (RFC 9562) of the tenant and the source."""
    return str(uuid.uuid5(uuid.uuid5(DOCUMENTS, scope.tenant), source))


def checked_source(source: str) -> str:
    """`source` in NFC, so that one name typed on two systems is one document.

    Raises:
        InvalidInput: it is not fit to be a name.
    """
    name = unicodedata.normalize("NFC", source.strip())
    if not 0 < len(name) <= MAX_TEXT_CHARACTERS:
        raise InvalidInput(f"A source has 1 to {MAX_TEXT_CHARACTERS} characters; this one has {len(name)}.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidInput("A source holds no control characters.")
    return name


def checked_tenant(name: str) -> str:
    """`name`, which may be a tenant's: it stands in object names, lock names and metrics.

    Raises:
        InvalidInput: it may not.
    """
    if not TENANT_NAME.fullmatch(name):
        raise InvalidInput(
            "A tenant's name has 1 to 63 characters: small letters, digits, and after the first . _ -"
        )
    return name


def checked_name(name: str) -> str:
    """`name` in NFC, fit to be shown.

    Raises:
        InvalidInput: it is empty, too long, or holds characters that cannot be seen.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise InvalidInput(f"A name has 1 to {MAX_NAME_CHARACTERS} characters; this one has {len(name)}.")
    if not name.isprintable():
        raise InvalidInput("A name holds no control characters.")
    return name


def checked_groups(groups: Sequence[str], *, also: Sequence[str] = ()) -> tuple[str, ...]:
    """The groups in NFC, each once, in order; `also` are names that are allowed beside.

    Raises:
        InvalidInput: one is not fit to be a group's name, or there are too many.
    """
    checked = tuple(sorted({checked_name(group) for group in groups}))
    if len(checked) > MAX_GROUPS:
        raise InvalidInput(f"groups: there are {len(checked)}, and may be {MAX_GROUPS}")
    if reserved := [group for group in checked if group[0] in RESERVED and group not in also]:
        raise InvalidInput(
            f"groups: {reserved[0]!r} cannot be a group's name, which begins with none of {RESERVED}",
            hint="a document without groups is open to its whole tenant",
        )
    return checked
