"""Spans in OpenTelemetry's form, sent over OTLP/HTTP as protobuf; the only module that knows its SDK.

The provider here is nobody else's: the process's global one stays as it is, and nothing of it is exported by
threads of the SDK. Names follow the semantic conventions for generative AI where there are some.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as OtelSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from typing_extensions import override

from service.settings import TracingSettings
from service.tracing.spans import Figure, Generation, Score, Span, Trace
from service.tracing.tracer import SendFailed

Naming = Callable[[Span], Mapping[str, Figure]]

# It says of each failure what `tracer.py` counts, and with the receiver's address.
logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").setLevel(logging.CRITICAL)


class _ToldIds(IdGenerator):
    """Gives the ids that it is told."""

    trace = span = 1

    @override
    def generate_span_id(self) -> int:
        return self.span

    @override
    def generate_trace_id(self) -> int:
        return self.trace


class _Collecting(SpanProcessor):
    """Keeps what has ended."""

    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    @override
    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)


class OtlpSender:
    """Sends to a collector.

    Args:
        settings: where to, and for how long.
        headers: sent with every request.
        name: what `/readyz` calls the receiver.
        naming: attributes beside those of OpenTelemetry.
        with_scores: whether scores go along as events of the spans that they judge.
    """

    def __init__(
        self,
        settings: TracingSettings,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        name: str = "otlp",
        naming: Naming = lambda _: {},
        with_scores: bool = True,
    ) -> None:
        self.name = name
        self._naming = naming
        self._with_scores = with_scores
        self._ids, self._collecting = _ToldIds(), _Collecting()
        resource = Resource({"service.name": "footnote", "service.version": version("footnote")})
        provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False, id_generator=self._ids
        )
        provider.add_span_processor(self._collecting)
        self._tracer = provider.get_tracer("footnote", version("footnote"))
        self._exporter = OTLPSpanExporter(
            endpoint=endpoint,
            headers=dict(headers),
            timeout=settings.timeout_s,
            compression=Compression.Gzip,
        )

    def send(self, traces: Sequence[Trace]) -> None:
        """Sends the spans of all of them in one request; raises `SendFailed`."""
        for trace in traces:
            for span in trace.spans:
                self._make(span)
            for score in trace.scores if self._with_scores else ():
                self._make(_judging(score))
        ended, self._collecting.ended = self._collecting.ended, []
        if ended and self._exporter.export(ended) is not SpanExportResult.SUCCESS:
            raise SendFailed(f"the receiver of {self.name} has not taken them")

    def close(self) -> None:
        """Ends a request that waits to be repeated."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call] # the SDK's gap

    def _make(self, span: Span) -> None:
        self._ids.trace, self._ids.span = int(span.trace_id, 16), int(span.id, 16)
        made = self._tracer.start_span(
            span.name,
            context=otel.set_span_in_context(_parent(span)) if span.parent_id else Context(),
            kind=otel.SpanKind.SERVER if span.is_root else otel.SpanKind.INTERNAL,
            start_time=span.began,
            attributes={**span.figures, **_usage(span.generation), **self._naming(span)},
        )
        assert isinstance(made, OtelSpan)
        if span.error:
            made.set_attribute("error.type", span.error)
            made.set_status(otel.StatusCode.ERROR, span.error)
        made.end(span.ended)


def _parent(span: Span) -> otel.NonRecordingSpan:
    context = otel.SpanContext(
        int(span.trace_id, 16),
        int(span.parent_id, 16),
        span.is_root,
        otel.TraceFlags(otel.TraceFlags.SAMPLED),
    )
    return otel.NonRecordingSpan(context)


def _usage(made: Generation | None) -> Mapping[str, Figure]:
    if made is None:
        return {}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": made.model,
        "gen_ai.usage.input_tokens": made.prompt_tokens,
        "gen_ai.usage.output_tokens": made.completion_tokens,
        "footnote.cost": made.cost,
        "footnote.prompt.version": made.prompt,
    }


def _judging(score: Score) -> Span:
    """A score where there are no scores: a span of no length beside the others."""
    figures: dict[str, Figure] = {"footnote.score": score.name, "footnote.score.value": score.value}
    return Span(
        score.trace_id, score.id[:16], score.span_id, "score", score.at, score.at, figures, kind="event"
    )
