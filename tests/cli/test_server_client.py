"""The commands against a server with API keys."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingestion.embedded import find
from service.access import Access
from service.cli.app import app
from service.cli.runtime import Runtime
from service.errors import Forbidden, Misconfigured, Unauthenticated
from service.local_engine import LocalEngine
from service.tenancy import BY_OPERATOR, NewKey
from service.types import EVERY_GROUP, Scope
from tests.api.calling import serving
from tests.cli.commanding import engine_in
from tests.fakes_core import drain, quick_folder
from tests.tenants.keyed import server_settings

ACME = Scope("acme", frozenset({EVERY_GROUP}))


@contextmanager
def served(engine: LocalEngine, access: Access) -> Iterator[str]:
    """The engine behind HTTP, for those with keys, in a thread of its own; the address."""
    address: list[str] = []
    started, stop, loops = threading.Event(), asyncio.Event(), []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        async with serving(engine, server_settings(), access) as server:
            address.append(server.address)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    started.wait()
    try:
        yield address[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    with quick_folder() as folder, engine_in(folder) as engine:
        yield engine


@pytest.fixture
def footnote(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Any]]:
    """A command with a key of this role; the JSON that it printed."""
    access = Access.of(server_settings(), engine.database)
    access.tenants.create("acme")
    runtime = Runtime(find, *[None] * 7)  # type: ignore[arg-type] # unused
    with served(engine, access) as url:
        monkeypatch.setenv("FOOTNOTE_CLIENT__URL", url)

        def run(role: str, *arguments: str) -> Any:
            new = NewKey(role, role, ("sales",))  # type: ignore[arg-type] # a role
            monkeypatch.setenv("FOOTNOTE_CLIENT__API_KEY", access.keys.create("acme", new, BY_OPERATOR)[1])
            app([*arguments, "--json"], obj=runtime, standalone_mode=False)
            return json.loads(capsys.readouterr().out)

        yield run


def test_a_command_asks_the_server_with_its_key(footnote: Callable[..., Any]) -> None:
    assert footnote("reader", "list") == []


def test_a_server_refuses_what_the_key_may_not(footnote: Callable[..., Any]) -> None:
    with pytest.raises(Forbidden, match="role editor"):
        footnote("reader", "jobs")


def test_a_key_that_is_not_known_is_told_so(
    footnote: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_CLIENT__API_KEY", "fn_wrong")
    with pytest.raises(Unauthenticated, match="mistyped"):
        app(["list"], obj=Runtime(find, *[None] * 7), standalone_mode=False)  # type: ignore[arg-type] # unused


def test_documents_without_credentials_are_for_no_groups(tmp_path: Path) -> None:
    runtime = Runtime(find, *[None] * 7)  # type: ignore[arg-type] # it comes to none of them
    with pytest.raises(Misconfigured, match="embedded mode has none"):
        app(["ingest", str(tmp_path), "--group", "sales"], obj=runtime, standalone_mode=False)


@pytest.mark.parametrize("url", ["http://footnote.example", "ftp://127.0.0.1", "http://127.0.0.1.example"])
def test_a_key_crosses_no_network_without_tls(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FOOTNOTE_CLIENT__URL", url)
    with pytest.raises(Misconfigured, match=r"client\.url"):
        app(["list"], obj=Runtime(find, *[None] * 7), standalone_mode=False)  # type: ignore[arg-type] # unused


def test_documents_are_read_in_for_groups(
    footnote: Callable[..., Any], engine: LocalEngine, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("Pumps hum.")
    worker = threading.Thread(target=lambda: until_drained(engine))
    worker.start()
    try:
        footnote("editor", "ingest", str(tmp_path), "--group", "sales")
    finally:
        worker.join()
    (document,) = asyncio.run(engine.documents(ACME, None, 10)).items
    assert document.groups == ("sales",)


def until_drained(engine: LocalEngine) -> None:
    """Waits for an upload, and reads it in."""
    engine.wake.wait()
    drain(engine)
