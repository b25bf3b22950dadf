"""`footnote tune support`: whether a passage supports a sentence, learned on corrupted claims.

Sentences of answers over labelled sets are rewritten and made false as `footnote eval citations` does; what
the rules of `service/cite/support.py` leave open becomes a row of features. Two boosted models with monotone
constraints are fitted (LightGBM, Ke et al. 2017): one over words, one over words and meaning. Every kind of
claim weighs the same. The bias is moved so that a probability of one half drops the share of true sentences
that is allowed, as measured by cross-validation over articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from eval.citations.cases import Case
from eval.citations.sets import cases_of, half, sets
from eval.citations.suite import claims
from eval.commands import command, run
from service.cite.claims import Comparison
from service.cite.read_passage import ReadPassage, read
from service.cite.support import Encode, Judge, examine, meaning
from service.embed import Embedder
from service.errors import InvalidInput
from service.learned.trees import Classifier, Trees
from service.settings import Settings
from service.text import words

SEED = 1
QUESTIONS_A_SET = 250
FOLDS = 5
DROPPED = 0.03
"""The share of true sentences that may be dropped, of those that the rules leave open."""
LENIENCE = 1.2
"""Log odds added to that, for people and language models write more freely than the rules that made these."""
SURELY_DROPPED, SURELY_KEPT = 0.003, 0.02
"""The share of true, and of false, claims that words alone may judge wrongly."""
WORDS = {
    "recall": 1, "recall_of_one": 1, "in_order": 1, "longest": 1, "elsewhere": -1, "nowhere": -1,
    "instead": -1, "instead_elsewhere": -1, "covered": 1, "heads": 1, "renamed": -1,
    "number_lost": -1, "name_lost": -1, "denied": -1,
    "denied_in_place": -1,
    "units": 0, "terms": 0, "names_absent": -1, "names_meant": 1, "names_nowhere": -1,
}  # fmt: skip
MEANING = {"cosine": 1, "nearest": 1, "farthest": 1, "strange": 1, "strangest": 1}
"""Each feature with the direction in which it may move the support; 0 is either."""
_FEW = 100
_TREES: Mapping[str, Any] = {
    "n_estimators": 120, "num_leaves": 12, "learning_rate": 0.08, "min_child_samples": 25, "reg_lambda": 2.0,
    "subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8, "random_state": SEED, "n_jobs": 2,
    "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A claim that the rules leave open, beside its evidence; `group` is its article, within its set."""

    kind: str
    supported: bool
    group: str
    said: str
    known: str
    features: Mapping[str, float]


def examples(found: Sequence[Case], name: str = "") -> Iterator[Example]:
    """The claims made from the cases that reach the learned models."""
    context, passages, weights = None, dict[int, ReadPassage](), dict[str, float]()
    for claim in claims(found, SEED):
        if claim.case.context is not context:
            context = claim.case.context
            passages = {passage.n: read(passage) for passage in context.passages}
            weights = words.weights(sentence.terms for one in passages.values() for sentence in one.sentences)
        compared = examine(claim.text, [passages[claim.cited]], weights.copy)
        if isinstance(compared, Comparison):
            group, features = f"{name}/{claim.case.group}", compared.features()
            yield Example(claim.kind, claim.supported, group, claim.text, compared.evidence, features)


def train(found: Sequence[Example], encode: Encode, encoder: str) -> Judge:
    """The two models, from examples of several articles; `encode` is called for those in doubt only.

    `encoder` is the fingerprint of its token vectors.
    """
    encode = cache(encode)
    weights = _weights(found)
    truth = np.array([one.supported for one in found])
    rows = _rows([one.features for one in found], WORDS)
    margins = _held_out(rows, truth, weights, [one.group for one in found], WORDS)
    doubt = _doubt(margins, truth, weights)
    open_rows = [place for place, margin in enumerate(margins) if doubt[0] < margin < doubt[1]]
    close = [found[place] for place in open_rows]
    told = _rows([{**one.features, **meaning(one.said, one.known, encode)} for one in close], WORDS | MEANING)
    second = _held_out(
        told, truth[open_rows], weights[open_rows], [one.group for one in close], WORDS | MEANING
    )
    final = np.where(margins >= doubt[1], np.inf, -np.inf)
    final[open_rows] = second
    bias = LENIENCE - _at_share(final[truth], weights[truth], DROPPED)
    shift = LENIENCE - _at_share(margins[truth], weights[truth], DROPPED)
    return Judge(
        words=_classifier(_fit(rows, truth, weights, WORDS), tuple(WORDS), shift),
        meaning=_classifier(
            _fit(told, truth[open_rows], weights[open_rows], WORDS | MEANING), tuple(WORDS | MEANING), bias
        ),
        doubt=(_probability(doubt[0] + shift), _probability(doubt[1] + shift)),
        encoder=encoder,
    )


