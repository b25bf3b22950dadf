"""Questions in numbers: how they ended, what it took, and how sure the answers were."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.metrics.labels import Words
from service.settings import GenerateSettings
from service.types import Answer

STAGE_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


class AnswerMetrics:
    """Counts answers.

    Args:
        registry: where they are kept.
        prices: what a million tokens cost.
    """

    def __init__(self, registry: CollectorRegistry, prices: GenerateSettings) -> None:
        self._prices = prices
        self._words = {name: Words() for name in ("stage", "status", "reason", "code", "variant")}
        self._stages = Histogram(
            "footnote_stage_seconds",
            "Time spent in one stage of a query.",
            ("stage",),
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self._answers = Counter(
            "footnote_answers_total",
            "Answers by status; the reason is empty unless the service abstained.",
            ("status", "reason"),
            registry=registry,
        )
        self._count(registry)
        self._judge(registry)

    def _count(self, registry: CollectorRegistry) -> None:
        self._variants = Counter(
            "footnote_variant_answers_total",
            "Answers that a variant gave, by status.",
            ("variant", "status"),
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
        self._warnings = Counter(
            "footnote_warnings_total",
            "Warnings that answers carried, by stage and code.",
            ("stage", "code"),
            registry=registry,
        )
        self._tokens = Counter(
            "footnote_tokens_total",
            "Tokens that the language model read (prompt) and wrote (completion).",
            ("kind",),
            registry=registry,
        )
        self._cost = Counter(
            "footnote_cost_total",
            "What those tokens cost, by the prices that are set; 0 where none are.",
            registry=registry,
        )

    def _judge(self, registry: CollectorRegistry) -> None:
        self._hits = Histogram(
            "footnote_hits",
            "Hits that an answer was made from.",
            buckets=(0, 1, 2, 4, 8, 16, 32),
            registry=registry,
        )
        self._sure = Histogram(
            "footnote_p_answerable",
            "How probable it was that the documents answer a question.",
            buckets=TENTHS,
            registry=registry,
        )
        self._support = Histogram(
            "footnote_support", "Support of each sentence by its passage.", buckets=TENTHS, registry=registry
        )

    def observe(self, answer: Answer) -> None:
        """Count one answer and the time of its stages; what was worked out before is not measured twice."""
        words, usage = self._words, answer.usage
        reason = words["reason"](answer.decision.reason or "")
        self._answers.labels(words["status"](answer.status), reason).inc()
        if answer.variant:
            self._variants.labels(words["variant"](answer.variant), words["status"](answer.status)).inc()
        for warning in answer.warnings:
            self._warnings.labels(words["stage"](warning.stage), words["code"](warning.code)).inc()
        for stage, milliseconds in answer.timings_ms.items():
            self._stages.labels(words["stage"](stage)).observe(milliseconds / 1000)
        self._dropped.inc(answer.dropped_sentences)
        if answer.cached:
            self._cached.inc()
            return
        self._tokens.labels("prompt").inc(usage.prompt_tokens)
        self._tokens.labels("completion").inc(usage.completion_tokens)
        prompt, completion = self._prices.prompt_price, self._prices.completion_price
        self._cost.inc((usage.prompt_tokens * prompt + usage.completion_tokens * completion) / 1_000_000)
        self._hits.observe(len(answer.hits))
        self._sure.observe(answer.decision.p_answerable)
        for sentence in answer.sentences:
            self._support.observe(sentence.support)
