"""How well Footnote knows when not to answer: `footnote eval deciding --data DIR`.

The calibrator in force decides on questions that it has not seen: those of the held-out sets, and of the
articles that were kept back of a halved set. Reported for each set and kind of question: AUROC against the
answerable ones of the set, and the share that is answered; over the mix of kinds: the expected calibration
error, a reliability diagram and the risk-coverage curve.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from eval.commands import AsJson, Limit, Out, Seed, Sets, Work, command, run
from eval.halves import DECIDED
from eval.labelled import files, find
from eval.relevance import calibration
from eval.relevance.calibration import Array, Bin, Flags, Risk
from eval.results import each, give
from eval.tune.calibrator import HELD_OUT, is_learned_from, opened, prepare
from eval.tune.cases import KINDS, DecisionCase, Kind
from eval.tune.deciding import weights
from service.decide import Decider, open_decider
from service.rerank import Reranker
from service.settings import Settings
from service.types import Found

_BAR = 40


@dataclass(frozen=True, slots=True)
class DecidedCase:
    """What was decided on one case; `corpus` is the set's name, or says how few documents there were."""

    set: str
    corpus: str
    kind: Kind
    p: float
    answered: bool
    documents: int = 0
    """The size of a corpus made small, else 0."""


@dataclass(frozen=True, slots=True)
class KindFigures:
    """One kind of question of one corpus. `auroc` is nan for the answerable ones."""

    corpus: str
    kind: str
    questions: int
    auroc: float
    answered: float


@dataclass(frozen=True, slots=True)
class DecidingReport:
    """All figures; those after the rows are over the mix of kinds, sets counting alike."""

    calibrated: bool
    threshold: float
    rows: tuple[KindFigures, ...]
    auroc: Mapping[str, float]
    """Over all sets, by kind: the mean of the sets."""
    ece: float
    ece_by_set: Mapping[str, float]
    promise: float
    """The share of unanswerable questions of the mix that is answered."""
    coverage: float
    """That of the answerable ones."""
    floor: float
    not_asked: float
    """The share of the answerable questions of the mix of which a language model would not be asked."""
    others_not_asked: float
    """That of the unanswerable ones."""
    reliability: tuple[Bin, ...]
    risk_coverage: tuple[Risk, ...]


def decided(cases: Sequence[DecisionCase], decider: Decider, reranker: Reranker) -> list[DecidedCase]:
    """What is decided on each case."""
    return [_decided(case, decider, reranker) for case in each("deciding", cases)]


def _decided(case: DecisionCase, decider: Decider, reranker: Reranker) -> DecidedCase:
    question = case.found.question
    decision = decider.decide(Found(question, reranker.rerank(question, case.found.hits)))
    corpus = f"{case.set}, few documents" if case.documents else case.set
    return DecidedCase(case.set, corpus, case.kind, decision.p_answerable, decision.answer, case.documents)


def of_size(documents: int) -> str:
    """Names the small corpora of all sets that have about so many documents."""
    return "1 document" if documents == 1 else "3 documents" if documents <= 3 else "4 to 10 documents"


def report(
    found: Sequence[DecidedCase], calibrated: bool, threshold: float, floor: float = 0.0
) -> DecidingReport:
    """The figures over cases of which some are answerable and some are not."""
    p, answerable = _probabilities(found), _flags(found, "answerable")
    weight, answered = weights(found), np.array([one.answered for one in found])
    few = [dataclasses.replace(one, corpus=of_size(one.documents)) for one in found if one.documents]
    few.sort(key=lambda one: one.documents)
    of_sets, of_sizes = _all_rows(found), _all_rows(few)
    return DecidingReport(
        calibrated=calibrated,
        threshold=threshold,
        rows=(*of_sets, *of_sizes),
        auroc={kind: _mean([row.auroc for row in of_sets if row.kind == kind]) for kind in KINDS[1:]},
        ece=calibration.expected_error(p, answerable, weight),
        ece_by_set={name: _error([one for one in found if one.set == name]) for name in _sets(found)},
        promise=calibration.share(answered[~answerable], weight[~answerable]),
        coverage=calibration.share(answered[answerable], weight[answerable]),
        floor=floor,
        not_asked=calibration.share((p < floor)[answerable], weight[answerable]),
        others_not_asked=calibration.share((p < floor)[~answerable], weight[~answerable]),
        reliability=tuple(calibration.reliability(p, answerable, weight)),
        risk_coverage=tuple(calibration.risk_coverage(p, answerable, weight)),
    )


def _all_rows(found: Sequence[DecidedCase]) -> tuple[KindFigures, ...]:
    return tuple(row for corpus in dict.fromkeys(one.corpus for one in found) for row in _rows(found, corpus))


