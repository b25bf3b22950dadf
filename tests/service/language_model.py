"""A language model's server that can fall silent, refuse, and notice that it is hung up on."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class LanguageModel:
    """Says its words one by one, then ends, or says nothing more for ever."""

    words: tuple[str, ...] = ()
    stalls: bool = False
    refusal: bytes = b""
    """The whole response, instead of words."""
    asked: int = 0
    has_spoken: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the other side closes a call that is under way."""
    address: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call; its connection is closed at the end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            (length,) = re.findall(rb"(?i)content-length: *(\d+)", head)
            await reader.readexactly(int(length))
            self.asked += 1
            await self._speak(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.hung_up.set()
        finally:
            writer.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusal:
            writer.write(self.refusal)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for word in self.words:
            writer.write(_chunk({"choices": [{"index": 0, "delta": {"content": word}}]}))
        await writer.drain()
        self.has_spoken.set()
        if self.stalls:
            await reader.read()
            self.hung_up.set()
        else:
            writer.write(b"data: [DONE]\n\n")


def _chunk(part: dict[str, Any]) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stub", **part}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def refusing(status: str, **headers: str) -> bytes:
    """A response without a body to speak of."""
    lines = [
        f"HTTP/1.1 {status}",
        "Content-Length: 2",
        "Connection: close",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", "{}"]).encode()


@asynccontextmanager
async def speaking(model: LanguageModel) -> AsyncIterator[LanguageModel]:
    """The model at an address of this machine."""
    server = await asyncio.start_server(model.answer, "127.0.0.1", 0)
    model.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield model
