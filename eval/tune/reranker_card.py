"""What a trained ranker says of itself: its card, and the table of a run."""

from __future__ import annotations

import dataclasses
import json

from rich.table import Table

from eval.tune.reranker_training import SetFigures, TrainedRanker
from eval.tune.rows import DEPTH

COLUMNS = ("set", "learned from", "kept back", "fused", "in use", "learned")


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
        depth=DEPTH,
        tokens=trained.file["tokens_fingerprint"],
        command=command,
        features=len(trained.file["features"]),
        recipe=json.dumps(dataclasses.asdict(trained.recipe), sort_keys=True),
        weight=trained.fused_weight,
        chosen=", chosen on the articles kept back" if trained.recipe.fused_weight is None else "",
        rows="\n".join(f"| {' | '.join(row)} |" for row in rows),
    )


_CARD = """# The ranker of late interaction

Puts the first {depth} fused hits of a question in order, from the token vectors that are stored with them. It
is only used with token vectors of fingerprint `{tokens}`, for which it was trained.

Made by `{command}`.

**Data.** The questions of the sets below, each with the hits of a fused search over its set: grade 2 for one
that holds an answer, 1 for another of a relevant document, 0 for the rest.

**Recipe.** LambdaMART (LightGBM) over {features} features of `service/rerank/features.py`. A question's
wordpieces are weighed by how rare they are in the chunks that were found, a table that is part of the file.
The learned score is blended with the fused one at weight {weight}{chosen}.

    {recipe}

**Figures.** nDCG@10 of documents on the articles that were kept back, a third of each set, by a ranker that
was trained on the rest. The ranker in the file was then trained on all.

{rows}
"""


def _cells(one: SetFigures) -> tuple[str, ...]:
    figures = (one.fused, one.in_use, one.learned)
    return (
        one.dataset,
        str(one.trained),
        str(one.questions),
        *("" if figure is None else f"{figure:.4f}" for figure in figures),
    )
