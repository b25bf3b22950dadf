"""What a server refuses to start with: nobody could come in, or anybody."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from service.catalogue import Keys
from service.errors import Misconfigured
from service.settings import Settings

WELL_KNOWN = frozenset(
    {
        "admin",
        "change-me",
        "changeme",
        "changethis",
        "default",
        "footnote",
        "minio",
        "minioadmin",
        "minioadmin123",
        "password",
        "postgres",
        "qdrant",
        "redis",
        "root",
        "secret",
        "test",
    }
)
"""Passwords that stand in examples; whoever can reach a service tries them first."""


def check_start(settings: Settings, keys: Keys) -> None:
    """Whether a server may start with these settings and keys.

    Raises:
        Misconfigured: there is no key that could be used, or a secret is one that everybody knows.
    """
    if found := well_known_secrets(settings):
        raise Misconfigured(
            f"the secret in {' and in '.join(found)} is one that everybody knows",
            hint="set another, for example from `openssl rand -hex 32`",
        )
    if not keys.any_usable():
        raise Misconfigured(
            "there is no API key that could be used, so nobody could ask anything",
            hint="`footnote tenants create NAME`, then `footnote keys create NAME --role admin`",
        )


def well_known_secrets(settings: Settings) -> list[str]:
    """The settings whose secrets stand in everybody's examples."""
    secrets = {
        "catalogue.url": _password(settings.catalogue.url),
        "redis.url": _password(settings.redis.url),
        "store.server.api_key": settings.store.server.api_key.get_secret_value(),
        "blobs.secret_access_key": settings.blobs.secret_access_key.get_secret_value(),
        "generate.api_key": settings.generate.api_key.get_secret_value(),
    }
    return [name for name, secret in secrets.items() if secret and secret.lower() in WELL_KNOWN]


def _password(url: SecretStr) -> str | None:
    return urlsplit(url.get_secret_value()).password
