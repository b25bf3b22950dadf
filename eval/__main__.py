"""`footnote eval`, or `python -m eval`: one command for each thing that can be measured."""

from __future__ import annotations

from eval.commands import group, run

COMMANDS = {
    "run": ("eval.run.__main__", "A labelled set asked and measured: a run."),
    "compare": ("eval.run.comparing", "Two runs; fails where the second is worse."),
    "report": ("eval.run.report", "A run as one page, with what went wrong and why."),
    "pairwise": ("eval.judge.pairwise", "Which of two runs a judge prefers."),
    "people": ("eval.people.__main__", "A blind sheet of two runs, rated by people."),
    "collect": ("eval.feedback.__main__", "Cases out of what readers said, masked and reviewed."),
    "shadow": ("eval.readers.shadow", "A candidate beside what readers were given."),
    "online": ("eval.readers.online", "Answers of the running service, judged."),
    "answers": ("eval.answers", "Questions with known facts against a corpus."),
    "squad": ("eval.squad", "Gold answers of SQuAD 2, over all its passages."),
    "citations": ("eval.citations.__main__", "False sentences caught and true ones dropped."),
    "chunking": ("eval.chunking.__main__", "Gold spans in chunks, beside three other ways."),
    "parsing": ("eval.parsing", "Text and table cells read; pages per second."),
    "scans": ("eval.scans.measure", "What OCR reads of spoiled pages of known text."),
    "retrieval": ("eval.retrieval", "Both lists and their fusion, through the API."),
    "ranking": ("eval.relevance.ranking", "Both lists, their fusion and the reranker."),
    "deciding": ("eval.relevance.deciding", "Which questions are answered; calibration."),
    "asking": ("eval.relevance.asking", "Questions misspelt, and inside polite messages."),
    "relevance": ("eval.relevance.__main__", "The tables of docs/measured/relevance.md."),
    "bench": ("eval.bench.__main__", "Speed and memory, each beside its baseline."),
}

app = group("Measure what Footnote does.", COMMANDS)

if __name__ == "__main__":
    run(app, "footnote eval")
