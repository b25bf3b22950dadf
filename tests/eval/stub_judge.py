"""A judge on this machine: an OpenAI-compatible server that answers RAGAS's prompts by rule.

A statement holds where its words stand in the context, one after the other.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
INPUT = re.compile(r"\ninput: (\{.*\})\s*Output: *$", re.DOTALL)


@dataclass
class StubJudge:
    """Remembers what it was asked; `says` replaces its answers, `status` is what it refuses with."""

    questions: dict[str, str] = field(default_factory=dict)
    """The question that each answer answers."""
    says: Callable[[str], str | None] = lambda prompt: None
    status: int = 200
    counts: bool = True
    requests: list[Json] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    @property
    def prompts(self) -> list[str]:
        return [request["messages"][-1]["content"] for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.headers.append(head)
            (length,) = re.findall(r"(?i)content-length: *(\d+)", head)
            request = json.loads(await reader.readexactly(int(length)))
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(0)
            writer.write(self._response(request["messages"][-1]["content"]))
            await writer.drain()
            self.at_once -= 1
        finally:
            writer.close()

    def _response(self, prompt: str) -> bytes:
        said = self.says(prompt)
        content = json.dumps(judged(prompt, self.questions)) if said is None else said
        message = {"role": "assistant", "content": content}
        body: Json = {"id": "1", "object": "chat.completion", "created": 1, "model": "stub"}
        body["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
        if self.counts:
            body["usage"] = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        payload = json.dumps(body).encode()
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
        return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


@asynccontextmanager
async def judging(judge: StubJudge) -> AsyncIterator[StubJudge]:
    """The judge at an address of this machine."""
    server = await asyncio.start_server(judge.serve, "127.0.0.1", 0)
    judge.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield judge


def told(prompt: str) -> Json:
    """What a prompt of RAGAS asks about."""
    found = INPUT.search(prompt)
    assert found is not None, prompt
    return dict(json.loads(found[1]))


def judged(prompt: str, questions: dict[str, str]) -> Json:
    """The answer by rule."""
    asked = told(prompt)
    if "statements" in asked:
        return {"statements": [_verdict(one, asked["context"]) for one in asked["statements"]]}
    if prompt.startswith("Given question, answer and context"):
        return {"reason": "by rule", "verdict": int(holds(asked["context"], asked["answer"]))}
    if "context" in asked:
        return {
            "classifications": [
                {"statement": one, "reason": "by rule", "attributed": int(holds(asked["context"], one))}
                for one in sentences(asked["answer"])
            ]
        }
    if "response" in asked:
        return {"question": questions.get(asked["response"], "What is this about?"), "noncommittal": 0}
    return {"statements": sentences(asked["answer"])}


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def holds(context: str, statement: str) -> bool:
    return " ".join(words(statement)) in " ".join(words(context))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _verdict(statement: str, context: str) -> Json:
    return {"statement": statement, "reason": "by rule", "verdict": int(holds(context, statement))}
