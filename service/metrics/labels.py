"""Labels of a bounded number of values: each is a time series that Prometheus keeps."""

from __future__ import annotations

import re
import threading

WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
OTHER = "other"
MOST = 100
"""More than there are stages, error codes and warnings together that can come up in one label."""


class Words:
    """The values of one label: words of ours, and no more than `most` of them; all else is `other`."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: set[str] = set()
        self._adding = threading.Lock()

    def __call__(self, value: str) -> str:
        """The value as a label; empty stays empty."""
        if not value or value in self._known:
            return value
        if WORD.fullmatch(value) is None:
            return OTHER
        with self._adding:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value
