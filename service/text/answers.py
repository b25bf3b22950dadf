"""An answer as a person reads it: its sentences with the marks of their footnotes, set apart as text is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ITEM = re.compile(r"(?:[-*+•‣▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s")
"""How an item of a list begins."""
_ROW = re.compile(r"\|.*\|$")
"""A row of a table, as Markdown writes it."""


def marked(text: str, citations: Sequence[int]) -> str:
    """A sentence with its marks: `It lasts two years. [1][3]`."""
    marks = "".join(f"[{n}]" for n in citations)
    return f"{text} {marks}" if marks else text


def gap(before: str, after: str) -> str:
    """What stands between two sentences of an answer: a space in prose, nothing before the first.

    Items of a list stand on lines of their own; what has lines itself (a table, code, a longer list) is a
    paragraph.
    """
    if not before:
        return ""
    if "\n" in before or "\n" in after or _ROW.match(before) or _ROW.match(after):
        return "\n\n"
    if _ITEM.match(after):
        return "\n"
    return "\n\n" if _ITEM.match(before) else " "


def joined(sentences: Iterable[tuple[str, Sequence[int]]]) -> str:
    """The sentences of an answer, each with the numbers of its citations, as one text."""
    text = before = ""
    for sentence, citations in sentences:
        text += gap(before, sentence) + marked(sentence, citations)
        before = sentence
    return text
