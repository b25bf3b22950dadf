"""Where examples of code stand in a text: a piece of one is no answer, the whole often is.

A text keeps no fences. What is left is how code looks: lines that end in brackets, call something, assign, or
begin with a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.layout import LIST_MARK
from service.text.sentences import Span

_BLOCK = re.compile(r"(?:^[ \t]*\S.*(?:\n|\Z))+", re.MULTILINE)
_CODE_LINE = re.compile(
    r"\s*(?:>>>|\.\.\.(?:\s|$)|\$\s(?!\d)|@\w|#!|//|/\*|</?\w)|.*(?:[{}();\\]\s*$|[\w\]]\(\S*|\s=\s)"
)
_SENTENCE = re.compile(r"[^\W\d_]{2}[.!?]['\")\]]*\s*\Z")
_PROMPT = re.compile(r"\s*(?:>>>|\$)\s(?!\d)")
_SHARE = 2 / 3
"""Of a block's lines so many look like code."""
_LONGEST_LINE = 120
"""Nobody writes longer lines of code by hand; a paragraph without line breaks is longer."""
_MOST_LINES = 15
"""A longer example is not shown."""


def code_blocks(text: str) -> Iterator[Span]:
    """The spans of the examples of code, each with its indentation and without the line break at its end."""
    for block in _BLOCK.finditer(text):
        if _is_code(lines := block.group().rstrip("\n").split("\n")):
            yield block.start(), block.start() + len("\n".join(lines))


def shown_code(code: str) -> str:
    """Code as it stands, without the indentation that all lines share; empty where it is too long to show."""
    lines = code.split("\n")
    least = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[least:] for line in lines) if len(lines) <= _MOST_LINES else ""


def _is_code(lines: list[str]) -> bool:
    is_told = any(LIST_MARK.match(line) or len(line) > _LONGEST_LINE for line in lines)
    if is_told or "|" in lines[0] or (_SENTENCE.search(lines[-1]) and not _PROMPT.match(lines[0])):
        return False
    if len(lines) == 1 and not (lines[0].startswith(("    ", "\t")) or _PROMPT.match(lines[0])):
        return False
    return sum(_CODE_LINE.match(line) is not None for line in lines) >= _SHARE * len(lines)
