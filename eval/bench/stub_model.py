"""A language model that costs nothing: an HTTP server that streams the first sentence of the first passage.

What it says is supported by what it cites, so that an answer passes every check and is paid for in full.
Under the name `BABBLING` it says what no passage does, so that quotations take its place. Run as a program it
prints its address, and serves until it is stopped.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

PASSAGE = re.compile(r"passage 1\n.*?\n\n(.*?)(?:(?<=[.!?])\s|\n)", re.DOTALL)
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_LIST = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
"""For whoever asks which models there are."""
BABBLING = "babbling"
BABBLE = "The moon consists of green cheese and wears a hat [1]."
PIECE = 24
"""Characters of one event: about five tokens."""


class Stub(NamedTuple):
    """One that serves: its base URL and its process."""

    url: str
    pid: int

    def settings(self, model: str = "stub") -> Mapping[str, str]:
        """The variables with which a server asks it, under that name."""
        return {"FOOTNOTE_GENERATE__BASE_URL": self.url, "FOOTNOTE_GENERATE__MODEL": model}


@contextmanager
def stub_model() -> Iterator[Stub]:
    """One in a process of its own, which ends with the block."""
    command = [sys.executable, "-m", "eval.bench.stub_model"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Stub(process.stdout.readline().strip(), process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def said(request: dict[str, Any]) -> str:
    """What is said to a chat: the first sentence of the first passage, with its number."""
    if request.get("model") == BABBLING:
        return BABBLE
    found = PASSAGE.search(request["messages"][-1]["content"])
    return f"{found.group(1).strip()} [1]" if found else "I do not know."


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length.group(1)) if length else 0)
            writer.write(_response(said(json.loads(body))) if body else NO_LIST)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _response(text: str) -> bytes:
    deltas: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in _pieces(text)
    ]
    usage = {"prompt_tokens": 1000, "completion_tokens": len(deltas), "total_tokens": 1000 + len(deltas)}
    events = [_event(part) for part in (*deltas, {"choices": [], "usage": usage})]
    return b"".join([HEAD, *map(_chunk, [*events, b"data: [DONE]\n\n"]), b"0\r\n\r\n"])


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _event(part: dict[str, Any]) -> bytes:
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stub", **part}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
