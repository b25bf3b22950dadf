"""Which sentences of the passages answer a question best: the story of the extractive generator.

candidates.py  what can be shown of the passages
question.py    what is asked, part by part
subjects.py    what they are about though they do not name it
by_words.py    each candidate against a part: terms by rarity, codes, the kind of answer
by_tokens.py   each candidate against a part: late interaction and meaning, from the stored token vectors
ranking.py     all together
choose.py      which are given: the best, and what adds to it
headings.py    the heading that says what a sentence leaves out
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.generate.by_tokens import Tokenize, TokenScores
from service.generate.by_words import WordScores
from service.generate.candidates import CandidateSentence, candidate_sentences
from service.generate.choose import choose
from service.generate.headings import heading_of
from service.generate.question import QuestionPart, question_parts
from service.generate.ranking import Embed, ranked
from service.types import Context, Question


@dataclass(frozen=True, slots=True)
class EmbedderFunctions:
    """What the embedder lends: vectors of texts, and where its tokens lie."""

    embed: Embed
    """Asked only where no token vectors are kept."""
    tokenize: Tokenize


def select(
    question: Question, context: Context, embedder: EmbedderFunctions, limit: int
) -> list[CandidateSentence]:
    """At most `limit` sentences that answer `question`: part by part, best passage first, in its order."""
    found = [sentence for passage in context.passages for sentence in candidate_sentences(passage)]
    if not found:
        return []
    parts = question_parts(question.text)
    word_scores, token_scores = WordScores(found), TokenScores(question, found, embedder.tokenize)
    rankings = ranked(parts, [word_scores.of(part) for part in parts], token_scores, embedder.embed)
    asked = frozenset[str]().union(
        *(of.named for ranking in rankings for of in ranking.matches.asked.values())
    )
    chosen = _with_subjects(choose(rankings, found, limit), asked)
    return _with_headings(chosen, parts)


def _with_subjects(chosen: Sequence[CandidateSentence], asked: frozenset[str]) -> list[CandidateSentence]:
    """What was chosen, below its subject where the question names that and the sentence does not."""
    shown: list[CandidateSentence] = []
    for candidate in chosen:
        subject, is_named = candidate.subject, candidate.about & asked <= candidate.terms
        is_told = any(before.subject == subject for before in shown)
        if subject and not (candidate.lead or is_named or is_told):
            candidate = replace(candidate, lead=subject.shown)
        shown.append(candidate)
    return shown


def _with_headings(
    chosen: Sequence[CandidateSentence], parts: Sequence[QuestionPart]
) -> list[CandidateSentence]:
    """What was chosen, the first of each place below the heading that tells more of what is asked."""
    shown: list[CandidateSentence] = []
    told: set[tuple[int, str]] = set()
    for candidate in chosen:
        heading = None if candidate.lead else heading_of(candidate, parts)
        if heading and (heading.n, heading.text) not in told:
            told.add((heading.n, heading.text))
            candidate = replace(candidate, lead=heading)
        shown.append(candidate)
    return shown
