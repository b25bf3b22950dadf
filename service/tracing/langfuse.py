"""Traces for Langfuse: its names for what spans say, its endpoint for spans, and its REST API for scores.

Of its SDK the names and the API's client are used, and not the `Langfuse` object: that keeps one instance a
public key for the whole process, ends at the exit of the interpreter by an own handler, and waits at its end
for as long as its receiver does (docs/adr/0020).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import httpx
from langfuse import LangfuseOtelSpanAttributes as Names
from langfuse.api import CreateScoreRequest, LangfuseAPI

from service.errors import Misconfigured
from service.settings import TracingSettings
from service.tracing.otlp import OtlpSender
from service.tracing.spans import Figure, Score, Span, Trace
from service.tracing.tracer import SendFailed

SPANS = "/api/public/otel/v1/traces"
EXPERIMENTS = "sdk-experiment"
"""The environment by which Langfuse keeps runs of its SDK apart from what users ask."""
CONTENT = {
    "input": Names.OBSERVATION_INPUT,
    "output": Names.OBSERVATION_OUTPUT,
    "expected": Names.EXPERIMENT_ITEM_EXPECTED_OUTPUT,
}
"""What stands in a span's content, by the name that Langfuse has for it."""


class LangfuseSender:
    """Sends to a Langfuse server.

    Args:
        settings: its address and keys.
    """

    name = "langfuse"

    def __init__(self, settings: TracingSettings) -> None:
        public, secret = settings.public_key, settings.secret_key.get_secret_value()
        if not (public and secret):
            raise Misconfigured(
                "traces go to Langfuse, and its keys are not set",
                hint="set FOOTNOTE_TRACING__PUBLIC_KEY and FOOTNOTE_TRACING__SECRET_KEY",
            )
        base = settings.endpoint.rstrip("/")
        known_as = {
            "x-langfuse-sdk-name": "python",
            "x-langfuse-sdk-version": version("langfuse"),
            "x-langfuse-public-key": public,
        }
        key = base64.b64encode(f"{public}:{secret}".encode()).decode()
        self._spans = OtlpSender(
            settings,
            f"{base}{SPANS}",
            {**known_as, "Authorization": f"Basic {key}", "x-langfuse-ingestion-version": "4"},
            name=self.name,
            naming=named,
            with_scores=False,
        )
        self.api = LangfuseAPI(
            base_url=base,
            username=public,
            password=secret,
            x_langfuse_sdk_name="python",
            x_langfuse_sdk_version=version("langfuse"),
            x_langfuse_public_key=public,
            httpx_client=(client := httpx.Client(timeout=settings.timeout_s)),
        )
        self._client = client

    def send(self, traces: Sequence[Trace]) -> None:
        """Sends the spans, then what judges them; raises `SendFailed`."""
        self._spans.send(traces)
        if scores := [_request(score) for trace in traces for score in trace.scores]:
            try:
                self.api.scores.create(request=scores, request_options={"max_retries": 0})
            except Exception as error:  # of the client's many, all mean the same here
                raise SendFailed(f"langfuse has not taken the scores ({type(error).__name__})") from error

    def close(self) -> None:
        """Ends a request that waits to be repeated."""
        self._spans.close()
        self._client.close()


def named(span: Span) -> Mapping[str, Figure]:
    """A span's attributes by Langfuse's names."""
    told: dict[str, Figure] = {
        f"{Names.OBSERVATION_METADATA}.{name.removeprefix('footnote.')}": json.dumps(value)
        for name, value in span.figures.items()
    }
    told[Names.OBSERVATION_TYPE] = span.kind
    told[Names.RELEASE] = version("footnote")
    if span.is_root:
        told |= {Names.IS_APP_ROOT: True, Names.TRACE_NAME: span.name}
    if tenant := span.figures.get("footnote.tenant"):
        told[Names.TRACE_USER_ID] = str(tenant)
    if span.error:
        told |= {Names.OBSERVATION_LEVEL: "ERROR", Names.OBSERVATION_STATUS_MESSAGE: span.error}
    told |= _generation(span) | _experiment(span)
    for name, attribute in CONTENT.items():
        if name in span.content:
            told[attribute] = json.dumps(span.content[name], ensure_ascii=False)
    return told


def _experiment(span: Span) -> dict[str, Figure]:
    """The item of a dataset to which the span belongs, as the SDK's own experiments name it."""
    if (item := span.experiment) is None:
        return {}
    return {
        Names.ENVIRONMENT: EXPERIMENTS,
        Names.EXPERIMENT_ID: item.id,
        Names.EXPERIMENT_NAME: item.name,
        Names.EXPERIMENT_DATASET_ID: item.dataset,
        Names.EXPERIMENT_ITEM_ID: item.item,
        Names.EXPERIMENT_ITEM_ROOT_OBSERVATION_ID: item.root,
    }


def _generation(span: Span) -> dict[str, Figure]:
    if (made := span.generation) is None:
        return {}
    usage = {"input": made.prompt_tokens, "output": made.completion_tokens}
    return {
        Names.OBSERVATION_MODEL: made.model,
        Names.OBSERVATION_USAGE_DETAILS: json.dumps(usage),
        Names.OBSERVATION_COST_DETAILS: json.dumps({"total": made.cost}),
        # A prompt of Langfuse's own management has a number; this one is told by its hash.
        f"{Names.OBSERVATION_METADATA}.prompt_version": json.dumps(made.prompt),
    }


def _request(score: Score) -> CreateScoreRequest:
    return CreateScoreRequest(
        id=score.id,
        trace_id=score.trace_id,
        observation_id=score.span_id,
        name=score.name,
        value=score.value,
        comment=score.comment or None,
        data_type="NUMERIC",
    )
