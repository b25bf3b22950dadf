"""What a trained ranker says of itself: its card, and the table of a run."""

from __future__ import annotations

import json

from rich.table import Table

from eval.tune.reranker_training import SetFigures, TrainedRanker

COLUMNS = (
    "set",
    "learned from",
    "kept back",
    "bm25",
    "dense",
    "fused",
    "in use",
    "learned",
    "margin",
    "margin, set left out",
)


def table(trained: TrainedRanker) -> Table:
    """nDCG@10 on the articles that were kept back, a row for each set."""
    shown = Table(*COLUMNS)
    for one in trained.compared:
        shown.add_row(*_cells(one))
    return shown


def card(trained: TrainedRanker, command: str) -> str:
    """The model card, in Markdown."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(_cells(one) for one in trained.compared)]
    return _CARD.format(
        tokens=trained.file["tokens_fingerprint"],
        command=command,
        numbers=json.dumps({name: trained.file[name] for name in ("always", "lexical", "gate")}, indent=1),
        rows="\n".join(f"| {' | '.join(row)} |" for row in rows),
    )


_CARD = """# The ranker of late interaction

Puts the hits of both lists in order: by the dense score and what the token vectors say, and by the
question's very words as far as they can be trusted (`service/rerank/ranker.py` has the formula). It is only
used with token vectors of fingerprint `{tokens}`, for which it was trained.

Made by `{command}`.

**Data.** The questions of the sets below, each with what a search over its set found: half of each set's
articles, at most 250 questions. The other half is what the figures are of.

**Recipe.** The numbers are fitted on nDCG@10 with its steps smoothed (L-BFGS-B, `eval/tune/gated.py`), by the
sets that gain least over the best of BM25, dense and fused. Weights are of z-scores within a question's hits,
beside 1 for the dense one; none is below 0, that of `numbers` not below .6. `cluster` counts as far as the
gate is shut: one number, which stands in both sums.

{numbers}

**Figures.** nDCG@10 of documents on the articles that were kept back. A margin is over the best of BM25,
dense and fused; the last one is of a ranker that was learned from the other sets alone.

{rows}
"""


def _cells(one: SetFigures) -> tuple[str, ...]:
    figures = (one.bm25, one.dense, one.fused, one.in_use, one.learned)
    alone = "" if one.left_out != one.left_out else f"{one.left_out - one.best_list:+.4f}"
    return (
        one.dataset,
        str(one.trained),
        str(one.questions),
        *("" if figure is None else f"{figure:.4f}" for figure in figures),
        f"{one.learned - one.best_list:+.4f}",
        alone,
    )
