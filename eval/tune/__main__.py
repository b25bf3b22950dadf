"""`footnote tune`, or `python -m eval.tune`: one command for each learned part.

Ends with 0 when there is something to use, 1 for an error, 2 for wrong usage, and 3 when what was learned is
no better than what is in use, so that nothing was kept.
"""

from __future__ import annotations

from eval.commands import group, run

COMMANDS = {
    "all": ("eval.tune.everything", "Ranker, calibrator and support of any embedding model."),
    "reranker": ("eval.tune.reranker", "The order of the best hits."),
    "calibrator": ("eval.tune.calibrator", "The probability that the passages answer."),
    "embedder": ("eval.tune.embedder", "The embedding model itself."),
    "support": ("eval.tune.support", "Whether a passage supports a sentence."),
}

app = group("Fit what was learned to your own documents.", COMMANDS)

if __name__ == "__main__":
    run(app, "footnote tune")
