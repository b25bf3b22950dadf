"""What is told of questions and documents to those who run Footnote: traces and measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from service.settings.base import Count, Fraction, Seconds, Section


class TracingSettings(Section):
    """A trace of every question and every document, to Langfuse or any OpenTelemetry collector."""

    method: Literal["none", "langfuse", "otlp"] = "none"
    """`langfuse` and `otlp` need `pip install 'footnote[tracing]'`."""
    endpoint: str = ""
    """`https://HOST` of Langfuse; of a collector the whole address, as `http://HOST:4318/v1/traces`."""
    public_key: str = ""
    """Of Langfuse, as the secret key."""
    secret_key: SecretStr = SecretStr("")
    """Of Langfuse."""
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request to a collector, for one that wants a token."""
    sample: Fraction = 1.0
    """The share of traces that is sent. A caller's own trace is sent if he says that it is sampled."""
    content: bool = False
    """Whether questions, answers and quotes are sent, personal data and secrets masked. Without it what is
    sent are numbers, names of models and ids; of a tenant a hash."""
    max_waiting: Count = 1_000
    """Traces that wait to be sent; what comes on top is dropped and counted."""
    timeout_s: Seconds = 10
    """Of each request to the receiver, all its repetitions together."""
    shutdown_s: Annotated[float, Field(ge=0)] = 2
    """How long the end of the process waits for what is not sent yet."""


class MetricsSettings(Section):
    """Where a worker tells its measurements; the API has `/metrics`."""

    host: str = "127.0.0.1"
    """The address on which a worker tells its measurements."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Of `footnote worker`; at 0 it tells none."""
