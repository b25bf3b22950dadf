"""Makes the calibrator of `decide`: `footnote tune calibrator`.

`--data` names folders of labelled sets, `--documents` folders of documentation, whose headings and sentences
become questions, `--codes` such whose part numbers, error codes and names of options do. Each set is ingested
as the product does it; its questions are asked with and without the documents that answer, in small corpora,
with a name or number replaced, and against other sets. `--work` keeps all that for another run, which then
takes less than a minute.

Ends with 3 when what was learned is no better than what is in use, so that nothing was written.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from eval.collect import collected, engine_folder, engine_of
from eval.commands import NOTHING_BETTER, AsJson, command, run
from eval.halves import DECIDED, is_first_half
from eval.labelled import LabelledSet, asked_by_codes, documentation, find
from eval.labelled.golden import load as load_golden
from eval.labelled.types import folded
from eval.relevance import calibration
from eval.tune import deciding
from eval.tune.cases import DecisionCase, cases
from eval.tune.deciding import CaseFeatures
from service.decide import TUNED, Calibrator, fingerprints
from service.decide.calibrator import shipped
from service.decide.features import FROM_TOKENS
from service.errors import Misconfigured
from service.rerank import Reranker, open_reranker
from service.settings import Settings
from service.wiring import EmbedderFactory, served_embedder

HELD_OUT = ("sec10q", "golden")
"""Sets that the shipped calibrator did not see, to be reported on."""
_MAX_QUESTIONS = 500
_STRANGERS = 40
_SEED = 3


@dataclass(frozen=True, slots=True)
class RunningParts:
    """What the features come from: the reranker, and the fingerprints of all."""

    reranker: Reranker
    running: dict[str, str]


def main(
    data: Annotated[list[Path] | None, typer.Option(help="Labelled sets; may be repeated.")] = None,
    documents: Annotated[list[Path] | None, typer.Option(help="Documentation; may be repeated.")] = None,
    codes: Annotated[
        list[Path] | None, typer.Option(help="Documentation to ask by its codes; may be repeated.")
    ] = None,
    held_out: Annotated[
        list[str] | None, typer.Option(help="A set that is not learned from; may be repeated.")
    ] = None,
    work: Annotated[Path | None, typer.Option(help="Keep ingested sets and cases here.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write, whether it is better or not.")] = None,
    as_json: AsJson = False,
) -> None:
    """The command line."""
    sets = learnable(data or (), documents or (), held_out or HELD_OUT)
    if codes:
        sets.append(_cut(asked_by_codes(codes)))
    if not sets:
        raise typer.BadParameter("there is nothing to learn from: give --data, --documents or --codes")
    figures = tuned(sets, Settings(), work, out)
    print(json.dumps(figures, indent=2) if as_json else "\n".join(_lines(figures)))
    if "written" not in figures:
        raise typer.Exit(NOTHING_BETTER)


def tuned(
    sets: Sequence[LabelledSet],
    settings: Settings,
    work: Path | None = None,
    out: Path | None = None,
    make_embedder: EmbedderFactory = served_embedder,
) -> dict[str, Any]:
    """The figures of a calibrator learned from the sets; `written` says where, if it was worth keeping."""
    with tempfile.TemporaryDirectory() as scratch:
        prepared = prepare(sets, settings, work or Path(scratch), make_embedder)
    calibrator, figures = learn(_without_other_halves(prepared), opened(settings, make_embedder))
    if figures["log_loss"] < figures["log_loss_in_use"] or out is not None:
        file = out or settings.data_dir / TUNED
        calibrator.write(file)
        figures["written"] = str(file)
    return figures


def learnable(
    data: Sequence[Path], documents: Sequence[Path], held_out: Sequence[str] = ()
) -> list[LabelledSet]:
    """The sets below the folders, each cut to a size, without those that are held out."""
    labelled = [one for folder in data for one in find(folder) if one.name not in held_out]
    return [_cut(one) for one in labelled] + [documentation(folder, _MAX_QUESTIONS) for folder in documents]


def prepare(
    sets: Sequence[LabelledSet],
    settings: Settings,
    work: Path,
    make_embedder: EmbedderFactory = served_embedder,
) -> dict[str, tuple[DecisionCase, ...]]:
    """The cases of each set; those that `work` keeps from an earlier run are read from there."""
    return {one.name: _cases_of(one, _strangers(one, sets), settings, work, make_embedder) for one in sets}


def opened(settings: Settings, make_embedder: EmbedderFactory = served_embedder) -> RunningParts:
    """The parts for the settings."""
    embedder = make_embedder(settings)
    tokens = embedder.tokens_fingerprint
    reranker = open_reranker(settings.rerank, settings.cache_dir, settings.data_dir, tokens)
    running = fingerprints(embedder.fingerprint, tokens, reranker.fingerprint, settings.chunk)
    return RunningParts(reranker, running)


def learn(
    prepared: dict[str, tuple[DecisionCase, ...]], parts: RunningParts
) -> tuple[Calibrator, dict[str, Any]]:
    """The calibrator, and its figures out of fold, beside what is in use."""
    tokens_by_set = (
        {hit.chunk.id: hit.tokens for case in made for hit in case.found.hits} for made in prepared.values()
    )
    rarity = deciding.rarity([one for one in tokens.values() if one is not None] for tokens in tokens_by_set)
    rows = [row for made in prepared.values() for row in deciding.rows(made, parts.reranker, rarity)]
    learned = [row for row in rows if row.learnable]
    read = [row for row in learned if row.features.keys() >= {*FROM_TOKENS}]
    tokens, probabilities = deciding.fit(read, tokens=True)
    text, _ = deciding.fit(learned, tokens=False)
    made = {
        "by": "footnote tune calibrator",
        "cases": _counts(learned),
        "mix": dict(deciding.MIX),
        "promise": deciding.PROMISE,
    }
    calibrator = Calibrator(tokens, text, rarity, parts.running, made)
    asked = deciding.by_people(read)
    by_people = [row for row, one in zip(read, asked, strict=True) if one]
    return calibrator, _figures(by_people, probabilities[asked], calibrator)


def is_learned_from(set_name: str, group: str) -> bool:
    """Whether a halved set's article is of the half that is learned from."""
    return set_name not in DECIDED or is_first_half(group)


