"""Why the queue does not move, where that is no document's fault: a full disk, a damaged store."""

from __future__ import annotations

from service.errors import FootnoteError


class Stall:
    """Told by the worker, read by whoever asks for a job that waits; one assignment, so it needs no lock."""

    def __init__(self) -> None:
        self.error: FootnoteError | None = None
        """None while the queue moves, as far as anybody knows."""
