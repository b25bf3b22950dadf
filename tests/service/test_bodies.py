"""Bodies that are too large, have no end or hardly come: refused in time, and never held in memory."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from service.settings.base import MIB
from tests.service.running import MANUAL, Running

BYTES = b"x" * 64 * 1024
SLACK = 48 * MIB
"""What a process may take for itself meanwhile; a body that is held is four times as much."""
RECEIVE_TIMEOUT_S = 2
"""What `api.receive_timeout_s` is here."""
JSON = (("/query", "application/json", b'{"query": "'), ("/feedback", "application/json", b"["))
FORM = ("/documents", "multipart/form-data; boundary=b")
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="source"\r\n\r\n'
HEADS = b"--b\r\nX-Long: "
UPLOADS = tuple((*FORM, start) for start in (FILE, FIELD, HEADS, b""))


class Memory:
    """The most that a process has held while the block ran, over what it held before."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self.grown = 0

    def __enter__(self) -> Memory:
        self._before = self._process.memory_info().rss
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self.grown = max(self.grown, self._process.memory_info().rss - self._before)


@pytest.fixture
def connection(stack: Running) -> Iterator[socket.socket]:
    where = urlsplit(stack.address)
    with socket.create_connection((where.hostname, where.port), timeout=20) as opened:
        yield opened


def head(stack: Running, path: str, media_type: str, *more: str) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {stack.key}",
        f"Content-Type: {media_type}",
        *more,
    )
    return "\r\n".join([*lines, "", ""]).encode()


def answer_of(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """The status and the problem, once the connection is closed."""
    received = b""
    try:
        while part := connection.recv(64 * 1024):
            received += part
    except ConnectionResetError:
        pass  # what was sent and is not read any more
    status, body = received.split(b"\r\n\r\n", 1)
    return int(status.split()[1]), json.loads(body)


def sent_until_refused(connection: socket.socket, parts: Iterator[bytes], most: int) -> int:
    """How many bytes were taken before the connection was closed, `most` at most."""
    taken = 0
    try:
        for part in parts:
            connection.sendall(part)
            taken += len(part)
            if taken > most or select.select([connection], [], [], 0)[0]:
                break
    except (BrokenPipeError, ConnectionResetError):
        pass
    return taken


def chunked(start: bytes) -> Iterator[bytes]:
    """A body in parts that never ends."""
    part = start or BYTES
    while True:
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        part = BYTES


@pytest.mark.parametrize(("path", "media_type", "start"), [*JSON, *UPLOADS])
def test_a_body_without_an_end_is_refused_at_the_limit_and_not_held(
    stack: Running, connection: socket.socket, path: str, media_type: str, start: bytes
) -> None:
    with Memory(stack.pid(stack.client)) as memory:
        connection.sendall(head(stack, path, media_type, "Transfer-Encoding: chunked"))
        sent_until_refused(connection, chunked(start), 400 * MIB)
        status, problem = answer_of(connection)
    assert status in (413, 422)
    assert "(setting api." in str(problem["detail"]) or status == 422
    assert memory.grown < SLACK


@pytest.mark.parametrize("path", ["/query", "/documents"])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(
    stack: Running, connection: socket.socket, path: str
) -> None:
    connection.sendall(head(stack, path, "application/json", "Content-Length: 999999999999"))
    status, problem = answer_of(connection)
    assert (status, problem["code"]) == (413, "limit_exceeded")


def test_a_large_file_that_is_allowed_is_not_held_in_memory_either(stack: Running) -> None:
    content = b"x" * (90 * MIB)
    with Memory(stack.pid(stack.client)) as memory:
        response = stack.client.post("/documents", files={"file": ("large.bin", content)}, timeout=60)
    assert response.status_code in (202, 415), response.text
    assert memory.grown < SLACK


def test_who_has_no_key_is_refused_before_the_body_comes(stack: Running, connection: socket.socket) -> None:
    no_key = Running(stack.processes, stack.clients, "none", stack.services)
    connection.sendall(head(no_key, "/documents", FORM[1], "Transfer-Encoding: chunked"))
    connection.shutdown(socket.SHUT_WR)
    assert answer_of(connection)[0] == 401


def test_many_slow_senders_are_given_up_in_time_and_nobody_waits_for_them(stack: Running) -> None:
    where = urlsplit(stack.address)
    slow = [socket.create_connection((where.hostname, where.port), timeout=20) for _ in range(40)]
    try:
        for number, connection in enumerate(slow):
            path, media_type, start = JSON[0] if number % 2 else UPLOADS[0]
            connection.sendall(head(stack, path, media_type, "Content-Length: 100000") + start)
        until = time.monotonic() + RECEIVE_TIMEOUT_S * 5
        statuses = set()
        for _ in range(5):
            for connection in slow:
                connection.sendall(b" ")
            assert stack.client.get("/healthz").status_code == 200
            assert stack.client.post("/search", json={"query": MANUAL}).status_code == 200
        for connection in slow:
            connection.settimeout(max(0.1, until - time.monotonic()))
            statuses.add(answer_of(connection)[0])
        assert statuses == {408}
    finally:
        for connection in slow:
            connection.close()


def test_after_all_that_the_service_answers_as_before(stack: Running) -> None:
    assert httpx.get(f"{stack.address}/healthz").status_code == 200
    open_files = psutil.Process(stack.pid(stack.client)).num_fds()
    assert open_files < 200
