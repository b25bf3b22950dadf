"""A run as Langfuse shows it: its cases are items of a dataset, and each has its trace, answer and scores.

The span of a case is the caller of its question, so that what the product tells of its stages stands
beneath it: in this process with the item's name on every span, over HTTP by the trace that the request names.
Ids follow from the run's name: the same run told once more is the same run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from typing_extensions import override

from eval.run.asking import Tell, Told
from eval.run.figures import ALL
from eval.run.records import Case, Outcome, RunSummary
from service.errors import Misconfigured
from service.masking import Masker, open_masker
from service.settings import TracingSettings
from service.tracing.caller import TraceParent, calling
from service.tracing.datasets import Dataset, Datasets, Item
from service.tracing.spans import Experiment, Score, Span, Trace, span_id


@dataclass(frozen=True, slots=True)
class Linked(Told):
    """A run that is told to Langfuse under a name of its own."""

    datasets: Datasets
    dataset: Dataset
    name: str
    masker: Masker | None
    """Blots out what answers say; None where they are not sent."""

    @override
    @contextmanager
    def asking(self, case: Case) -> Iterator[None]:
        """What is asked meanwhile belongs to the trace of the case."""
        item = self._item(case)
        parent = TraceParent(self._trace_id(case), item.root, sampled=True)
        token = calling.set(replace(calling.get(), parent=parent, experiment=item))
        try:
            yield
        finally:
            calling.reset(token)

    @override
    def tell(self, outcomes: Sequence[Outcome], summary: RunSummary, moved: Tell) -> None:
        """Sends the cases with their scores, then the means of the run; raises `Unavailable`."""
        self.datasets.send([self._trace(one) for one in outcomes], moved)
        means = {name: figure.mean for name, figure in summary.metrics[ALL].items()}
        self.datasets.score(self.dataset.run_id(self.name), means)

    def _trace(self, outcome: Outcome) -> Trace:
        case, item = outcome.case, self._item(outcome.case)
        began = _nanoseconds(outcome.asked_at)
        ended = began + round(outcome.latency_ms * 1e6)
        content: dict[str, object] = {"input": case.question, "expected": expected(case)}
        if self.masker is not None:
            content["output"] = self.masker.mask(outcome.answer)
        whole = Span(
            self._trace_id(case),
            item.root,
            "",
            "case",
            began,
            ended,
            {"footnote.case": case.id, "footnote.status": str(outcome.response.get("status", "failed"))},
            outcome.error or "",
            content=content,
            is_root=True,
            experiment=item,
        )
        return Trace((whole,), tuple(_scores(outcome, whole)))

    def _item(self, case: Case) -> Experiment:
        trace = self._trace_id(case)
        run, item = self.dataset.run_id(self.name), self.dataset.items[case.id]
        return Experiment(run, self.name, self.dataset.id, item, span_id(trace, case.id))

    def _trace_id(self, case: Case) -> str:
        return hashlib.sha256(f"{self.dataset.run_id(self.name)}/{case.id}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Linking:
    """The dataset that runs are told as; `run` names one."""

    datasets: Datasets
    dataset: Dataset
    masker: Masker | None

    def run(self, name: str) -> Linked:
        """A run over it."""
        return Linked(self.datasets, self.dataset, name, self.masker)


@contextmanager
def linking(settings: TracingSettings, name: str, cases: Sequence[Case], tell: Tell) -> Iterator[Linking]:
    """The dataset of this name with the cases as its items, made or brought up to date.

    Raises:
        Misconfigured: traces do not go to Langfuse.
        Unavailable: it does not take the dataset.
    """
    if settings.method != "langfuse":
        raise Misconfigured(
            "the run is to be told to Langfuse, and traces do not go there",
            hint="set FOOTNOTE_TRACING__METHOD=langfuse, __ENDPOINT, __PUBLIC_KEY and __SECRET_KEY",
        )
    datasets = Datasets(settings)
    try:
        items = [Item(case.id, case.question, expected(case), _about(case)) for case in cases]
        kept = datasets.keep(name, items, tell)
        yield Linking(datasets, kept, open_masker() if settings.content else None)
    finally:
        datasets.close()


def expected(case: Case) -> dict[str, object]:
    """What is expected of the answer to a case, as far as something is."""
    told = case.model_dump(mode="json", include={"expected", "answers", "facts", "reference", "answerable"})
    return {name: value for name, value in told.items() if value not in ({}, [], "")}


def _about(case: Case) -> dict[str, object]:
    return {"case": case.id, **({"kind": case.kind} if case.kind else {}), "tags": list(case.tags)}


def _scores(outcome: Outcome, whole: Span) -> Iterator[Score]:
    for name, value in outcome.metrics.items():
        if value is not None:
            yield Score(
                span_id(whole.trace_id, "score", name), whole.trace_id, whole.id, name, value, whole.ended
            )


def _nanoseconds(at: datetime | None) -> int:
    """Since 1970; a case that was asked before that was noted has no time."""
    return round(at.timestamp() * 1_000_000) * 1_000 if at else 0
