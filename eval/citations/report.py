"""The share of false claims caught and of true ones dropped, by kind, and the time it takes."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from eval.citations.suite import Claim
from service.cite import Checker
from service.cite.support import meaning_of
from service.embed import Embedder
from service.settings import CiteSettings

SENTENCES_AN_ANSWER = 4


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """What became of one claim; `milliseconds` is the time of its check, once the passages are read."""

    claim: Claim
    kept: bool
    support: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One kind of claim: `right` is the share caught of false ones, the share kept of true ones."""

    kind: str
    supported: bool
    claims: int
    right: float
    milliseconds: float
    """Mean time of a check."""


def check(claims: Iterable[Claim], embedder: Embedder, settings: CiteSettings) -> Iterator[CheckedClaim]:
    """Each claim as the only sentence of an answer over its context."""
    checker, known = None, None
    for claim in claims:
        if checker is None or known is not claim.case.context:
            known = claim.case.context
            checker = Checker(known, settings, meaning_of(embedder))
        before, start = checker.dropped, perf_counter()
        kept = [*checker.feed(_cited(claim)), *checker.finish()]
        spent = (perf_counter() - start) * 1000
        is_kept = bool(kept) and checker.dropped == before
        support = min((one.sentence.support for one in kept), default=0.0) if is_kept else 0.0
        yield CheckedClaim(claim, is_kept, support, spent)


def time_of_answers(claims: Sequence[Claim], embedder: Embedder, settings: CiteSettings) -> list[float]:
    """Milliseconds to check each answer of true sentences, verbatim ones and others, reading included."""
    answers: dict[int, list[Claim]] = {}
    for claim in claims:
        if claim.supported and claim.kind != "verbatim":
            answers.setdefault(id(claim.case.context), []).append(claim)
    spent = []
    for answer in answers.values():
        start = perf_counter()
        checker = Checker(answer[0].case.context, settings, meaning_of(embedder))
        for claim in answer[:SENTENCES_AN_ANSWER]:
            checker.feed(_cited(claim) + "\n")
        checker.finish()
        spent.append((perf_counter() - start) * 1000)
    return spent


def figures(checked: Sequence[CheckedClaim]) -> list[Figures]:
    """A row for each kind, then one for all false and one for all true claims, by kind and not by claim."""
    kinds = dict.fromkeys((one.claim.supported, one.claim.kind) for one in checked)
    rows = [
        _figures(kind, [one for one in checked if (one.claim.supported, one.claim.kind) == (supported, kind)])
        for supported, kind in sorted(kinds)
    ]
    for supported, name in ((False, "all false"), (True, "all true")):
        if of := [one for one in checked if one.claim.supported == supported]:
            rows.append(_figures(name, of))
    return rows


def table(rows: Sequence[Figures], answers: Sequence[float]) -> Iterator[str]:
    """The rows for reading."""
    yield f"{'claim':32}{'truth':>8}{'claims':>8}{'caught':>9}{'dropped':>9}{'ms':>7}"
    for row in rows:
        caught, dropped = ("", f"{1 - row.right:.3f}") if row.supported else (f"{row.right:.3f}", "")
        truth = "true" if row.supported else "false"
        yield f"{row.kind:32}{truth:>8}{row.claims:8}{caught:>9}{dropped:>9}{row.milliseconds:7.2f}"
    if answers:
        p50, p95 = statistics.median(answers), sorted(answers)[int(0.95 * len(answers))]
        most = SENTENCES_AN_ANSWER
        yield f"answers of up to {most} rewritten sentences: {p50:.1f} ms at p50, {p95:.1f} ms at p95"


def _figures(kind: str, checked: Sequence[CheckedClaim]) -> Figures:
    supported = checked[0].claim.supported
    right = sum(one.kept == supported for one in checked) / len(checked)
    return Figures(kind, supported, len(checked), right, statistics.fmean(o.milliseconds for o in checked))


def _cited(claim: Claim) -> str:
    """The sentence with its marker."""
    return f"{claim.text.rstrip('. ')} [{claim.cited}]."
