"""More connections than the service can hold cost it neither its descriptors nor its disk."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from io import BytesIO

import httpx
import pytest

from service.records import Upload
from service.server import BoundedProtocol
from service.types import LOCAL
from tests.api.calling import Served, serving, small_limits
from tests.fakes import FakeEngine

ALIVE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Caller:
    """A connection of its own, kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, served: Served) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", served.port))

    async def ask(self) -> int:
        """The status of an answer to a request on this connection; 0 where it is closed without one."""
        try:
            self._writer.write(ALIVE)
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            self.body = await self._reader.readexactly(int(length.split(b":")[1]))
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        return int(head.split()[1])

    def close(self) -> None:
        self._writer.close()


async def test_a_connection_too_many_is_told_so_by_the_name_of_the_setting(engine: FakeEngine) -> None:
    async with serving(engine, small_limits(max_connections=2)) as served:
        silent = [await Caller.to(served) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        answer = (await reader.read()).decode()
        for caller in silent:
            caller.close()
        writer.close()
    problem = json.loads(answer.rpartition("\r\n\r\n")[2])
    assert answer.startswith("HTTP/1.1 503 ")
    assert (problem["code"], problem["retryable"]) == ("unavailable", True)
    assert "api.max_connections" in problem["detail"]


async def test_connections_that_are_kept_open_for_later_give_way_to_who_asks_now(engine: FakeEngine) -> None:
    async with serving(engine, small_limits(max_connections=3)) as served:
        idle = [await Caller.to(served) for _ in range(3)]
        assert [await caller.ask() for caller in idle] == [200, 200, 200]
        newcomer = await Caller.to(served)
        assert await newcomer.ask() == 200
        for caller in [*idle, newcomer]:
            caller.close()


async def served_at_last(served: Served) -> None:
    """Asks on new connections until one is answered."""
    async with asyncio.timeout(20):
        while True:
            newcomer = await Caller.to(served)
            status = await newcomer.ask()
            newcomer.close()
            if status == 200:
                return


async def test_those_who_never_ask_hold_their_places_for_a_bounded_time(engine: FakeEngine) -> None:
    async with serving(engine, small_limits(max_connections=2, receive_timeout_s=0.2)) as served:
        silent = [await Caller.to(served) for _ in range(2)]
        await served_at_last(served)
        for caller in silent:
            caller.close()


async def test_those_who_never_ask_give_way_to_who_does(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.server.HEAD_AT_ONCE_S", 0)
    async with serving(engine, small_limits(max_connections=3, receive_timeout_s=600)) as served:
        silent = [await Caller.to(served) for _ in range(3)]
        newcomers = [await Caller.to(served) for _ in range(2)]
        assert [await newcomer.ask() for newcomer in newcomers] == [200, 200]
        for caller in [*silent, *newcomers]:
            caller.close()


async def test_who_does_not_read_the_answers_holds_a_place_for_a_bounded_time(engine: FakeEngine) -> None:
    large = Upload("large.txt", "large.txt", BytesIO(b"warranty " * 100_000))
    job = (await engine.upload(LOCAL, [large], metadata={}, groups=(), idempotency_key=None))[0]
    request = f"GET /documents/{job.document_id}/text HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    async with serving(engine, small_limits(max_connections=1, receive_timeout_s=0.2)) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as deaf:
            deaf.sendall(request * 20)
            await served_at_last(served)


async def test_who_leaves_little_of_an_answer_unread_does_not_hold_a_place_either(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system holds as many answers for the deaf as it can, and the last one it does not take whole."""
    accepted: list[BoundedProtocol] = []
    accept = BoundedProtocol.connection_made

    def remembering(protocol: BoundedProtocol, transport: asyncio.Transport) -> None:
        accepted.append(protocol)
        accept(protocol, transport)

    monkeypatch.setattr(BoundedProtocol, "connection_made", remembering)
    few = Upload("few.txt", "few.txt", BytesIO(b"warranty " * 3_000))
    job = (await engine.upload(LOCAL, [few], metadata={}, groups=(), idempotency_key=None))[0]
    request = f"GET /documents/{job.document_id}/text HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    async with serving(engine, small_limits(max_connections=1, receive_timeout_s=0.2)) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as deaf:
            for asked in range(1, 10_000):
                deaf.sendall(request)
                while not accepted or accepted[0].server_state.total_requests < asked:
                    await asyncio.sleep(0.001)
                if accepted[0].transport.get_write_buffer_size():
                    break
            for _ in range(2):
                await served_at_last(served)


SCRIPT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
from service import log
from service.app import create_app
from service.server import serve
from service.settings import ApiSettings, LogSettings, Settings
from tests.fakes import FakeEngine

settings = Settings(api=ApiSettings(port=0), log=LogSettings(format="json"))
log.configure(settings.log)
sys.exit(serve(create_app(FakeEngine(), settings), settings, announce=lambda url: print(url, flush=True)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such limit")
def test_a_flood_of_connections_leaves_descriptors_for_the_store_and_the_log_short() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().strip().rpartition(":")[2])
        with ExitStack() as flood:
            for _ in range(600):
                flood.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        response = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=10)
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert response.status_code == 200
    assert "out of system resource" not in err
    assert "api.max_connections" in err
    assert len(err.splitlines()) < 50
