"""One chat completion as a server streams it: its events become pieces of text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from service.types import Usage

_EVENTS = "text/event-stream"
_DONE = b"[DONE]"
_MAX_COMPLAINT = 65_536
"""Bytes that are read of an error: it names a parameter in its first words."""
_MAX_EVENT = 1_048_576
"""Bytes of an event, which holds a few tokens: the lines of one without end would fill the memory."""
_MAX_TOKENS = 2**31 - 1
"""Counts above are no count of tokens."""
_END_S = 0.1
"""How long the end of a stream is waited for that has said that it is done."""


class BrokenOff(Exception):
    """The server said within its stream that it cannot go on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk of a completion adds."""

    text: str
    usage: Usage | None
    cut_off: bool


class Completion:
    """A completion as it comes, chunk by chunk.

    Raises `ValueError` for a response that is no stream of events.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        coding = response.headers.get("Content-Encoding", "identity")
        if response.content_type != _EVENTS or coding.lower() != "identity":
            response.close()
            raise ValueError("a completion is no stream of events, or a compressed one, which none asked for")

    async def next(self) -> Piece | None:
        """What the next chunk says; None at the end.

        Raises `BrokenOff` for an error that the server tells, `ValueError` for what is no chunk.
        """
        data = await self._next_data()
        if data is None or data == _DONE:
            await self._read_to_the_end()
            return None
        try:
            chunk = json.loads(data)
        except RecursionError as error:
            raise ValueError("a chunk nests too deeply") from error
        if not isinstance(chunk, dict):
            raise ValueError("a chunk is no JSON object")
        if chunk.get("error"):
            raise BrokenOff
        return _read(chunk)

    async def _next_data(self) -> bytes | None:
        """The data of the next event (WHATWG's HTML, 9.2.6), whose other fields say nothing here."""
        lines: list[bytes] = []
        left = _MAX_EVENT
        while line := await self._response.content.readline():
            field, _, value = line.rstrip(b"\r\n").partition(b":")
            if field == b"data":
                lines.append(value.removeprefix(b" "))
                if (left := left - len(line)) < 0:
                    raise ValueError("an event is too long")
            elif not field and not value and lines:
                return b"\n".join(lines)
        return None

    async def _read_to_the_end(self) -> None:
        """What is left unread closes the connection, and the next answer would have to open one.

        All is said by then: how it ends does not matter.
        """
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_END_S):
                while await self._response.content.readany():
                    pass

    async def close(self) -> None:
        """Lets go of the connection, which the server sees unless all was read."""
        self._response.close()


async def beginning(response: aiohttp.ClientResponse) -> str:
    """What a response says, or the beginning of that."""
    try:
        said = await response.content.readexactly(_MAX_COMPLAINT)
    except asyncio.IncompleteReadError as end:
        said = end.partial
    return said.decode(errors="replace")


def _read(chunk: Mapping[str, Any]) -> Piece:
    """What a chunk says; the last one of a stream has usage and no choice.

    Raises `ValueError` where it has another form than OpenAI's.
    """
    try:
        choice = (chunk.get("choices") or [{}])[0]
        text = (choice.get("delta") or {}).get("content") or ""
        return Piece(_storable(text), _usage(chunk.get("usage")), choice.get("finish_reason") == "length")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("a chunk has another form than OpenAI's") from error


def _storable(text: str) -> str:
    """A text whose halves of surrogate pairs and NULs, which no answer can hold, are marked as unreadable."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _usage(counted: object) -> Usage | None:
    """The tokens that a server says there were; None where it says nothing.

    What it leaves out, or tells in another form, is unknown, which is zero: no answer is given up for that.
    """
    if not counted:
        return None
    told = counted if isinstance(counted, dict) else {}
    numbers = (told.get(name) for name in ("prompt_tokens", "completion_tokens"))
    known = (number if isinstance(number, int) and 0 <= number <= _MAX_TOKENS else 0 for number in numbers)
    return Usage(*known)
