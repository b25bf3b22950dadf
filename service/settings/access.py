"""Who may come in, where there are credentials: in server mode."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from service.settings.base import Count, Seconds, Section

PRIVATE_URL = r"^(https://.+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?)?$"


class AccessSettings(Section):
    """API keys, and what stands before this server."""

    key_cache_s: Seconds = 5
    """How long a process takes a key for good without asking again: so long at most does a revoked key go on
    working."""
    max_failures_per_minute: Count = 20
    """Requests with keys that are not valid, from one address; beyond it they are not looked up."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses or networks of the proxies in front, whose `X-Forwarded-For` names the client. From others
    the header says nothing."""
    behind_tls: bool = False
    """A proxy in front of this server speaks TLS. Without it keys would cross the network readable, so the
    server listens on this machine alone."""


class ClientSettings(Section):
    """The server that the command line asks, in place of the engine on its own data folder."""

    url: Annotated[
        str, Field(pattern=r"^(https://.+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?)?$")
    ] = ""
    """Over TLS, unless it is this machine: the key goes with every request."""
    api_key: SecretStr = SecretStr("")
    """Sent with every request to that server."""
