"""Which of the ranked candidates are given.

Each part of the question is answered by itself. One sentence is the answer; a further one must be about the
same codes and numbers and add something, come so close that either may be the answer, or say the same of
another document with other facts. A short answer brings the sentence beside it.

The constants were chosen on half of SQuAD 2's articles and every other question of the golden set;
docs/measured/answering.md shows what half and double of each come to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.generate.candidates import CandidateSentence
from service.generate.ranking import Ranking
from service.text import words

_KEEP_ABOVE = 0.75
"""A further sentence that adds something is given when its score reaches this share of the best one's."""
_CLOSE_CALL = 0.8
"""The second best is given whatever it adds when its score is so close that either may be the answer."""
_MIN_GAIN = 0.2
"""The share of the question's terms that a further sentence must add."""
_SHORT = 25
"""An answer of fewer words is given with a sentence beside it, if that speaks of the same."""
_GOES_WITH = 0.5
"""A sentence speaks of the same when its score without its meaning reaches this share of the best one's."""
_PART_ABOVE = 0.4
"""A part of the question is answered when its best score reaches this share of the best part's."""
_SAME_SUBJECT, _SAME_WORDS = 0.6, 0.8
"""The share of words, numbers aside, that two editions of one rule have in common, and two copies of it."""
_LEANS_BACK = re.compile(
    r"(?:this|that|these|those|it|its|they|their|he|his|she|her|such|the (?:former|latter)|also|however"
    r"|then|dies|diese[rsnm]?|sie|er|es|dabei|il|elle|ils|elles|cela)\b",
    re.I,
)


def choose(
    rankings: Sequence[Ranking], found: Sequence[CandidateSentence], limit: int
) -> list[CandidateSentence]:
    """At most `limit` of what was `found`: part by part, best passage first, in its order."""
    top = max(ranking.best for ranking in rankings)
    chosen: list[CandidateSentence] = []
    for number, ranking in enumerate(rankings, 1):
        if ranking.best >= _PART_ABOVE * top:
            room = limit - len(chosen) - (len(rankings) - number)
            chosen += _in_order(_for_part(ranking, found, chosen, room))
    return chosen[:limit]


def _for_part(
    ranking: Ranking, found: Sequence[CandidateSentence], told: Sequence[CandidateSentence], room: int
) -> list[CandidateSentence]:
    """The best answer to a part, what other documents say instead, and what adds to it."""
    best, *others = ranking.scores
    chosen = [] if best in told else [best, *_before(best, found)][: max(1, room)]
    for candidate in (*_other_versions(best, found, ranking), *others):
        if len(chosen) < room and _is_wanted(candidate, best, [*told, *chosen], ranking):
            chosen.append(candidate)
    if best in chosen and len(chosen) < room:
        chosen += _beside(best, chosen, found, ranking)
    return chosen


def _before(candidate: CandidateSentence, found: Sequence[CandidateSentence]) -> list[CandidateSentence]:
    """The sentence before one that begins with a pronoun: it says what is meant."""
    if candidate.is_row or not _LEANS_BACK.match(candidate.text):
        return []
    place = (candidate.passage.n, candidate.position - 1)
    return [c for c in found if (c.passage.n, c.position) == place and not c.is_row and not c.lead]


def _other_versions(
    best: CandidateSentence, found: Sequence[CandidateSentence], ranking: Ranking
) -> list[CandidateSentence]:
    """What other documents say of the same with other facts, one from each: the reader must see both."""
    near = _KEEP_ABOVE * ranking.without_meaning[best]
    versions: dict[str, CandidateSentence] = {}
    for candidate in found:
        document = candidate.passage.document.id
        if ranking.without_meaning[candidate] >= near and _is_other_version(candidate, best):
            rivals = (versions.get(document, candidate), candidate)
            versions[document] = max(rivals, key=lambda rival: _sameness(rival, best))
    return list(versions.values())


def _is_wanted(
    candidate: CandidateSentence,
    best: CandidateSentence,
    known: Sequence[CandidateSentence],
    ranking: Ranking,
) -> bool:
    """Whether a further candidate is as exact as the best one, and adds to what is known."""
    exactness = ranking.matches.exactness
    if exactness[candidate] < exactness[best] or not _adds(candidate, best, known, ranking):
        return False
    return candidate not in known and not any(_says_the_same(candidate, other) for other in known)


def _adds(
    candidate: CandidateSentence,
    best: CandidateSentence,
    known: Sequence[CandidateSentence],
    ranking: Ranking,
) -> bool:
    """Whether it is another document's version, comes so close to the best, or says what is not known yet."""
    if _is_other_version(candidate, best):
        return all(other.passage.document.id != candidate.passage.document.id for other in known)
    score = ranking.scores.get(candidate, 0.0)
    if score < _KEEP_ABOVE * ranking.best:
        return False
    is_close = score >= _CLOSE_CALL * ranking.best and known == [best]
    return is_close or ranking.gain(candidate, known) >= _MIN_GAIN


def _beside(
    best: CandidateSentence,
    chosen: Sequence[CandidateSentence],
    found: Sequence[CandidateSentence],
    ranking: Ranking,
) -> list[CandidateSentence]:
    """The sentence beside a short answer that speaks of the same: it often says the rest of it."""
    if best.is_row or best.lead or sum(len(words.word_spans(c.text)) for c in chosen) >= _SHORT:
        return []
    near = [c for c in found if c.passage.n == best.passage.n and abs(c.position - best.position) == 1]
    beside = [c for c in near if not (c.is_row or c.lead or c in chosen) and _goes_with(c, best, ranking)]
    return sorted(beside, key=lambda c: -ranking.without_meaning[c])[:1]


def _goes_with(candidate: CandidateSentence, best: CandidateSentence, ranking: Ranking) -> bool:
    is_near = ranking.without_meaning[candidate] >= _GOES_WITH * ranking.without_meaning[best]
    goes_on = candidate.position > best.position and _LEANS_BACK.match(candidate.text) is not None
    return is_near or goes_on


def _in_order(chosen: Sequence[CandidateSentence]) -> list[CandidateSentence]:
    """The passage of the best candidate first, each in its own order."""
    first = {c.passage.n: index for index, c in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda c: (first[c.passage.n], c.position))


# --- two candidates beside each other ------------------------------------------------------------


def _is_other_version(candidate: CandidateSentence, best: CandidateSentence) -> bool:
    is_elsewhere = candidate.passage.document.id != best.passage.document.id
    return is_elsewhere and _sameness(candidate, best) >= _SAME_SUBJECT


def _says_the_same(one: CandidateSentence, other: CandidateSentence) -> bool:
    """Whether two candidates share nearly all words, and all numbers and denials."""
    shares_words = _sameness(one, other) >= _SAME_WORDS
    shares_numbers = one.terms - _subject(one) == other.terms - _subject(other)
    return shares_words and shares_numbers and words.negations(one.text) == words.negations(other.text)


def _sameness(one: CandidateSentence, other: CandidateSentence) -> float:
    """How far two candidates speak of the same, numbers and codes aside, in [0, 1]."""
    mine, others = _subject(one), _subject(other)
    return len(mine & others) / max(1, len(mine | others))


def _subject(candidate: CandidateSentence) -> frozenset[str]:
    """The terms without numbers and codes."""
    return frozenset(term for term in candidate.terms if not any(map(str.isdigit, term)))
