"""What a tuned embedder says of itself: its card, the table of a run, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from eval.tune.comparing import Comparison

if TYPE_CHECKING:
    from eval.tune.embedder import TunedEmbedder

COLUMNS = (
    "questions of",
    "ranking",
    "questions",
    "nDCG@10",
    "after",
    "recall@5",
    "after",
    "chance of a gain",
)


def table(comparisons: Sequence[Comparison]) -> Table:
    """One row for each ranking of each set."""
    shown = Table(*COLUMNS)
    for one in comparisons:
        shown.add_row(*_cells(one))
    return shown


def advice(won: bool, out: str | None) -> str:
    """What comes next, in plain words."""
    if not won:
        kept = f" It was kept in {out} all the same." if out else " Nothing was kept."
        return f"The tuned model is not surely better on what was held out.{kept}"
    return (
        f"The tuned model is better on what was held out. To use it:\n\n"
        f"    export FOOTNOTE_EMBED__MODEL={out}\n"
        f"    footnote reindex\n\n"
        "The reranker and the calibrator that Footnote comes with were fitted to another embedder. Until\n"
        "`footnote tune reranker` and `footnote tune calibrator` have made new ones, responses say so."
    )


def card(tuned: TunedEmbedder) -> str:
    """The model card, in Markdown, with the sentence-transformers head that tools read."""
    recipe, trained = tuned.recipe, tuned.trained
    rows = [*tuned.held_out, *tuned.together, *tuned.guard]
    lines = [
        "---",
        "library_name: sentence-transformers",
        "pipeline_tag: sentence-similarity",
        "---",
        "",
        f"# {tuned.base}, tuned",
        "",
        f"Made by `footnote tune embedder` from {', '.join(tuned.sources)}: {tuned.examples} questions, "
        "each with a passage that answers it and hard negatives from BM25 and the dense list.",
        "",
        f"- base: `{tuned.base}`",
        f"- learned: {trained.parameters:,} numbers, "
        + ("low-rank adapters merged in" if recipe.lora else "the upper half of the layers"),
        f"- {trained.steps} steps of {recipe.batch_size} questions, last loss {trained.loss}, in "
        f"{trained.seconds:.0f} s ({trained.cpu_seconds:.0f} s of all cores together), of at most "
        f"{recipe.epochs} epochs and {recipe.minutes:g} minutes",
        f"- learning rate {recipe.learning_rate:g}{' × 10 for the adapters' if recipe.lora else ''}, "
        f"temperature {recipe.temperature:g}, texts cut to {recipe.max_tokens} tokens while training",
        f"- seed {recipe.seed}",
        "",
        "Before and after, searched by the product with the compiled model; no document is on both sides. "
        "The last column is the share of bootstrap resamples, by document, in which nDCG@10 rose.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
        *("| " + " | ".join(_cells(one)) + " |" for one in rows),
        "",
        f"`held out` decided. {advice(tuned.won, tuned.out)}",
        "",
    ]
    return "\n".join(lines)


def _cells(one: Comparison) -> list[str]:
    figures = (one.ndcg_before, one.ndcg_after, one.recall_before, one.recall_after)
    return [
        one.dataset,
        one.ranking,
        str(one.questions),
        *(f"{value:.3f}" for value in figures),
        str(one.chance),
    ]
