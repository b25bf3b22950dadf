"""Raised signs: which are marks of footnotes, that a reader skips, and which are exponents of a value.

A mark is left out of the running text, where it would join a word or a number or stand as a sentence of its
own ("successful. 1 State"); the note itself is text of its own, with its mark, where the file has it.
"""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"[(\[]?\d{1,3}(?:[,;]\s?\d{1,3}){0,4}[)\]]?")
_SIGNS = re.compile(r"[*\u2020\u2021\u00a7\u00b6]{1,3}")
_CLOSING = frozenset(".,;:!?%\"'\u201d\u2019\u00bb]")
_OPENING = frozenset("([{")
_LONG_NUMBER = re.compile(r"\d{3,}|\d[\d,.]*[,.]\d+")
_SHORT_NUMBER = re.compile(r"\d{1,2}")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_LENGTH = re.compile(r"(?:feet|foot|inch(?:es)?|(?:met(?:er|re)|mile|second|yard)s?)", re.IGNORECASE)
_LAST = re.compile(r"\w(?:[\w,.\u2019'-]*\w)?$")


def raised(before: str, sign: str) -> str:
    """What stands in the text for a raised `sign` behind `before`: nothing for a mark, `^6` for an exponent.

    A unit's square (`m2`) and a formula's charge stay as they are written, and so does a star that stands
    behind a space: it is spoken of, as in a legend.
    """
    sign = sign.strip()
    if not before or not sign:
        return sign
    if _SIGNS.fullmatch(sign):
        return sign if before[-1] in _OPENING or before[-1].isspace() else ""
    if not _NUMBERS.fullmatch(sign):
        return sign
    if before[-1] in _CLOSING or sign[-1] in ")]":
        return ""
    if before[-1] == ")":
        return "" if " " in before[before.rfind("(") :] or "(" not in before else f"^{sign}"
    found = _LAST.search(before)
    return _behind_word(found.group() if found else "", sign)


def _behind_word(word: str, sign: str) -> str:
    if _LONG_NUMBER.fullmatch(word):
        return ""
    if _SHORT_NUMBER.fullmatch(word):
        return f"^{sign}"
    last = re.split(r"[-'\u2019]", word)[-1]
    is_word = _LONG_WORD.fullmatch(last) and not _LENGTH.fullmatch(last)
    return "" if is_word or (last[-1:].isalpha() and not last[-1:].isascii()) else sign
