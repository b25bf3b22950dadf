"""What Prometheus reads on `/metrics`; one registry per application, so that two can live side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from service.drift import Overall
from service.types import Answer

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
STAGE_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)


class Metrics:
    """The service's own measurements."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Histogram(
            "footnote_request_seconds",
            "Time from a request's head to the last byte of its response.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS_S,
            registry=registry,
        )
        self._stages = Histogram(
            "footnote_stage_seconds",
            "Time spent in one stage of a query.",
            ("stage",),
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self._count_answers(registry)
        self._look_for_drift(registry)
        self._findings = Gauge(
            "footnote_fsck_findings",
            "What the last check of this process found amiss; none before the first.",
            ("kind",),
            registry=registry,
        )
        self._redis = Gauge(
            "footnote_redis_up",
            "1 where Redis answered when it was last asked, else 0.",
            registry=registry,
        )
        self._queue = Gauge("footnote_queue_depth", "Ingest jobs that wait or run.", registry=registry)

    def _count_answers(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "footnote_answers_total",
            "Answers by status; the reason is empty unless the service abstained.",
            ("status", "reason"),
            registry=registry,
        )
        self._dropped = Counter(
            "footnote_dropped_sentences_total",
            "Generated sentences that no passage supported.",
            registry=registry,
        )
        self._cached = Counter(
            "footnote_cached_answers_total",
            "Answers that were worked out for an earlier question, or one at the same time.",
            registry=registry,
        )

    def _look_for_drift(self, registry: CollectorRegistry) -> None:
        self._drift = Gauge(
            "footnote_drift_psi",
            "Population stability index of the last day's answers, of the tenant furthest for its limit.",
            ("quantity",),
            registry=registry,
        )
        self._drift_alarms = Gauge(
            "footnote_drift_alarms",
            "Tenants whose answers have become other than they were; none before this process looked.",
            ("quantity",),
            registry=registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template, so that ids do not become labels."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def observe_answer(self, answer: Answer) -> None:
        """Count one answer and the time of its stages."""
        self._answers.labels(answer.status, answer.decision.reason or "").inc()
        if answer.cached:
            self._cached.inc()
        self._dropped.inc(answer.dropped_sentences)
        for stage, milliseconds in answer.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def set_drift(self, drifting: Mapping[str, Overall]) -> None:
        """Tell what was last seen of all tenants' answers, by quantity."""
        for quantity, overall in drifting.items():
            self._drift.labels(quantity).set(overall.worst.psi)
            self._drift_alarms.labels(quantity).set(overall.alarms)

    def render(self, queue_depth: int, findings: Mapping[str, int], redis_is_up: bool | None) -> bytes:
        """The text that Prometheus scrapes; of Redis nothing is said where none is set."""
        for kind, count in findings.items():
            self._findings.labels(kind).set(count)
        self._redis.set(math.nan if redis_is_up is None else redis_is_up)
        self._queue.set(queue_depth)
        return generate_latest(self._registry)
