"""Which stage lost what was expected: pure."""

from __future__ import annotations

from service.explaining.explanation import Corpus, Explanation, Seen, Verdict, Way
from service.explaining.mending import told
from service.settings import Settings
from service.text import words
from service.types import Citation

SAYS_IT = 0.8
"""The share of a sentence's terms that must stand in what was expected, so that the sentence counts as saying
it. Stated, not learned: it chooses between two words for a sentence that did not make it."""


def judged(seen: Seen, settings: Settings) -> Explanation:
    """The explanation of what was seen."""
    verdict = verdict_of(seen)
    why, fix = told(verdict, seen, settings)
    return Explanation(verdict, why, fix, seen)


def verdict_of(seen: Seen) -> Verdict:
    """The first stage after which it was not there any more."""
    corpus, way = seen.corpus, seen.way
    if not corpus.live:
        failed = any(document.state == "failed" for document in corpus.documents)
        return "not_parsed" if failed else "not_ingested"
    if way is None:
        return "not_chunked_whole" if corpus.spots else "not_parsed"
    if any(_points_to(corpus, citation) for citation in way.run.answer.citations):
        return "found"
    return _written(seen.expected.text, way) if way.reached.passages else _lost_on_the_way(corpus, way)


def _lost_on_the_way(corpus: Corpus, way: Way) -> Verdict:
    """Why no passage holds it."""
    ranks = way.ranks
    if not any(place.whole for place in corpus.places):
        return "not_chunked_whole"
    if not (ranks.dense.is_served or ranks.sparse.is_served):
        return "not_retrieved"
    if ranks.reranked.rank is None:
        return "fused_away"
    return "cut_by_budget" if ranks.reranked.is_served else "reranked_away"


def _written(expected: str, way: Way) -> Verdict:
    """Why a passage holds it and the answer does not cite it."""
    answer = way.run.answer
    if not way.run.decision.answer:
        return "abstained"
    if _was_dropped(expected, way):
        return "dropped_by_check"
    if answer.status == "abstained" and answer.decision.features.get("declined"):
        return "abstained"
    return (
        "cited_wrongly"
        if any(_says(expected, way, one.text) for one in answer.sentences)
        else "generated_wrongly"
    )


def _was_dropped(expected: str, way: Way) -> bool:
    """Whether a dropped sentence rests on a passage that holds it, or says it and names no such passage."""
    passages = set(way.reached.passages)
    return any(
        passages & set(one.named) if one.reason == "unsupported" else _says(expected, way, one.text)
        for one in way.run.answer.rejected
    )


def _points_to(corpus: Corpus, citation: Citation) -> bool:
    """Whether a footnote points to the expected text, or to what stands under it.

    Where no text is expected, whether it points into the document.
    """
    if not corpus.spots:
        return citation.document.id in {place.document_id for place in corpus.places}
    if any(place.above and place.chunk_id == citation.chunk_id for place in corpus.places):
        return True
    return any(
        citation.document.id == spot.document_id and citation.start < spot.end and spot.start < citation.end
        for spot in corpus.spots
    )


def _says(expected: str, way: Way, sentence: str) -> bool:
    passages = [one for one in way.run.context.passages if one.n in way.reached.passages]
    wanted = expected or "\n".join(passage.text for passage in passages)
    language = passages[0].hits[0].chunk.language
    said = frozenset(words.terms(sentence, language))
    return bool(said) and len(said & frozenset(words.terms(wanted, language))) >= SAYS_IT * len(said)
