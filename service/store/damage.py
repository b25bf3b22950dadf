"""What a damaged index is told by, and what repairs it: it is made of originals that are kept."""

from __future__ import annotations

REINDEX = "run `footnote reindex`: it makes the index anew from the originals"
"""The hint of every damaged store."""


SIGNS = ("out of bounds", "not readable", "Not recovered from previous error")
"""What the engine says when it reads a file that is shorter than it must be."""


def is_panic(error: BaseException) -> bool:
    """Whether the engine panicked: PyO3 raises that beside `Exception`, as a type that nobody can import."""
    return type(error).__name__ == "PanicException"
