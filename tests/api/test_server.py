"""The server itself: where it listens, and how long it waits."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from service.errors import Misconfigured
from tests.api.calling import serving, small_limits
from tests.fakes import FakeEngine

HEAD = b"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
async def test_an_embedded_service_is_not_opened_to_other_machines(engine: FakeEngine, host: str) -> None:
    with pytest.raises(Misconfigured, match="this machine alone"):
        async with serving(engine, small_limits(host=host)):
            pass


async def test_a_port_that_is_taken_is_named(engine: FakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Misconfigured, match=str(port)):
            async with serving(engine, small_limits(port=port)):
                pass


async def test_the_address_is_announced_once_requests_are_accepted(engine: FakeEngine) -> None:
    async with serving(engine, small_limits()) as served, httpx.AsyncClient() as caller:
        response = await caller.get(f"{served.address}/healthz")
    assert response.status_code == 200
    assert "server" not in response.headers


async def test_a_body_that_does_not_arrive_is_given_up(engine: FakeEngine) -> None:
    async with serving(engine, small_limits(receive_timeout_s=0.2)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HEAD + b'Content-Length: 100\r\n\r\n{"query":')
        async with asyncio.timeout(5):
            answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 408 ")
    problem = json.loads(answer.rpartition("\r\n\r\n")[2])
    assert (problem["code"], problem["retryable"]) == ("receive_timeout", True)
    assert "api.receive_timeout_s" in problem["detail"]


async def test_a_byte_now_and_then_does_not_buy_more_time(engine: FakeEngine) -> None:
    async with serving(engine, small_limits(receive_timeout_s=0.3)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HEAD + b"Content-Length: 100\r\n\r\n")
        answer = asyncio.ensure_future(reader.readline())
        for _ in range(100):
            done, _ = await asyncio.wait([answer], timeout=0.05)
            if done:
                break
            writer.write(b" ")
        assert b" 408 " in await answer
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost:"], ids=["nothing", "half a head"])
async def test_a_head_that_does_not_arrive_closes_the_connection(engine: FakeEngine, sent: bytes) -> None:
    async with serving(engine, small_limits(receive_timeout_s=0.2)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_half_a_second_head_closes_the_connection_too(engine: FakeEngine) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    async with serving(engine, small_limits(receive_timeout_s=0.2)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(whole)
        await reader.readuntil(b"}")
        writer.write(whole[:20])
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    "sent", [b"\x00\xff\r\n\r\n", HEAD + b"Content-Length: -1\r\n\r\n"], ids=["garbage", "negative"]
)
async def test_what_is_no_http_is_refused_in_the_form_of_every_error(engine: FakeEngine, sent: bytes) -> None:
    async with serving(engine, small_limits()) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        async with asyncio.timeout(5):
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
    assert head.startswith("HTTP/1.1 400 ")
    assert "application/problem+json" in head
    assert (json.loads(body)["code"], json.loads(body)["status"]) == ("invalid_input", 400)


async def test_a_body_of_two_lengths_is_refused_and_what_follows_it_is_no_request(engine: FakeEngine) -> None:
    smuggled = b"GET /documents HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    lengths = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % (5 + len(smuggled))
    async with serving(engine, small_limits()) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(HEAD + lengths + b"0\r\n\r\n" + smuggled)
        async with asyncio.timeout(5):
            answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 400 ")
    assert "application/problem+json" in answer
    assert answer.count("HTTP/1.1") == 1


async def test_an_answer_may_take_longer_than_a_request(engine: FakeEngine, document_id: str) -> None:
    engine.gate = asyncio.Event()
    async with serving(engine, small_limits(receive_timeout_s=0.1)) as served, httpx.AsyncClient() as caller:
        asking = asyncio.create_task(caller.post(f"{served.address}/query", json={"query": "warranty?"}))
        await engine.begun.wait()
        done, _ = await asyncio.wait([asking], timeout=0.4)
        assert not done
        engine.gate.set()
        assert (await asking).status_code == 200


SCRIPT = """
import sys
from service import log
from service.app import create_app
from service.server import serve
from service.settings import ApiSettings, LogSettings, Settings
from tests.fakes import FakeEngine

settings = Settings(api=ApiSettings(port=0), log=LogSettings(format="json"))
log.configure(settings.log)
code = serve(create_app(FakeEngine(), settings), settings, announce=lambda url: print(url, flush=True))
print("resources closed", flush=True)
sys.exit(code)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_and_lets_its_caller_close_what_it_opened(number: signal.Signals) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        httpx.get(f"{address}/nowhere", headers={"X-Request-ID": "ab" * 16})
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "resources closed\n")
    lines = [json.loads(line) for line in err.splitlines()]
    access = [line for line in lines if line["logger"] == "footnote.access"]
    assert [(line["status"], line["request_id"]) for line in access] == [(404, "ab" * 16)]
