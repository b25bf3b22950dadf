"""Who a document is: (tenant, source). The same source again is a new version of the same document."""

from __future__ import annotations

import uuid

from service.types import Scope

DOCUMENTS = uuid.UUID("5bb0b0d9-6a0e-5f2c-9c7e-7d0b8b1c6a54")
"""Root of all document ids; changing it makes every document a new one."""


def document_id(scope: Scope, source: str) -> str:
    """A UUIDv5 (RFC 9562) of the tenant and the source."""
    return str(uuid.uuid5(uuid.uuid5(DOCUMENTS, scope.tenant), source))
