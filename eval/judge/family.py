"""RAGAS as a family of `footnote eval run`: with a judge where one is set, else what needs none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.judge.asking import Judge, judge_of
from eval.judge.kept import Kept
from eval.judge.settings import JudgeSettings
from eval.run.families import Failed
from eval.run.records import JudgeRecord, Number, Outcome
from service.embed import Embedder
from service.settings import Settings
from service.wiring import EmbedderFactory, served_embedder

if TYPE_CHECKING:
    from eval.judge.ragas import Metric

NO_JUDGE = "none"
KEPT = "judged"
"""The folder in a run's, of what was measured."""


class Ragas:
    """Metrics of RAGAS over cases, each asked for once: what was measured before is kept.

    Args:
        judge: None where there is none; then `metrics` are those that need none.
        versions: all that a value depends on but the case.
    """

    name = "ragas"

    def __init__(
        self, metrics: Sequence[Metric], kept: Kept, judge: Judge | None, versions: dict[str, str]
    ) -> None:
        self._metrics = metrics
        self._kept = kept
        self._judge = judge
        self._versions = versions

    async def measure(self, outcome: Outcome) -> Mapping[str, Number | None]:
        """Each metric by its name; None for a case that lacks what it compares.

        Raises:
            Failed: a metric has no value; the others are kept for the next time.
            LimitExceeded: the judge was asked for as much as it may be.
        """
        fields = told(outcome)
        found = await asyncio.gather(
            *(self._value(metric, fields) for metric in self._metrics), return_exceptions=True
        )
        # What ends the run goes first, then what is wrong with the case.
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, Failed):
                raise one
        if failures := [str(one) for one in found if isinstance(one, Failed)]:
            raise Failed("; ".join(failures))
        return {
            metric.name: one
            for metric, one in zip(self._metrics, found, strict=True)
            if not isinstance(one, BaseException)
        }

    def record(self) -> JudgeRecord:
        """Who judged so far, and what it cost this time."""
        return (
            self._judge.record(self._versions)
            if self._judge
            else JudgeRecord(model=NO_JUDGE, versions=self._versions)
        )

    async def _value(self, metric: Metric, fields: Mapping[str, Any]) -> float | None:
        if not all(fields.get(name) for name in metric.fields):
            return None
        told_it = {name: fields[name] for name in metric.fields}
        model = self._judge.model if self._judge else NO_JUDGE
        key = {"metric": metric.name, "told": told_it, "model": model, "versions": self._versions}
        kept: float | None = self._kept.get(key)
        if kept is not None:
            return kept
        value = await metric(fields)
        self._kept.keep(key, value)
        return value


def told(outcome: Outcome) -> dict[str, Any]:
    """A case as RAGAS's fields; what it lacks is empty."""
    case = outcome.case
    return {
        "user_input": case.question,
        "response": outcome.answer,
        "retrieved_contexts": list(outcome.contexts),
        "reference": case.reference or next(iter(case.answers), ""),
    }


@contextmanager
def open_family(
    folder: Path, settings: JudgeSettings | None = None, make_embedder: EmbedderFactory = served_embedder
) -> Iterator[Ragas]:
    """RAGAS until the block ends: with the judge of the settings, else with what needs none.

    Args:
        folder: of the run; what was measured is kept in it.
        settings: the environment's, if not given.

    Raises:
        Misconfigured: the settings of the judge contradict each other.
        ModelUnavailable: there is no embedding model.
    """
    from eval.judge import ragas

    settings = settings or JudgeSettings()
    judge = judge_of(settings) if settings.judges else None
    embedder: Embedder = make_embedder(Settings())
    metrics = ragas.without_a_judge(embedder)
    if judge is not None:
        metrics += ragas.with_a_judge(judge, embedder)
    versions = {"ragas": ragas.VERSION, "embedder": embedder.fingerprint}
    yield Ragas(metrics, Kept(folder / KEPT), judge, versions)
