"""Measured tables put into a page of documentation, between two marks that name what was measured.

<!-- measured: ranking -->
(whatever stood here is replaced)
<!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def put(page: str, name: str, lines: Iterable[str]) -> str:
    """The page with `lines` between the marks of `name`.

    Raises:
        ValueError: the page has no such marks.
    """
    marks = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marks.search(page):
        raise ValueError(f"the page has no marks for {name!r}")
    body = "\n".join(lines)
    return marks.sub(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", page)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table; shares and scores with three digits behind the point, whole numbers as they are."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