def main(
    out: Annotated[Path, typer.Option(help="The JSON file to write.")],
    data: Annotated[list[Path] | None, typer.Option(help="Labelled sets, or documents; repeatable.")] = None,
    docs: Annotated[
        Path | None,
        typer.Option("--documents", "--docs", help="Documentation, one folder a collection."),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="The set of this name; repeatable.")] = None,
    halved: Annotated[
        list[str] | None, typer.Option("--half", help="Of this set every other article alone; repeatable.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "--questions", help="Questions asked of each set.")
    ] = QUESTIONS_A_SET,
    engines: Annotated[
        Path | None, typer.Option("--work", "--engines", help="Keep what was ingested here.")
    ] = None,
) -> None:
    """The command line."""
    settings, found = Settings(), list[Example]()
    embedder: Embedder | None = None
    for labelled in sets(data or (), docs, only or ()):
        part = half(labelled, "first") if labelled.name in (halved or ()) else labelled
        taken, embedder = cases_of(part, settings, limit, SEED, engines)
        made = list(examples(taken, labelled.name))
        print(f"{labelled.name}: {len(taken)} sentences, {len(made)} claims that the rules leave open")
        found.extend(made)
    if embedder is None or len({one.group for one in found}) < FOLDS:
        raise InvalidInput("there is too little to learn from", hint="give --data or --docs with more texts")
    judge = train(found, embedder.embed_query, embedder.tokens_fingerprint)
    out.write_text(judge.to_json(), encoding="utf-8")
    print(f"{out}: learned from {len(found)} claims; meaning is looked at within {judge.doubt}")


def _doubt(
    margins: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """The log odds between which words alone are wrong too often."""
    lowest = _at_share(margins[truth], weights[truth], SURELY_DROPPED)
    highest = -_at_share(-margins[~truth], weights[~truth], SURELY_KEPT)
    return min(lowest, 0.0), max(highest, 0.0)


def _rows(found: Sequence[Mapping[str, float]], names: Iterable[str]) -> NDArray[np.float64]:
    return np.array([[features[name] for name in names] for features in found])


def _probability(margin: float) -> float:
    return round(float(1 / (1 + np.exp(-margin))), 4)


def _fit(
    rows: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any], directions: Mapping[str, int]
) -> Any:
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(monotone_constraints=list(directions.values()), **_TREES)
    return model.fit(rows, truth, sample_weight=weights)


def _held_out(
    rows: NDArray[Any],
    truth: NDArray[Any],
    weights: NDArray[Any],
    groups: Sequence[str],
    directions: Mapping[str, int],
) -> NDArray[np.float64]:
    """The log odds of each row from a model that saw nothing of its article."""
    from sklearn.model_selection import GroupKFold

    margins = np.zeros(len(rows))
    for seen, unseen in GroupKFold(FOLDS).split(rows, truth, groups):
        model = _fit(rows[seen], truth[seen], weights[seen], directions)
        margins[unseen] = model.predict(rows[unseen], raw_score=True)
    return margins


def _weights(found: Sequence[Example]) -> NDArray[np.float64]:
    """Every kind of claim weighs the same, a rare one less, and so do truth and falsehood."""
    counts = Counter((one.supported, one.kind) for one in found)
    kinds = Counter(supported for supported, _ in counts)
    shares = [1 / max(_FEW, counts[one.supported, one.kind]) / kinds[one.supported] for one in found]
    return np.array(shares) * len(found) / 2


def _at_share(margins: NDArray[np.float64], weights: NDArray[np.float64], allowed: float) -> float:
    """The log odds below which the allowed share of the weight lies."""
    order = np.argsort(margins)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(margins[order][np.searchsorted(share, allowed)])


def _classifier(model: Any, names: tuple[str, ...], bias: float) -> Classifier:
    trees = Trees.from_lightgbm(model.booster_.dump_model()["tree_info"], digits=5)
    return Classifier(names, round(bias, 4), trees)


if __name__ == "__main__":
    run(command(main))
