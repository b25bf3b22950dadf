"""Pure ASGI middleware: what is refused before a route runs, and what is noted about every request.

Starlette's `BaseHTTPMiddleware` is avoided, because under it a route does not see its client leave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from asgi_correlation_id import correlation_id
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access import Authenticator
from service.errors import CrossSiteRequest, HostNotAllowed, InvalidInput
from service.metrics import Metrics
from service.sharing.limiting import WINDOW_S, Allowance
from service.tracing.caller import Calling, calling, read_traceparent

BYTES_PER_EXTRA_SECOND = 16 * 1024
"""The slowest sender that is waited for, beyond the receive timeout itself."""

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
"""For those who run the service, and their tools, which have no tenant. They hold nothing of any tenant."""

TWO_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

access_log = logging.getLogger("footnote.access")


class SecurityHeadersMiddleware:
    """Answers are data for programs: not to be cached, framed, sniffed or read by another site's page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class RateLimitMiddleware:
    """Says what is left of each limit, as draft-ietf-httpapi-ratelimit-headers-10 writes it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to a response for which something was counted."""
        state: dict[str, Any] = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            allowances: Sequence[Allowance] = state.get("allowances", ())
            if message["type"] == "http.response.start" and allowances:
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(
                    f'"{one.policy}";q={one.quota};w={WINDOW_S}' for one in allowances
                )
                headers["RateLimit"] = ", ".join(
                    f'"{one.policy}";r={one.remaining};t={one.reset_s}' for one in allowances
                )
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HostMiddleware:
    """Refuses a `Host` that is not ours, so that a page cannot reach us by rebinding its own name to us."""

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self.app = app
        self.allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the library decide, and refuse in our own words."""
        allowed = False

        async def accept(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal allowed
            allowed = True

        async def discard(message: Message) -> None:
            """The library's own refusal is plain text."""

        check = TrustedHostMiddleware(accept, allowed_hosts=self.allowed_hosts, www_redirect=False)
        await check(scope, receive, discard)
        if not allowed:
            raise HostNotAllowed(
                "This service does not answer for the host that the request names.",
                hint="Add the host to FOOTNOTE_API__ALLOWED_HOSTS if it is yours.",
            )
        await self.app(scope, receive, send)


class FramingMiddleware:
    """Refuses a body of two lengths: a proxy in front may take the other one, and the rest for a request.

    RFC 9112, section 6.1; the parser of HTTP takes the chunks and reads on behind them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has one length, or none."""
        if scope["type"] == "http" and {name for name, _ in scope["headers"]} >= TWO_LENGTHS:
            refusal = InvalidInput("A request has a Content-Length or a Transfer-Encoding, not both.")
            refusal.status = 400
            raise refusal
        await self.app(scope, receive, send)


class CrossSiteMiddleware:
    """Refuses changes that a page of another origin sends through a reader's browser.

    The rule is that of Go's `http.CrossOriginProtection`: browsers say where a request comes from
    (`Sec-Fetch-Site`, older ones `Origin`), and programs that are no browser say neither.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from the same origin, from no page, or changes nothing."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and _is_cross_site(scope):
            raise CrossSiteRequest("Pages of other sites may not use this service through a browser.")
        await self.app(scope, receive, send)


def _is_cross_site(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class AuthenticationMiddleware:
    """Finds out who is asking, before anything of the body is read."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self.app = app
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the caller in the request's state; only `OPEN_PATHS` are served without one."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            address = scope["client"][0] if scope.get("client") else ""
            header = Headers(scope=scope).get("authorization")
            caller = await self.authenticator.caller(header, address)
            scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)


class ReceiveDeadlineMiddleware:
    """Gives up on a request whose body arrives too slowly.

    A sender has `timeout_s`, and a second more for every 16 KiB that it has sent: large uploads over slow
    links pass, a byte now and then does not.
    """

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self.app = app
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a receive that has a deadline until the body is complete."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        complete = False

        async def receive_in_time() -> Message:
            nonlocal deadline, complete
            if complete:
                return await receive()  # waits for the client to leave, for as long as the answer takes
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise self._too_slow() from None
            complete = not message.get("more_body", False)
            deadline += len(message.get("body", b"")) / BYTES_PER_EXTRA_SECOND
            return message

        await self.app(scope, receive_in_time, send)

    def _too_slow(self) -> HTTPException:
        # An HTTPException, because the framework takes any other error here for a malformed body.
        return HTTPException(
            408,
            f"The request's body did not arrive within {self.timeout_s:g} s (setting api.receive_timeout_s).",
        )


class CallingMiddleware:
    """Says what asks: the id of the request in the log, and the caller's own trace."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave it in the context of the request, for the traces of what it asks for."""
        if scope["type"] == "http":
            parent = read_traceparent(Headers(scope=scope).get("traceparent"))
            calling.set(Calling(correlation_id.get() or "", parent))
        await self.app(scope, receive, send)


class ObservingMiddleware:
    """One log line and one measurement for every request; neither holds anything of its content."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time the request from its head to the last byte of the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            self.metrics.observe_request(scope["method"], route, status, seconds)
            noted = {"method": scope["method"], "route": route, "status": status}
            access_log.info("request", extra={**noted, "duration_ms": round(seconds * 1000, 1)})
