"""Which sentences of the passages answer a question best.

Each part of the question is answered by itself. One sentence is the answer; a further one must be about the
same codes and numbers and add something, come so close that either may be the answer, or say the same of
another document with other facts. A short answer brings the sentence beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.generate.candidates import Candidate, candidates
from service.generate.rank import Model, Ranking, ranked
from service.text import words
from service.types import Context, Question

_KEEP_ABOVE = 0.75
"""A further sentence that adds something is given when its score reaches this share of the best one's."""
_CLOSE_CALL = 0.8
"""The second best is given whatever it adds when its score is so close that either may be the answer."""
_LEAST_GAIN = 0.2
"""The share of the question's terms that a further sentence must add."""
_SHORT = 25
"""An answer of fewer words is given with a sentence beside it, if that speaks of the same."""
_GOES_WITH = 0.5
"""A sentence speaks of the same when its score without its meaning reaches this share of the best one's."""
_PART_ABOVE = 0.4
"""A part of the question is answered when its best score reaches this share of the best part's."""
_SAME_SUBJECT = 0.6
_SAME_WORDS = 0.8
_LEANS_BACK = re.compile(
    r"(?:this|that|these|those|it|its|they|their|he|his|she|her|such|the (?:former|latter)|also|however"
    r"|then|dies|diese[rsnm]?|sie|er|es|dabei|il|elle|ils|elles|cela)\b",
    re.I,
)


def select(question: Question, context: Context, model: Model, limit: int) -> list[Candidate]:
    """At most `limit` sentences that answer `question`: part by part, best passage first, in its order."""
    found = [candidate for passage in context.passages for candidate in candidates(passage)]
    if not found:
        return []
    rankings = ranked(question, found, model)
    top = max(ranking.best for ranking in rankings)
    chosen: list[Candidate] = []
    for number, ranking in enumerate(rankings, 1):
        if ranking.best >= _PART_ABOVE * top:
            room = limit - len(chosen) - (len(rankings) - number)
            chosen += _in_order(_choose(ranking, found, chosen, room))
    return chosen[:limit]


def _choose(
    ranking: Ranking, found: Sequence[Candidate], told: Sequence[Candidate], room: int
) -> list[Candidate]:
    """The best answer to a part, what other documents say instead, and what adds to it."""
    best, *others = ranking.scores
    chosen = [] if best in told else [best, *_before(best, found)][: max(1, room)]
    for candidate in (*_other_versions(best, found, ranking), *others):
        if len(chosen) < room and _is_wanted(candidate, best, [*told, *chosen], ranking):
            chosen.append(candidate)
    if best in chosen and len(chosen) < room:
        chosen += _beside(best, chosen, found, ranking)
    return chosen


def _is_wanted(candidate: Candidate, best: Candidate, known: Sequence[Candidate], ranking: Ranking) -> bool:
    """Whether a further candidate is as exact as the best one, and adds to what is known."""
    if candidate in known or ranking.exact[candidate] < ranking.exact[best]:
        return False
    if any(_says_the_same(candidate, other) for other in known):
        return False
    score = ranking.scores.get(candidate, 0.0)
    if _is_other_version(candidate, best):
        return all(other.passage.document.id != candidate.passage.document.id for other in known)
    if score >= _CLOSE_CALL * ranking.best and known == [best]:
        return True
    return score >= _KEEP_ABOVE * ranking.best and ranking.gain(candidate, known) >= _LEAST_GAIN


def _other_versions(best: Candidate, found: Sequence[Candidate], ranking: Ranking) -> list[Candidate]:
    """What other documents say of the same with other facts, one from each: the reader must see both."""
    near = _KEEP_ABOVE * ranking.by_words[best]
    versions: dict[str, Candidate] = {}
    for candidate in found:
        rival = versions.get(candidate.passage.document.id)
        if ranking.by_words[candidate] >= near and _is_other_version(candidate, best):
            alike = [c for c in (rival, candidate) if c is not None]
            versions[candidate.passage.document.id] = max(alike, key=lambda c: _sameness(c, best))
    return list(versions.values())


def _is_other_version(candidate: Candidate, best: Candidate) -> bool:
    is_elsewhere = candidate.passage.document.id != best.passage.document.id
    return is_elsewhere and _sameness(candidate, best) >= _SAME_SUBJECT


def _sameness(one: Candidate, other: Candidate) -> float:
    """How far two candidates speak of the same, numbers and codes aside, in [0, 1]."""
    return _overlap(_subject(one), _subject(other))


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates share nearly all words, and all numbers and denials."""
    if _sameness(one, other) < _SAME_WORDS or one.terms - _subject(one) != other.terms - _subject(other):
        return False
    return words.negations(one.text) == words.negations(other.text)


def _subject(candidate: Candidate) -> frozenset[str]:
    """The terms without numbers and codes."""
    return frozenset(term for term in candidate.terms if not any(map(str.isdigit, term)))


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def _before(candidate: Candidate, found: Sequence[Candidate]) -> list[Candidate]:
    """The sentence before one that begins with a pronoun: it says what is meant."""
    if candidate.is_row or not _LEANS_BACK.match(candidate.text):
        return []
    place = (candidate.passage.n, candidate.position - 1)
    return [c for c in found if (c.passage.n, c.position) == place and not c.is_row and not c.lead]


def _beside(
    best: Candidate, chosen: Sequence[Candidate], found: Sequence[Candidate], ranking: Ranking
) -> list[Candidate]:
    """The sentence beside a short answer that speaks of the same: it often says the rest of it."""
    if best.is_row or best.lead or sum(len(words.word_spans(c.text)) for c in chosen) >= _SHORT:
        return []
    near = [c for c in found if c.passage.n == best.passage.n and abs(c.position - best.position) == 1]
    beside = [c for c in near if not (c.is_row or c.lead or c in chosen) and _goes_with(c, best, ranking)]
    return sorted(beside, key=lambda c: -ranking.by_words[c])[:1]


def _goes_with(candidate: Candidate, best: Candidate, ranking: Ranking) -> bool:
    is_near = ranking.by_words[candidate] >= _GOES_WITH * ranking.by_words[best]
    goes_on = candidate.position > best.position and _LEANS_BACK.match(candidate.text) is not None
    return is_near or goes_on


def _in_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    """The passage of the best candidate first, each in its own order."""
    first = {c.passage.n: index for index, c in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda c: (first[c.passage.n], c.position))
