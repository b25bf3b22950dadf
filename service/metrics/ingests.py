"""Documents in numbers: how their ingests ended, and what each stage took."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.metrics.labels import Words

STAGE_BUCKETS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class IngestMetrics:
    """Counts ingests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._codes = Words()
        self._outcomes = Counter(
            "footnote_ingests_total",
            "Ingests that have ended: done, unchanged, or failed with the code of the error.",
            ("outcome", "code"),
            registry=registry,
        )
        self._chunks = Counter(
            "footnote_embedded_chunks_total", "Chunks that were embedded.", registry=registry
        )
        self._stages = Histogram(
            "footnote_ingest_stage_seconds",
            "Time spent in one stage of an ingest; embed and store are of many documents together.",
            ("stage",),
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )

    def observe(self, outcome: str, code: str, embedded: int) -> None:
        """Count one ingest that has ended."""
        self._outcomes.labels(outcome, self._codes(code)).inc()
        self._chunks.inc(embedded)

    def observe_stage(self, stage: str, seconds: float) -> None:
        """Count one use of a stage."""
        self._stages.labels(self._codes(stage)).observe(seconds)
