"""What is asked for at each scrape. Of the queue every process tells the same: take the max."""

from __future__ import annotations

import math
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from service.records import State, TriedState


def families(state: State) -> Iterator[Metric]:
    """The state in Prometheus's form; of Redis nothing is said where none is set."""
    gauges = {
        "footnote_queue_depth": ("Ingest jobs that wait or run.", state.queue.depth),
        "footnote_queue_oldest_seconds": ("How long the oldest job has waited.", state.queue.oldest_s),
        "footnote_failed_jobs": ("Ingests that failed for good and are still kept.", state.queue.failed),
        "footnote_queue_stalled": ("1 where the queue of this process cannot go on.", state.stalled),
        "footnote_disk_free_bytes": ("Free space where the data folder lies.", state.disk_free_bytes),
        "footnote_redis_up": (
            "1 where Redis answered when it was last asked, else 0.",
            math.nan if state.redis_is_up is None else state.redis_is_up,
        ),
    }
    for name, (told, value) in gauges.items():
        yield GaugeMetricFamily(name, told, value)
    findings = GaugeMetricFamily(
        "footnote_fsck_findings",
        "What the last check of this process found amiss; none before the first.",
        labels=("kind",),
    )
    for kind, count in state.findings.items():
        findings.add_metric((kind,), count)
    yield findings
    yield from _drift(state)
    yield from _tried(state.tried)
    spans = {"sent": state.spans_sent, "dropped": state.spans_dropped}
    for became, count in spans.items():
        told = f"Spans of traces that were {became}."
        yield CounterMetricFamily(f"footnote_trace_spans_{became}", told, count)


def _drift(state: State) -> Iterator[Metric]:
    psi = GaugeMetricFamily(
        "footnote_drift_psi",
        "Population stability index of the last day's answers, of the tenant furthest for its limit.",
        labels=("quantity",),
    )
    alarms = GaugeMetricFamily(
        "footnote_drift_alarms",
        "Tenants whose answers have become other than they were; none before this process looked.",
        labels=("quantity",),
    )
    for quantity, (worst, tenants) in state.drift.items():
        psi.add_metric((quantity,), worst)
        alarms.add_metric((quantity,), tenants)
    yield psi
    yield alarms


def _tried(tried: TriedState) -> Iterator[Metric]:
    """Of variants their states, of the shadow its counts, and what answers were judged to be."""
    back = GaugeMetricFamily(
        "footnote_variant_rolled_back",
        "1 where a variant was taken back by itself, else 0.",
        labels=("variant",),
    )
    for name, became in tried.variants.items():
        back.add_metric((name,), became == "rolled_back")
    shadows = CounterMetricFamily(
        "footnote_shadow_questions",
        "Questions that the shadow was handed: kept with both answers, dropped as it was busy, or failed.",
        labels=("outcome",),
    )
    for outcome, count in tried.shadows.items():
        shadows.add_metric((outcome,), count)
    judged = GaugeMetricFamily(
        "footnote_judged", "What the last footnote eval online came to.", labels=("metric",)
    )
    for metric, mean in tried.judged.items():
        judged.add_metric((metric,), mean)
    yield from (back, shadows, judged)
