"""Whether a sentence copies another and puts a different name, number or date in one place.

Counting words cannot see this when the other name stands elsewhere in the same evidence; aligning them can.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise

from service import facts, words

_ANCHOR = 2
"""Words that must be the same on both sides of the place."""
_LONGEST = 4


def substitutes(claim: str, evidence: str, language: str) -> bool:
    """Whether `claim` has, between the same words, a name, number, date or identifier of its own."""
    said, known = _written(claim), _written(evidence)
    matcher = SequenceMatcher(
        None, [w.casefold() for w in said], [w.casefold() for w in known], autojunk=False
    )
    blocks = _with_edges(
        [(b.a, b.b, b.size) for b in matcher.get_matching_blocks() if b.size], len(said), len(known)
    )
    return any(
        _differs(said[a + size : next_a], known[b + size : next_b], language)
        for (a, b, size), (next_a, next_b, next_size) in pairwise(blocks)
        if size >= _ANCHOR and next_size >= _ANCHOR
    )


def _with_edges(blocks: list[tuple[int, int, int]], said: int, known: int) -> list[tuple[int, int, int]]:
    """The blocks, with the ends of both texts as anchors too."""
    return [(-_ANCHOR, -_ANCHOR, _ANCHOR), *blocks, (said, known, _ANCHOR)]


def _differs(said: list[str], known: list[str], language: str) -> bool:
    """Whether the words in one place name different things; other words are a matter of style."""
    if not said or not known or len(said) > _LONGEST or len(known) > _LONGEST:
        return False
    here, there = " ".join(said), " ".join(known)
    evidence = facts.facts(there, language)
    if (evidence.numbers or evidence.identifiers) and facts.missing(facts.facts(here, language), evidence):
        return True
    named, given = _names(said, language), _names(known, language)
    return bool(named and given) and not any(_same(one, other) for one in named for other in given)


def _names(found: list[str], language: str) -> list[str]:
    return [word for word in found if word[0].isupper() and not words.is_stop_word(word, language)]


def _same(one: str, other: str) -> bool:
    """Whether two names may be forms of one: they begin alike, or one is short for the other."""
    first, second = sorted((one.casefold(), other.casefold()), key=len)
    return second.startswith(first[: max(1, min(4, len(first)))]) or (one.isupper() or other.isupper())


def _folded(found: list[str]) -> list[str]:
    return [word.casefold() for word in found]


def _written(text: str) -> list[str]:
    return [token.group() for token in words.tokens(text)]
