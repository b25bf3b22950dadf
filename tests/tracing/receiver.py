"""A receiver of traces on 127.0.0.1 that decodes what was really sent, or does not answer."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from typing_extensions import override

from service.settings import TracingSettings


@dataclass(frozen=True)
class Seen:
    """One span as it arrived."""

    name: str
    trace_id: str
    id: str
    parent_id: str
    began: int
    ended: int
    failed: bool
    attributes: Mapping[str, Any]


@dataclass
class Langfuse:
    """What its REST API keeps of a project: datasets, their items, and how often an item was written."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    written: int = 0
    refusing: int = 0
    """The status that everything is answered with, if not 0."""

    def reply(self, path: str, body: Any) -> tuple[int, Any]:
        """The status and body of a request, as its API reference has them."""
        if self.refusing:
            return self.refusing, {"message": "refused"}
        at = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
        if path == "/api/public/projects":
            organisation = {"id": "o", "name": "o"}
            return 200, {
                "data": [{"id": "project-1", "name": "p", "organization": organisation, "metadata": {}}]
            }
        if path == "/api/public/v2/datasets":
            name = body["name"]
            return 200, {
                "id": f"id of {name}",
                "name": name,
                "metadata": None,
                "projectId": "project-1",
                **at,
            }
        if path == "/api/public/dataset-items" and body is None:
            found = list(self.items.values())
            meta = {"page": 1, "limit": 100, "totalItems": len(found), "totalPages": 1}
            return 200, {"data": found, "meta": meta}
        if path == "/api/public/dataset-items":
            about = {"status": "ACTIVE", "datasetId": f"id of {body['datasetName']}", "mediaReferences": []}
            self.items[body["id"]] = {**body, **about, **at}
            self.written += 1
            return 200, self.items[body["id"]]
        if body is None:
            return 200, {}
        taken = [{"id": score["id"], "status": 201} for score in body]
        return 200, {"successes": taken, "errors": []}


@dataclass
class Receiver:
    """What has arrived; `answering` is cleared to stall whoever sends."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)
    posted: list[tuple[str, Any]] = field(default_factory=list)
    """What came in JSON: path and body."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    raw: bytes = b""
    """Everything that was received, unpacked."""
    answering: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a request has arrived."""

    langfuse: Langfuse = field(default_factory=lambda: Langfuse())

    def settings(self, **others: Any) -> TracingSettings:
        return TracingSettings(**{"method": "otlp", "endpoint": f"{self.url}/v1/traces", **others})

    def take(self, path: str, content: bytes) -> None:
        self.raw += content
        if path.endswith("/v1/traces"):
            request = ExportTraceServiceRequest.FromString(content)
            self.spans += [
                _seen(span)
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]
        else:
            self.posted.append((path, json.loads(content)))

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    def only(self, name: str) -> Seen:
        (span,) = self.named(name)
        return span


def _seen(span: Any) -> Seen:
    return Seen(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == 2,
        {one.key: _value(one.value) for one in span.attributes},
    )


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.answering.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.reached.set()
            receiver.answering.wait()
            if self.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.take(self.path, content)
            if self.path.endswith("/v1/traces"):
                self._answer(200, b"", "application/x-protobuf")
            else:
                self._answer_json(json.loads(content))

        def do_GET(self) -> None:
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            self._answer_json(None)

        def _answer_json(self, body: Any) -> None:
            status, told = receiver.langfuse.reply(self.path.partition("?")[0], body)
            self._answer(status, json.dumps(told).encode(), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()
