"""The application over an engine: called in process, or served on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from service.access import Access
from service.app import create_app
from service.engine import Engine
from service.server import serve_until_stopped
from service.settings import ApiSettings, LoadSettings, Settings

WARRANTY = "The warranty lasts 24 months."


def small_limits(**changes: object) -> Settings:
    """Limits that a test can reach."""
    limits = {
        "port": 0,
        "max_body_bytes": 100_000,
        "max_json_bytes": 60_000,
        "max_upload_files": 10,
        "max_question_characters": 200,
        "max_top_k": 20,
        "max_concurrent_queries": 2,
        "max_waiting_queries": 0,
        "receive_timeout_s": 5,
        "shutdown_s": 5,
        **changes,
    }
    return Settings(api=ApiSettings.model_validate(limits), load=LoadSettings(max_file_bytes=50_000))


@asynccontextmanager
async def calling(engine: Engine, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls a new application in process."""
    async with calling_app(create_app(engine, settings)) as caller:
        yield caller


def calling_app(app: FastAPI) -> httpx.AsyncClient:
    """A client that calls this application in process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


@dataclass
class Served:
    """A real server on a free port."""

    address: str
    stop: Callable[[], Coroutine[None, None, int]]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@asynccontextmanager
async def serving(engine: Engine, settings: Settings, access: Access | None = None) -> AsyncIterator[Served]:
    """The application on a free port of this machine, stopped at the end."""
    app = create_app(engine, settings, access=access)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    server = asyncio.create_task(serve_until_stopped(app, settings, announce=address.set_result, stop=stop))

    async def stopping() -> int:
        stop.set()
        return await server

    await asyncio.wait([address, server], return_when=asyncio.FIRST_COMPLETED)
    if server.done():
        await server  # it could not start: say why
    try:
        yield Served(await address, stopping)
    finally:
        await stopping()
