"""Where the server listens, and where it refuses to."""

from __future__ import annotations

import ipaddress
import socket

from service.errors import Misconfigured
from service.settings import Settings


def listen(settings: Settings, backlog: int) -> socket.socket:
    """A listening socket where the settings say; `backlog` connections wait in the system to be accepted.

    Raises:
        Misconfigured: other machines could come in without credentials, or read them on their way; or the
            port is taken.
    """
    host, port = settings.api.host, settings.api.port
    if not _is_loopback(host):
        _check_open(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise Misconfigured(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            hint="Set FOOTNOTE_API__PORT to another port.",
        ) from error


def _check_open(settings: Settings) -> None:
    """Whether other machines may come in."""
    host = settings.api.host
    if settings.mode == "embedded":
        raise Misconfigured(
            f"The embedded service has no credentials, so it listens on this machine alone, not on {host}.",
            hint="Set FOOTNOTE_API__HOST to 127.0.0.1.",
        )
    if not settings.access.behind_tls:
        raise Misconfigured(
            f"This server speaks no TLS: on {host} API keys would cross the network for everybody to read.",
            hint="Put a proxy that speaks TLS in front of it and set FOOTNOTE_ACCESS__BEHIND_TLS to true, or "
            "set FOOTNOTE_API__HOST to 127.0.0.1.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
