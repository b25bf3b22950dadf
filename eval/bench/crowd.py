"""Many readers at once: what the service answers a second, and how long each of them waits."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from eval.bench.figures import Spread


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a crowd of clients saw: answers, what was no answer by HTTP status, and seconds."""

    clients: int
    seconds: float
    milliseconds: tuple[float, ...]
    refused: Counter[int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds

    @property
    def spread(self) -> Spread:
        """How long an answer took."""
        return Spread.of(self.milliseconds)


def crowd(
    urls: Sequence[str],
    questions: Sequence[str],
    clients: int,
    seconds: float,
    at_least: int = 1,
    key: str = "",
) -> Crowd:
    """So many clients ask the questions in turn, each its next one as soon as it has an answer.

    They stop after so many seconds, and not before `at_least` questions were asked. The servers at the `urls`
    have as many clients each; `key` is the API key of all of them.
    """
    return asyncio.run(_crowd(urls, questions, clients, seconds, at_least, key))


async def _crowd(
    urls: Sequence[str], questions: Sequence[str], clients: int, seconds: float, at_least: int, key: str
) -> Crowd:
    numbers, times, refused = count(), list[float](), Counter[int]()
    started = time.perf_counter()

    async def client(url: str) -> None:
        async with _Connection(url, key) as connection:
            while (number := next(numbers)) < at_least or time.perf_counter() - started < seconds:
                asked = questions[number % len(questions)]
                asked_at = time.perf_counter()
                status = await connection.ask(asked)
                if status == 200:
                    times.append((time.perf_counter() - asked_at) * 1000)
                else:
                    refused[status] += 1

    await asyncio.gather(*(client(urls[number % len(urls)]) for number in range(clients)))
    return Crowd(clients, time.perf_counter() - started, tuple(times), refused)


class _Connection:
    """One kept connection, written out: an HTTP client would take the processor from what it measures."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._key = f"Authorization: Bearer {key}\r\n" if key else ""

    async def __aenter__(self) -> _Connection:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, question: str) -> int:
        """The status of the response, once all of it is there."""
        body = json.dumps({"query": question}).encode()
        head = f"POST /query HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}{self._key}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        await self._reader.readexactly(int(answered.split(b"content-length:")[1].split(b"\r\n")[0]))
        return int(answered.split(b" ", 2)[1])
