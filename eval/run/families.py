"""What measures cases: the protocol of a family of metrics, and what a failing one does to a run.

A judge is one more family. `footnote eval run --judge` opens it with `eval.judge.family.open_family(folder)`,
a context manager which gives a `JudgingFamily`; `folder` keeps what it was told before, by case and versions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

from eval.run.records import JudgeRecord, Number, Outcome


class Failed(Exception):
    """A case could not be measured; the message says why, for people. The run is then no score."""


class Family(Protocol):
    """Metrics that one case is measured with."""

    name: str
    """One word: `retrieval`, `answer`, `trust`, `ragas`."""

    async def measure(self, outcome: Outcome) -> Mapping[str, Number | None]:
        """Each metric by its name; None where it says nothing of such a case; many cases at a time.

        Raises:
            Failed: it could not be found out.
        """
        ...


class JudgingFamily(Family, Protocol):
    """A family that asks a model."""

    def record(self) -> JudgeRecord:
        """Who judged so far, and what it cost."""
        ...


async def measured(family: Family, outcome: Outcome) -> Outcome:
    """The outcome with the family's metrics; a failure, or what is no number, as its reason."""
    try:
        found = dict(await family.measure(outcome))
    except Failed as failure:
        return outcome.model_copy(update={"failures": {**outcome.failures, family.name: str(failure)}})
    broken = {name for name, value in found.items() if value is not None and not math.isfinite(value)}
    reasons = dict.fromkeys(broken, "the value is no number")
    update = {
        "metrics": {**outcome.metrics, **{name: found[name] for name in found if name not in broken}},
        "failures": {**outcome.failures, **reasons},
    }
    return outcome.model_copy(update=update)
