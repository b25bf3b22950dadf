"""Runs the application: announces where, gives up on silent senders, and stops in order."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, ClassVar

import uvicorn
from fastapi import FastAPI
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.errors import FootnoteError, InvalidInput, Unavailable
from service.listening import listen
from service.problem import MEDIA_TYPE, RETRY_AFTER_S, problem_of
from service.routes.context import Services
from service.settings import ApiSettings, Settings

KEEP_ALIVE_S = 15
HEAD_AT_ONCE_S = 1.0
"""How long a head may be on its way, where all connections are taken."""
BACKLOG = 512
"""Connections that wait in the system to be accepted."""
ACCEPTS_AT_ONCE = 16
"""Connections that the loop accepts before it looks at any: they are open, and not counted yet."""

logger = logging.getLogger(__name__)


def serve(app: FastAPI, settings: Settings, *, announce: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM, then return the exit code.

    `announce` is called once with the address (`http://127.0.0.1:8080`) when requests are accepted.

    Raises:
        Misconfigured: the host is open to other machines, or the port is taken.
    """
    with _signals_only_stop(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(serve_until_stopped(app, settings, announce=announce))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop takes a tenth less of the processor for what all answers share; on Windows there is none."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


async def serve_until_stopped(
    app: FastAPI, settings: Settings, *, announce: Callable[[str], None], stop: asyncio.Event | None = None
) -> int:
    """`serve` within a running loop, for a caller that opened its resources in it; `stop` ends it too."""
    listener = listen(settings, BACKLOG)
    services: Services = app.state.services
    server = StoppableServer(_config(app, settings), announce, services.closing)
    stopping = asyncio.create_task(_exit_on(stop, server)) if stop is not None else None
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        if stopping is not None:
            stopping.cancel()
    return 0 if server.started else 1


async def _exit_on(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


class StoppableServer(uvicorn.Server):
    """A server that tells the application first when it stops, so that open streams can end well."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[str], None], closing: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say where."""
        await super().startup(sockets)
        if self.started and sockets:
            sockets[0].listen(BACKLOG)
            self._announce(_address(sockets[0]))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, let running requests finish, then stop."""
        self._closing.set()
        await super().shutdown(sockets)


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    limits = settings.api
    return uvicorn.Config(
        app,
        http=_protocol(limits),
        backlog=ACCEPTS_AT_ONCE,
        ws="none",
        log_config=None,  # its lines go where ours go
        access_log=False,  # ours says more, and nothing of what was asked
        server_header=False,
        forwarded_allow_ips=list(settings.access.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(limits.shutdown_s)),
    )


def _protocol(limits: ApiSettings) -> type[BoundedProtocol]:
    bounds = {"patience_s": limits.receive_timeout_s, "max_connections": _max_connections(limits)}
    return type("Protocol", (BoundedProtocol,), bounds)


def _max_connections(limits: ApiSettings) -> int:
    """The setting, or half of the open files that the system grants where that is less.

    Without descriptors nothing works any more: not the store, not the database, not even saying so. The other
    half is for them, for files on their way in and for connections that were accepted and not counted yet.
    """
    if sys.platform == "win32":
        return limits.max_connections
    import resource

    granted, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if granted == resource.RLIM_INFINITY or limits.max_connections <= granted // 2:
        return limits.max_connections
    logger.warning(
        "fewer connections are accepted than api.max_connections says: the process may open few files",
        extra={"open_files": granted, "connections": granted // 2},
    )
    return max(1, granted // 2)


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 that bounds what connections cost: how many there are, and how long one may stand still.

    The application sees a request only once its head is complete, so this cannot be middleware.
    """

    patience_s: ClassVar[float]
    max_connections: ClassVar[int]
    expects_since: float = math.inf
    """When it began to wait for a request's head, by the loop's clock."""
    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Expect a head from the start; where there are too many connections another one gives way."""
        if len(self.connections) >= self.max_connections and not self._make_room():
            self._refuse(transport)
            return
        super().connection_made(transport)
        _send_at_once(transport)
        transport.set_write_buffer_limits(0)  # else who leaves little unread is not one who does not keep up
        self._expect_head()

    @override
    def data_received(self, data: bytes) -> None:
        """Expect a head exactly while no request is being answered."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_expecting()
        elif self._head_timer is None:
            self._expect_head()

    @override
    def pause_writing(self) -> None:
        """The reader does not keep up: it has a while to go on."""
        super().pause_writing()
        self._reader_timer = self.loop.call_later(self.patience_s, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        """The reader went on."""
        self._stop_waiting_for_reader()
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_expecting()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    @override
    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered in the form of all other errors, unless an answer is on its way."""
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(_response(InvalidInput("This is no valid HTTP/1.1 request."), 400))
        self.transport.close()

    def _make_room(self) -> bool:
        """Closes a connection that was answered and asks nothing more, or else the one whose head is longest
        in coming: who asks sends it at once, who takes places does not.
        """
        others = [one for one in self.connections if not one.transport.is_closing()]
        idle = [one for one in others if getattr(one, "timeout_keep_alive_task", None) is not None]
        late = self.loop.time() - HEAD_AT_ONCE_S
        slow = [one for one in others if isinstance(one, BoundedProtocol) and one.expects_since <= late]
        gives_way = idle[0] if idle else min(slow, key=lambda one: one.expects_since, default=None)
        if gives_way is not None:
            gives_way.transport.close()
        return gives_way is not None

    def _refuse(self, transport: asyncio.Transport) -> None:
        logger.warning("a connection was refused: there are api.max_connections already")
        transport.set_protocol(asyncio.Protocol())  # what it sends is not read
        transport.write(_refusal(self.max_connections))
        transport.close()

    def _expect_head(self) -> None:
        self.expects_since = self.loop.time()
        self._head_timer = self.loop.call_later(self.patience_s, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self.expects_since = math.inf

    def _stop_waiting_for_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None


def _refusal(connections: int) -> bytes:
    """The whole response to a connection too many."""
    error = Unavailable(
        f"{connections} connections are open already (setting api.max_connections, at most half of the open "
        "files that the system grants).",
        hint="Wait a second, or raise FOOTNOTE_API__MAX_CONNECTIONS.",
    )
    return _response(error, error.status)


def _response(error: FootnoteError, status: int) -> bytes:
    """A response that no application sends, and the end of its connection."""
    problem = problem_of(error).model_copy(update={"status": status, "title": HTTPStatus(status).phrase})
    body = problem.model_dump_json(exclude_none=True).encode()
    head = [
        f"HTTP/1.1 {status} {problem.title}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        *([f"Retry-After: {RETRY_AFTER_S}"] if error.retryable else []),
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def _send_at_once(transport: asyncio.Transport) -> None:
    """Let no packet wait for the last one's receipt: a body that follows its head would wait 40 ms.

    The event loop does so only for sockets that name their protocol, which those of `create_server` do not.
    """
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _signals_only_stop() -> Iterator[None]:
    """Keep the server from raising the signal again after it stopped: the caller has resources to close."""
    before: dict[signal.Signals, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