def _without_other_halves(
    prepared: dict[str, tuple[DecisionCase, ...]],
) -> dict[str, tuple[DecisionCase, ...]]:
    """The cases to learn from: neither of the other half of a halved set, nor with a text of it."""
    kept_back = [
        case for name, made in prepared.items() for case in made if not is_learned_from(name, case.group)
    ]
    texts = {
        folded(hit.chunk.text) for case in kept_back for hit in case.found.hits if hit.chunk.id in case.right
    }
    return {name: tuple(_without(made, texts, name)) for name, made in prepared.items()}


def _without(made: Sequence[DecisionCase], texts: set[str], name: str) -> Iterator[DecisionCase]:
    known = {
        case.group
        for case in made
        for hit in case.found.hits
        if hit.chunk.id in case.right and folded(hit.chunk.text) in texts
    }
    return (case for case in made if case.group not in known and is_learned_from(name, case.group))


def _cut(labelled: LabelledSet) -> LabelledSet:
    if labelled.name in DECIDED or len(labelled.questions) <= _MAX_QUESTIONS:
        return labelled
    drawn = random.Random(_SEED).sample(labelled.questions, _MAX_QUESTIONS)
    return dataclasses.replace(labelled, questions=tuple(drawn))


def _strangers(one: LabelledSet, sets: Sequence[LabelledSet]) -> list[str]:
    """Questions about something else: of sets without a text of this one, else of the golden set."""
    draw = random.Random(f"{_SEED}-{one.name}")
    texts = {folded(record.text) for record in one.records}
    others = [
        [question.text for question in other.questions]
        for other in sets
        if other.name != one.name and texts.isdisjoint(folded(record.text) for record in other.records)
    ]
    others = others or [[question.question for question in load_golden()]]
    return [text for texts in others for text in draw.sample(texts, min(_STRANGERS, len(texts)))]


def _cases_of(
    one: LabelledSet,
    strangers: Sequence[str],
    settings: Settings,
    work: Path,
    make_embedder: EmbedderFactory,
) -> tuple[DecisionCase, ...]:
    kept = work / "cases" / f"{one.name}.pkl"
    if not kept.is_file():
        own = settings.model_copy(update={"data_dir": engine_folder(one, work)})
        collection = collected(one, settings, work, make_embedder)
        with engine_of(one, own, make_embedder) as engine:
            made = cases(collection, engine, strangers)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(made))
    # Our own file of this very folder; nothing else is unpickled.
    found: tuple[DecisionCase, ...] = pickle.loads(kept.read_bytes())
    return found


def _counts(rows: Sequence[CaseFeatures]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        kinds = found.setdefault(row.set, {})
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    return found


def _figures(
    rows: Sequence[CaseFeatures], probabilities: deciding.Array, calibrator: Calibrator
) -> dict[str, Any]:
    answerable = np.array([row.answerable for row in rows])
    weight = deciding.weights(rows)
    loss = calibration.log_loss(probabilities, answerable, weight)
    return {
        "cases": len(rows),
        "threshold": calibrator.tokens.threshold,
        "log_loss": loss,
        "log_loss_in_use": _loss_in_use(rows, answerable, weight, calibrator),
        "ece": calibration.expected_error(probabilities, answerable, weight),
        "by_kind": {
            kind: {
                "auroc": calibration.auroc(
                    probabilities, answerable, np.array([row.kind == kind for row in rows])
                ),
                "answered": calibration.share(
                    probabilities >= calibrator.tokens.threshold,
                    weight * np.array([row.kind == kind for row in rows]),
                ),
            }
            for kind in deciding.MIX
            if any(row.kind == kind for row in rows)
        },
    }


def _loss_in_use(
    rows: Sequence[CaseFeatures], answerable: Any, weight: deciding.Array, new: Calibrator
) -> float:
    """The loss of the calibrator that is shipped; infinite where it was made for other parts."""
    try:
        used = shipped(new.fingerprints["embedder"].rpartition("-")[2])
    except Misconfigured:  # it was made for other quantities
        return float("inf")
    if used.differences(new.fingerprints):
        return float("inf")
    probabilities = np.array([used.tokens.probability(row.features) for row in rows])
    return calibration.log_loss(probabilities, answerable, weight)


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    threshold, error = figures["threshold"], figures["ece"]
    yield f"{figures['cases']} cases, out of fold; threshold {threshold:.3f}, ECE {error:.3f}"
    yield f"log loss {figures['log_loss']:.4f}, that in use {figures['log_loss_in_use']:.4f}"
    yield f"{'kind':14}{'auroc':>8}{'answered':>10}"
    for kind, row in figures["by_kind"].items():
        yield f"{kind:14}{row['auroc']:8.3f}{row['answered']:10.3f}"
    yield f"written to {figures['written']}" if "written" in figures else "no better than what is in use"


if __name__ == "__main__":
    run(command(main))