def _rows(found: Sequence[DecidedCase], corpus: str) -> Iterator[KindFigures]:
    inside = [one for one in found if one.corpus == corpus]
    p, answerable = _probabilities(inside), _flags(inside, "answerable")
    for kind in KINDS:
        these = _flags(inside, kind)
        if these.any():
            auroc = calibration.auroc(p, answerable, these)
            answered = np.array([one.answered for one in inside])[these]
            yield KindFigures(corpus, kind, int(these.sum()), auroc, float(answered.mean()))


def _error(found: Sequence[DecidedCase]) -> float:
    return calibration.expected_error(_probabilities(found), _flags(found, "answerable"), weights(found))


def _sets(found: Sequence[DecidedCase]) -> list[str]:
    return list(dict.fromkeys(one.set for one in found))


def _probabilities(found: Sequence[DecidedCase]) -> Array:
    return np.array([one.p for one in found])


def _flags(found: Sequence[DecidedCase], kind: str) -> Flags:
    return np.array([one.kind == kind for one in found])


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _lines(figures: DecidingReport) -> Iterator[str]:
    yield f"{'corpus':28}{'kind':13}{'questions':>10}{'AUROC':>8}{'answered':>10}"
    for row in figures.rows:
        auroc = "" if np.isnan(row.auroc) else f"{row.auroc:.3f}"
        yield f"{row.corpus:28}{row.kind:13}{row.questions:10}{auroc:>8}{row.answered:10.3f}"
    yield ""
    yield "AUROC, mean of the sets: " + ", ".join(f"{kind} {one:.3f}" for kind, one in figures.auroc.items())
    yield f"threshold {figures.threshold:.3f}, {'calibrated' if figures.calibrated else 'NOT calibrated'}"
    covered, promise = figures.coverage, figures.promise
    yield f"of the mix: {covered:.3f} of the answerable answered, {promise:.3f} of the others"
    unasked, others = figures.not_asked, figures.others_not_asked
    yield f"below the floor of {figures.floor:.3f}: {unasked:.3f} of the answerable, {others:.3f} of others"
    yield f"expected calibration error {figures.ece:.3f}; by set: " + ", ".join(
        f"{name} {one:.3f}" for name, one in figures.ece_by_set.items()
    )
    yield ""
    yield f"{'predicted':>10}{'observed':>10}{'share':>8}"
    for bin in figures.reliability:
        bar = "#" * round(bin.observed * _BAR)
        yield f"{bin.predicted:10.3f}{bin.observed:10.3f}{bin.weight:8.3f}  {bar}"
    yield ""
    yield f"{'coverage':>10}{'risk':>8}{'p':>8}"
    for one in figures.risk_coverage:
        yield f"{one.coverage:10.2f}{one.risk:8.3f}{one.threshold:8.3f}"


def _csv(figures: DecidingReport) -> str:
    """The reliability diagram and the risk-coverage curve for a plotting program."""
    lines = ["diagram,x,y,weight"]
    lines += [
        f"reliability,{one.predicted:.4f},{one.observed:.4f},{one.weight:.4f}" for one in figures.reliability
    ]
    lines += [
        f"risk_coverage,{one.coverage:.4f},{one.risk:.4f},{one.threshold:.4f}"
        for one in figures.risk_coverage
    ]
    return "\n".join(lines) + "\n"


def measure(
    data: Sequence[Path],
    golden: Path | None,
    work: Path,
    settings: Settings,
    limit: int | None = None,
    seed: int = 1,
) -> tuple[DecidingReport, list[DecidedCase]]:
    """The report on the sets below `data` and on the golden set about the corpus in `golden`; its cases."""
    sets = [one for folder in data for one in find(folder) if one.name in (*HELD_OUT, *DECIDED)]
    if golden is not None:
        sets.append(files.golden(golden))
    parts = opened(settings)
    decider = open_decider(settings.decide, settings.data_dir, parts.running)
    seen = [
        case
        for name, made in prepare([one.limited(limit, seed) for one in sets], settings, work).items()
        for case in made
        if name not in DECIDED or not is_learned_from(name, case.group)
    ]
    found = decided(seen, decider, parts.reranker)
    return report(found, decider.warning is None, decider.threshold, decider.floor), found


def main(
    data: Sets = None,
    golden: Annotated[Path | None, typer.Option(help="The golden set's documents.")] = None,
    work: Work = None,
    csv: Annotated[Path | None, typer.Option(help="Write both diagrams here.")] = None,
    limit: Limit = None,
    seed: Seed = 1,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    if not (data or golden):
        raise typer.BadParameter("there is nothing to decide on: give --data or --golden")
    with tempfile.TemporaryDirectory() as scratch:
        figures, cases = measure(data or (), golden, work or Path(scratch), Settings(), limit, seed)
    if csv:
        csv.write_text(_csv(figures), encoding="utf-8")
    give(figures, cases, out=out, as_json=as_json, show=lambda: print("\n".join(_lines(figures))))


if __name__ == "__main__":
    run(command(main))
