"""What a file's name tells about its content: "2023 Q3 AAPL", "travel-policy-2024", "RN-1107".

Readers ask for documents by such names, and the text often does not hold them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(19|20)\d\d")
_GENERIC = frozenset(
    re.findall(
        r"\w+",
        "copy doc document documents file final index main new page readme record scan untitled version",
    )
)
_LONGEST = 60
_LONGEST_WORD = 20
"""Longer words are hashes and keys, which nobody asks for."""


def telling_name(filename: str, path: Sequence[str]) -> str:
    """The name without its suffix, with spaces for underscores; empty where `path` says all that it says.

    A number is nothing that a reader asks for, unless it is a year or a part of a word with letters.
    """
    name = " ".join(PurePath(filename).stem.replace("_", " ").split())
    known = {word.casefold() for title in path for word in _WORD.findall(title)} | _GENERIC
    new = [word for word in _WORD.findall(name) if word.casefold() not in known]
    return name if len(name) <= _LONGEST and any(map(_tells, new)) else ""


def _tells(word: str) -> bool:
    if len(word) > _LONGEST_WORD:
        return False
    return _YEAR.fullmatch(word) is not None or (len(word) > 1 and not word.isdigit())
