"""What Prometheus reads on `/metrics`; one registry per application, so that two can live side by side.

`answers.py` measures questions, `ingests.py` documents, `state.py` what is asked for at each scrape;
`labels.py` keeps the labels few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from service.errors import FootnoteError
from service.metrics.answers import AnswerMetrics
from service.metrics.ingests import IngestMetrics
from service.metrics.labels import Words
from service.metrics.state import families
from service.records import State
from service.settings import GenerateSettings, MetricsSettings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The service's own measurements.

    Args:
        prices: what a million tokens cost.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, prices: GenerateSettings | None = None) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._codes, self._stages = Words(), Words()
        self._requests = Histogram(
            "footnote_request_seconds",
            "Time from a request's head to the last byte of its response.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self._errors = Counter(
            "footnote_errors_total",
            "Requests that ended in an error of Footnote, by its stage and code.",
            ("stage", "code"),
            registry=registry,
        )
        answers = AnswerMetrics(registry, prices or GenerateSettings())
        self.observe_answer = answers.observe
        self.observe_feedback = answers.feedback
        self.ingests = IngestMetrics(registry)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template, so that ids do not become labels."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def observe_error(self, error: FootnoteError) -> None:
        """Count one request that ended in an error."""
        self._errors.labels(self._stages(error.stage), self._codes(error.code)).inc()

    def render(self, state: State) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(_Together(self._registry, families(state)))

    @contextmanager
    def serving(self, settings: MetricsSettings, state: Callable[[], State]) -> Iterator[int]:
        """Tells them on a port of its own until the block ends; gives the port, 0 where none is set."""
        if not settings.port:
            yield 0
            return
        self._registry.register(_Asked(state))
        server, thread = start_http_server(settings.port, settings.host, self._registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Asked(Collector):
    """The state, asked for at each scrape."""

    def __init__(self, state: Callable[[], State]) -> None:
        self._state = state

    @override
    def collect(self) -> Iterable[Metric]:
        return families(self._state())

    def describe(self) -> Iterable[Metric]:
        """Without it the state would be asked for at the start."""
        return ()


class _Together(CollectorRegistry):
    """A registry's measurements and these."""

    def __init__(self, registry: CollectorRegistry, more: Iterable[Metric]) -> None:
        super().__init__()
        self._registry, self._more = registry, more

    @override
    def collect(self) -> Iterable[Metric]:
        yield from self._registry.collect()
        yield from self._more
