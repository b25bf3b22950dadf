"""Callers with keys."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from service.access import Access
from service.records import Upload
from service.settings import AccessSettings, CatalogueSettings, Settings
from service.tenancy import BY_OPERATOR, NewKey
from service.types import EVERY_GROUP, Role, Scope
from tests.api.calling import small_limits
from tests.fakes import FakeEngine

WARRANTY = "The warranty lasts 24 months."


def server_settings(**access: Any) -> Settings:
    """Settings of server mode with small limits."""
    settings = small_limits()
    changed = {
        "mode": "server",
        "access": AccessSettings(**access),
        "catalogue": CatalogueSettings(url=SecretStr("postgresql+psycopg://footnote:s3cure@db/footnote")),
    }
    return settings.model_copy(update=changed)


@dataclass
class Keyed:
    """An application with credentials."""

    app: FastAPI
    access: Access
    engine: FakeEngine
    client: httpx.AsyncClient

    def key(self, role: Role, *groups: str, tenant: str = "acme") -> str:
        """The secret of a new key."""
        return self.access.keys.create(tenant, NewKey(role, role, groups), BY_OPERATOR)[1]

    async def call(self, method: str, path: str, secret: str | None, **parts: Any) -> httpx.Response:
        headers = {**parts.pop("headers", {}), **bearer(secret)}
        return await self.client.request(method, path, headers=headers, **parts)

    async def document(self, source: str, *groups: str, tenant: str = "acme", text: str = WARRANTY) -> str:
        """The id of a document that is there."""
        scope = Scope(tenant, frozenset({EVERY_GROUP}))
        upload = Upload(source, source, BytesIO(text.encode()))
        (job,) = await self.engine.upload(scope, [upload], metadata={}, groups=groups, idempotency_key=None)
        return job.document_id

    async def noted(self, tenant: str = "acme") -> list[tuple[str, str, str]]:
        """What the audit log holds of requests with keys: action, object, outcome; oldest first."""
        self.access.keeper.flush()
        found = self.access.audit.page(tenant, None, 100).items
        return [(one.action, one.object, one.outcome) for one in reversed(found) if one.key_id != "operator"]


def bearer(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"Authorization": f"Bearer {secret}"}
