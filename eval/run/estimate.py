"""The stage that lost what a case needed, estimated from the response where `/explain` may not be asked.

What was needed is followed from the corpus to the answer: is the document there, was its text read, is the
fact whole in one chunk, how far up was that chunk in each list, was it answered from. Whether a passage that
was found reached the generator is not in a response; it is worked out from the settings' own budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.engines import Asked
from eval.labelled.facts import holds
from eval.run.answered import cited, is_right, needed
from eval.run.records import Diagnosis, Fact, FoundHit, Json, Outcome, Stage
from service.errors import FootnoteError
from service.settings import ContextSettings

MENDS: Mapping[Stage, str] = {
    "not_ingested": "Ingest the document (`footnote ingest PATH`), and look at `footnote jobs --failed`.",
    "not_parsed": "Look at the document's receipt (`footnote show SOURCE`): what was not read is not "
    "found. Scans need the extra `ocr`.",
    "not_chunked_whole": "Raise `chunk.max_tokens`, or keep the fact and its heading in one section.",
    "not_retrieved": "The words differ too much: raise `search.candidates`, or learn the corpus's language "
    "with `footnote tune embedder`.",
    "fused_away": "One list had it near the top: weigh that list more with the section `fuse`.",
    "reranked_away": "Learn the order from this corpus with `footnote tune reranker`, or let a cross-encoder "
    "read the best (`rerank.second_depth`).",
    "cut_by_budget": "Raise `context.max_tokens` or `context.max_passages`.",
    "abstained": "Learn this corpus with `footnote tune calibrator`, or lower `decide.threshold`.",
    "generated_wrongly": "The passage was there and something else was said: look at the prompt and the "
    "model (`generate`), or at `generate.max_sentences`.",
    "dropped_by_check": "The check refused what was written: see the sentence beside its passage; "
    "`cite.min_support` is the bar.",
    "cited_wrongly": "The answer is right and rests on another document: is it a copy, or an old version "
    "that should go?",
    "answered_unanswerable": "Raise `decide.threshold`, or learn it with `footnote tune calibrator`.",
    "failed": "See the error's code and the service's log.",
}
_CHARACTERS_A_TOKEN = 4


@dataclass
class Corpus:
    """What the corpus holds of the documents that cases expect; each is looked up once."""

    asked: Asked
    refused: str = ""
    """Why `/explain` is not asked, once it was refused."""
    _documents: dict[str, str] | None = None
    _read: dict[str, tuple[str, list[Json]]] = field(default_factory=dict)

    async def document(self, name: str) -> str | None:
        """The id of a document, by its source or external id."""
        if self._documents is None:
            listed = await self.asked.documents()
            external = {one["external_id"]: one["document_id"] for one in listed if one.get("external_id")}
            self._documents = external | {one["source"]: one["document_id"] for one in listed}
        return self._documents.get(name)

    async def read(self, document_id: str) -> tuple[str, list[Json]]:
        """A document's text and chunks."""
        if document_id not in self._read:
            text = await self.asked.text(document_id)
            self._read[document_id] = (text, await self.asked.chunks(document_id))
        return self._read[document_id]


async def estimated(corpus: Corpus, outcome: Outcome, why: str = "") -> Diagnosis:
    """The diagnosis of a case that did not go well.

    Args:
        why: for people, why it is only an estimate; empty where the response itself tells the stage.
    """
    try:
        stage, seen = await _lost(corpus, outcome)
    except FootnoteError as error:
        stage, seen = _answered(outcome, f"The corpus could not be looked at ({error.code}). ")
    return Diagnosis(stage=stage, seen=f"{why}{seen}".strip(), mend=MENDS[stage], estimated=bool(why))


async def _lost(corpus: Corpus, outcome: Outcome) -> tuple[Stage, str]:
    if outcome.error:
        return "failed", outcome.error
    if not outcome.case.answerable:
        return (
            "answered_unanswerable",
            f"Answered with {_sureness(outcome)}; nothing answers it.",
        )
    if is_right(outcome):
        return "cited_wrongly", f"Cited {', '.join(sorted(cited(outcome)))}."
    lacking = missing(outcome)
    if _are_held(outcome.contexts if not outcome.case.expected else _expected_texts(outcome), lacking):
        return _answered(outcome, "")
    if not outcome.case.expected:
        return "not_retrieved", "No passage that was found holds what is asked."
    return await _before_the_answer(corpus, outcome, lacking)


def missing(outcome: Outcome) -> tuple[Fact, ...]:
    """What the answer should hold and does not."""
    return tuple(fact for fact in needed(outcome.case) if not holds(outcome.answer, fact))


