"""`footnote eval people`: a blind sheet goes out, ratings come back."""

from __future__ import annotations

from eval.commands import group, run

COMMANDS = {
    "export": ("eval.people.sheet", "A blind sheet of two runs, to be rated."),
    "import": ("eval.people.scores", "Ratings read back: agreement, and which run is preferred."),
}

app = group("Let people compare two runs.", COMMANDS)

if __name__ == "__main__":
    run(app, "footnote eval people")
