"""Whether one text denies what another affirms."""

from __future__ import annotations

import re
from collections.abc import Iterable

from service.text import words

_NEGATION_REACH = 3
"""Content words behind a negation that it may deny."""
_DENIED_BY_DISTANCE = ({True}, {True, False}, {True, False}, {False})
_CLAUSE_END = re.compile(r"[.;:,!?\n|]")
_IMPLICIT_DENIAL = re.compile(
    r"\b(?:prohibit\w*|forbid\w*|fail\w*|lack\w*|refus\w+|den(?:y|ies|ied)|exclud\w+|prevent\w*|avoid\w*|except"
    r"|unless|unable|un(?:safe|known|likely|available|supported|authori[sz]ed|necessary)|impossible|invalid|illegal"
    r"|absent|missing|verboten|untersagt|interdit\w*|prohibid\w+|vietat\w+|verboden)\b",
    re.IGNORECASE,
)


def denies_otherwise(claim: str, evidence: str, language: str) -> bool:
    """Whether one denies what the other affirms, or the claim denies where the evidence denies nothing."""
    if words.negations(claim) and not words.negations(evidence) and not _IMPLICIT_DENIAL.search(evidence):
        return True
    one, other = _polarity(claim, language), _polarity(evidence, language)
    return any(not one[term] & other[term] for term in one.keys() & other.keys())


def _polarity(text: str, language: str) -> dict[str, set[bool]]:
    """For each content word whether it is denied: the first behind a negation is, the next ones may be."""
    found: dict[str, set[bool]] = {}
    since = _NEGATION_REACH
    for token, gap in _tokens_with_gaps(text):
        if words.is_negation(token) or _IMPLICIT_DENIAL.fullmatch(token):
            since = 0
        else:
            terms = words.terms(token, language)
            for term in terms:
                found.setdefault(term, set()).update(_DENIED_BY_DISTANCE[min(since, _NEGATION_REACH)])
            since += len(terms)
        if _CLAUSE_END.search(gap):
            since = _NEGATION_REACH
    return found


def _tokens_with_gaps(text: str) -> Iterable[tuple[str, str]]:
    """Each word with what stands between it and the next."""
    found = words.word_spans(text)
    ends = [*(token.start() for token in found[1:]), len(text)]
    return ((token.group(), text[token.end() : end]) for token, end in zip(found, ends, strict=True))
