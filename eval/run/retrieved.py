"""The family `retrieval`: which of the expected documents were found, and how far up.

Documents are judged, each at the place of its first passage. The measures are those of trec_eval, computed by
ir-measures: every reader of such figures means the same by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ir_measures
from ir_measures import RR, P, R, nDCG
from typing_extensions import override

from eval.run.families import Family
from eval.run.records import Number, Outcome

MEASURES: Mapping[str, Any] = {
    "recall@1": R @ 1,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "recall@50": R @ 50,
    "precision@5": P @ 5,
    "mrr": RR,
    "ndcg@10": nDCG @ 10,
}
FOUND = "found"
"""Whether an expected document is among what the answer is drawn from."""


class Retrieval(Family):
    """Measured for cases that name documents; nothing is said of the others."""

    name = "retrieval"

    @override
    async def measure(self, outcome: Outcome) -> Mapping[str, Number | None]:
        expected = outcome.case.expected
        if not expected or outcome.error:
            return dict.fromkeys((*MEASURES, FOUND))
        documents = ranked(outcome)
        run = {"case": {document: -place for place, document in enumerate(documents)} or {"": 0}}
        found = ir_measures.calc_aggregate(MEASURES.values(), {"case": dict(expected)}, run)
        near = {name for hit in outcome.hits if hit.text for name in expected if hit.is_of(name)}
        return {name: float(found[one]) for name, one in MEASURES.items()} | {FOUND: float(bool(near))}


def ranked(outcome: Outcome) -> list[str]:
    """The documents of the hits, best first, each once, by the name by which the case expects it."""
    names = (
        next((name for name in outcome.case.expected if hit.is_of(name)), hit.external_id or hit.source)
        for hit in outcome.hits
    )
    return list(dict.fromkeys(names))
