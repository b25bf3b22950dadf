"""The HTTP server and the log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from service.settings.base import MIB, Count, Seconds, Section


class ApiSettings(Section):
    """The HTTP server and its limits."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0 takes any free one."""
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]", "::1")
    """Names by which this service may be called (`Host` header); others are refused."""
    max_body_bytes: Count = 200 * MIB
    """Of an upload."""
    max_json_bytes: Count = MIB
    """Of every other request."""
    max_upload_files: Count = 256
    """Of one upload."""
    max_question_characters: Count = 2_000
    """Of one question."""
    max_top_k: Count = 50
    """The most chunks that a request may ask for."""
    max_concurrent_queries: Count = 16
    """Questions and searches under way at once; those that wait for a language model count too."""
    max_waiting_queries: Annotated[int, Field(ge=0)] = 64
    """How many more may wait for their turn."""
    max_wait_s: Seconds = 10
    """For how long."""
    question_threads: Annotated[int, Field(ge=0)] = 0
    """Threads that work on questions; 0 is one a core. More of them take the cores from each other."""
    max_connections: Count = 512
    """At most half of the open files that the system grants the process: the rest are the store's."""
    receive_timeout_s: Seconds = 30
    """How long a client may take to send a request, or to read an answer."""
    shutdown_s: Seconds = 15
    """How long requests under way may take to end when the service stops."""


class LogSettings(Section):
    """Log lines go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe lines that are written."""
    format: Literal["auto", "json", "text"] = "auto"
    """`auto` is text on a terminal and JSON elsewhere."""
