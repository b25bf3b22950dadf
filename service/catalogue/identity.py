"""Who a document is: (tenant, source). The same source again is a new version of the same document."""

from __future__ import annotations

import unicodedata
import uuid

from service.errors import InvalidInput
from service.storable import MAX_TEXT_CHARACTERS
from service.types import Scope

DOCUMENTS = uuid.UUID("5bb0b0d9-6a0e-5f2c-9c7e-7d0b8b1c6a54")
"""Root of all document ids; changing it makes every document a new one."""


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
