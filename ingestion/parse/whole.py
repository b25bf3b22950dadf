"""Whole numbers as the markup of a file gives them: a level, a span, where a list begins."""

from __future__ import annotations

_MOST = 999_999_999
"""Larger ones count as this: Python refuses to read more than 4,300 digits."""


def whole(given: str | None) -> int | None:
    """The number, or None for what is none: it counts as not given, and costs nobody the text.

    >>> whole("12"), whole("-1"), whole("9" * 5_000), whole(None)
    (12, None, 999999999, None)
    """
    if not given or not given.isascii() or not given.isdecimal():
        return None
    return int(given) if len(given) < len(str(_MOST)) else _MOST