def _are_held(texts: Sequence[str], facts: Sequence[Fact]) -> bool:
    return bool(texts) and all(any(holds(text, fact) for text in texts) for fact in facts)


def _expected_texts(outcome: Outcome) -> list[str]:
    return [hit.text for hit in outcome.hits if hit.text and _is_expected(outcome, hit)]


def _is_expected(outcome: Outcome, hit: FoundHit) -> bool:
    return any(hit.is_of(name) for name in outcome.case.expected)


async def _before_the_answer(corpus: Corpus, outcome: Outcome, lacking: Sequence[Fact]) -> tuple[Stage, str]:
    """What the expected documents hold never came up: where was it lost?"""
    ids = [id for name in outcome.case.expected if (id := await corpus.document(name))]
    names = ", ".join(outcome.case.expected)
    if not ids:
        return "not_ingested", f"There is no {names}."
    read = [await corpus.read(id) for id in ids]
    if not _are_held([text for text, _ in read], lacking):
        return "not_parsed", f"The text of {names} does not hold {quoted(lacking)}."
    chunks = [chunk for _, found in read for chunk in found]
    whole = {one["chunk_id"] for one in chunks if any(holds(_whole(one), fact) for fact in lacking)}
    if lacking and not whole:
        return "not_chunked_whole", f"{names} holds {quoted(lacking)}, but no chunk of it does."
    return _lost_on_the_way(outcome, whole or {one["chunk_id"] for one in chunks})


def _whole(chunk: Json) -> str:
    return " ".join([*chunk["heading_path"], chunk.get("header") or "", chunk["text"]])


def _lost_on_the_way(outcome: Outcome, wanted: set[str]) -> tuple[Stage, str]:
    """Which of both lists, their fusion and the reranker put the wanted chunks too far down."""
    near = len(outcome.contexts)
    found = [hit for hit in outcome.hits if hit.chunk_id in wanted]
    if not found:
        return (
            "not_retrieved",
            f"None of its {len(wanted)} chunks is among {len(outcome.hits)} hits.",
        )
    fused = sorted(outcome.hits, key=lambda hit: -hit.scores.fused)
    place = min(fused.index(hit) for hit in found) + 1
    ranks = [rank for hit in found for rank in (hit.scores.dense_rank, hit.scores.sparse_rank) if rank]
    last = min(outcome.hits.index(hit) for hit in found) + 1
    best = min(ranks, default=0)
    where = f"Best rank in a list {best or 'none'}, fused {place}, reranked {last}; {near} are answered from."
    if last <= near:
        return _answered(outcome, f"{where} ")
    if place <= near:
        return "reranked_away", where
    return ("fused_away" if best and best <= near else "not_retrieved"), where


def _answered(outcome: Outcome, before: str) -> tuple[Stage, str]:
    """What was needed was found: then it was cut, declined, dropped, or not said."""
    dropped = int(outcome.response.get("dropped_sentences", 0))
    if not outcome.answered:
        if dropped:
            return "dropped_by_check", f"{before}All of {dropped} sentences were dropped by the check."
        return "abstained", f"{before}The passage was found; declined with {_sureness(outcome)}."
    if _is_cut(outcome):
        return "cut_by_budget", f"{before}The passages above it fill the budget of the context (estimated)."
    if dropped:
        return "dropped_by_check", f"{before}{dropped} sentences were dropped by the check."
    return "generated_wrongly", f"{before}The passage was found; the answer lacks {quoted(missing(outcome))}."


def _is_cut(outcome: Outcome) -> bool:
    """Whether the passages above the first that holds what is missing leave it no room."""
    settings, lacking = ContextSettings(), missing(outcome)
    above = 0
    for place, hit in enumerate(hit for hit in outcome.hits if hit.text):
        if _is_expected(outcome, hit) and any(holds(hit.text, fact) for fact in lacking):
            return place >= settings.max_passages or above > settings.max_tokens
        above += len(hit.text) // _CHARACTERS_A_TOKEN
    return False


def _sureness(outcome: Outcome) -> str:
    decision = outcome.response["decision"]
    return f"p {decision['p_answerable']:.2f} at a threshold of {decision['threshold']:.2f}"


def quoted(facts: Sequence[Fact]) -> str:
    """The facts for people, each in its first spelling."""
    return ", ".join(f"“{fact[0]}”" for fact in facts) or "what is expected"


def cited_another(outcome: Outcome) -> bool:
    """Whether it was answered from documents of which none is expected."""
    case = outcome.case
    return outcome.answered and bool(case.expected) and not cited(outcome) & case.expected.keys()
