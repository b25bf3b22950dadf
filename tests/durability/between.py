"""What stands between a process and a service, and loses answers to what the service has done."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import grpc
from typing_extensions import override

from service.settings import ServerStoreSettings
from tests.qdrant_server import UNLIMITED

WRITES = ("Upsert", "SetPayload", "Delete")
Loses = Callable[[str], bool]
"""Whether the answer to this call, or to this statement, is lost."""


class SlowAnswers(grpc.GenericRpcHandler):
    """Passes calls of Qdrant on; the answers that are lost come when nobody waits for them any more."""

    def __init__(self, channel: grpc.Channel, loses: Loses) -> None:
        self._channel = channel
        self._loses = loses

    @override
    def service(self, details: Any) -> Any:
        forward = self._channel.unary_unary(details.method)
        method = details.method.rpartition("/")[2]

        def answered(asked: bytes, context: Any) -> Any:
            gave_up = threading.Event()
            context.add_callback(gave_up.set)
            keys = [pair for pair in context.invocation_metadata() if pair[0] == "api-key"]
            try:
                answer = forward(asked, metadata=keys, timeout=30)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            if method in WRITES and self._loses(method):
                gave_up.wait(30)
            return answer

        return grpc.unary_unary_rpc_method_handler(answered)


@contextmanager
def slow_answers(server: ServerStoreSettings, loses: Loses) -> Iterator[ServerStoreSettings]:
    """The same server, with something in between."""
    host = urlsplit(server.url).hostname
    with grpc.insecure_channel(f"{host}:{server.grpc_port}", options=UNLIMITED) as channel:
        between = grpc.server(
            ThreadPoolExecutor(16), handlers=[SlowAnswers(channel, loses)], options=UNLIMITED
        )
        port = between.add_insecure_port("127.0.0.1:0")
        between.start()
        try:
            yield server.model_copy(update={"url": f"http://127.0.0.1:{port}", "grpc_port": port})
        finally:
            between.stop(grace=None).wait()


class LostCommits:
    """Passes bytes on to PostgreSQL; a commit that is lost is done, and its connection ends without a word.

    Args:
        port: the server's.
        loses: asked at each commit, with what was sent since the transaction began.
    """

    def __init__(self, port: int, loses: Callable[[bytes], bool]) -> None:
        self._server_port = port
        self._loses = loses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, url: str) -> str:
        """A database's URL, with this in between."""
        return re.sub(r":\d+/", f":{self.port}/", url)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                lost = threading.Event()
                for work in (self._ask, self._answer):
                    threading.Thread(target=work, args=(client, server, lost), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        said = b""
        with client, server, suppress(OSError):
            while piece := client.recv(65536):
                said += piece
                if b"COMMIT\0" in piece:
                    if self._loses(said):
                        lost.set()
                    said = b""
                server.sendall(piece)
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while (piece := server.recv(65536)) and not lost.is_set():
                client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)
