"""Where a question asks anew: "…, and how long …", or several questions in a row."""

from __future__ import annotations

import re

_PREPOSITION = r"(?:in|at|to|for|from|until|since|by|on|of|after|within|under|above|with|ab|bis|seit|mit|bei)"
_ASKING = (
    r"(?:what|which|who|whom|whose|when|where|why|how|was|wer|wen|wem|wann|wo|warum|wie|welche[rsnm]?"
    r"|quel(?:le)?s?|qui|quand|où|comment|combien|qué|quién|cuándo|dónde|cómo|cuánt[oa]s?)\b"
)
_NEXT_PART = re.compile(
    rf"(?:[,;]\s*(?:and|und|et|y)?|\s(?:and|und|et|y))\s+(?=(?:{_PREPOSITION}\s+)?{_ASKING})", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[?!.])\s+(?=[A-ZÀ-Þ])")


def sentences_asking(question: str) -> tuple[list[str], str]:
    """The sentences of a question that ask, one at least, and the others in one."""
    sentences = _SENTENCE.split(question.strip())
    asking = [sentence for sentence in sentences if sentence.endswith("?")] or [question]
    return asking, " ".join(sentence for sentence in sentences if sentence not in asking)


def pieces_of(sentence: str) -> list[str]:
    """What a sentence asks, one thing after the other."""
    return _NEXT_PART.split(sentence)
