"""Which words in angle brackets are HTML's markup; the others (`<name>`, `List<String>`) are text.

Where people write HTML into markdown they also write names to fill in. An element that HTML does not know is
one of these, and so is one that would show nothing as it stands: `cp <source> <output>`.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from html import escape

from service.text.elements import ELEMENTS

_EMPTY_ALONE = """
area base data embed iframe img input keygen label link map meta object output param script select slot source
style svg template textarea time title track var
"""
"""Elements that show nothing without an attribute or an end, and whose names people use as names."""

_SHOW_NOTHING_ALONE = frozenset(_EMPTY_ALONE.split())

_NAME = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)")
_END = re.compile(r"</([A-Za-z][^\s/<>]*)")
_ATTRIBUTE_VALUE = r"""(?:"[^"]*"|'[^']*'|[^"'<>])"""
_TAG = re.compile(rf"</?[A-Za-z]{_ATTRIBUTE_VALUE}*+>|<(?=/?[A-Za-z])")


def closed_names(text: str) -> frozenset[str]:
    """The names that have an end tag anywhere in the text, in lower case."""
    return frozenset(name.lower() for name in _END.findall(text))


def is_markup_at(text: str, start: int, closed: AbstractSet[str]) -> bool:
    """Whether the `<` at `start` begins HTML's markup; `closed` are the names that have an end tag."""
    found = _NAME.match(text, start)
    if found is None:
        return True  # a comment or a declaration
    end, name = found.group(1), found.group(2).lower()
    if name not in ELEMENTS:
        return False
    is_bare = text.startswith(">", found.end())
    return bool(end) or not is_bare or name in closed or name not in _SHOW_NOTHING_ALONE


def without_names(html: str, closed: AbstractSet[str]) -> str:
    """A piece of HTML with what is no markup in it escaped, so that it is read as text."""

    def judged(match: re.Match[str]) -> str:
        tag = match.group()
        return tag if tag != "<" and is_markup_at(tag, 0, closed) else escape(tag)

    return _TAG.sub(judged, html)
