"""What traces cost an answer: without, with a receiver that takes them, and with one that stalls.

Asked in turn of one engine in one process, so that what else the machine does falls on all three alike.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from eval.bench.corpora import demo_files
from eval.bench.figures import Figure, Goal
from eval.bench.query import WARM_UP
from eval.labelled.golden import load
from ingestion.worker import worker_for
from service.generate.prompt import prompt_version
from service.local_engine import LocalEngine
from service.records import Upload
from service.settings import CacheSettings, Settings, TracingSettings
from service.tracing.opening import open_tracing
from service.tracing.tracing import Tracing
from service.types import LOCAL, Query
from service.wiring import open_resources

SLOWER = Goal("at most", 1.02)


def cost(questions: int) -> Iterator[Figure]:
    """How much longer an answer takes at the median, each question beside itself.

    Args:
        questions: how many are asked of each.
    """
    with tempfile.TemporaryDirectory(prefix="footnote-bench-") as folder, ExitStack() as stack:
        settings = Settings(data_dir=Path(folder), cache=CacheSettings(enabled=False, question_vectors=0))
        engine = stack.enter_context(open_resources(settings))
        asyncio.run(_put_in(engine))
        worker_for(engine).run_until_idle()
        addresses = {"a receiver": _taking(), "a stalled receiver": _stalled()}
        tracings = {
            name: stack.enter_context(closing(_tracing(settings, stack.enter_context(address))))
            for name, address in addresses.items()
        }
        times = asyncio.run(_asked(engine, {"": Tracing(), **tracings}, questions))
        for name, tracing in tracings.items():
            ratios = [traced / plain for traced, plain in zip(times[name], times[""], strict=True)]
            told = f"{statistics.median(times['']):.1f} ms untraced, {tracing.counts.dropped} spans dropped"
            value = statistics.median(ratios)
            what = f"an answer with {name} over one without, p50"
            yield Figure("tracing", what, value, goal=SLOWER, note=told)


async def _asked(
    engine: LocalEngine, tracings: Mapping[str, Tracing], questions: int
) -> Mapping[str, list[float]]:
    """Milliseconds of every question by how it is traced; who is first goes round."""
    engines = {name: replace(engine, tracing=tracing) for name, tracing in tracings.items()}
    times: dict[str, list[float]] = {name: [] for name in engines}
    names = list(engines)
    texts = [question.question for question in load()]
    for number, text in enumerate(islice(cycle(texts), WARM_UP + questions)):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            started = time.perf_counter()
            await engines[name].answer(LOCAL, Query(text))
            times[name].append((time.perf_counter() - started) * 1000)
    return {name: spent[WARM_UP:] for name, spent in times.items()}


async def _put_in(engine: LocalEngine) -> None:
    uploads = [Upload(file.source, file.filename, BytesIO(file.content)) for file in demo_files()]
    await engine.upload(LOCAL, uploads, metadata=None, groups=None, idempotency_key=None)


def _tracing(settings: Settings, address: str) -> Tracing:
    told = TracingSettings(method="otlp", endpoint=f"{address}/v1/traces", shutdown_s=0)
    return open_tracing(settings.model_copy(update={"tracing": told}), prompt_version(), lambda: str)


@contextmanager
def _stalled() -> Iterator[str]:
    """The address of a receiver that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _taking() -> Iterator[str]:
    """The address of a receiver that takes everything, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_take, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _take(parent: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    parent.send(server.server_address[1])
    server.serve_forever()


class _Taker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The bench prints figures alone."""
