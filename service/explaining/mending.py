"""What is said of each verdict: why it was lost there, and what would likely mend it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from service.explaining.explanation import LOOKED_AT, DocumentSeen, Fix, Rank, Seen, Verdict, Way
from service.settings import Settings

Told = tuple[str, Fix]

INGEST = "footnote ingest PATH"


def told(verdict: Verdict, seen: Seen, settings: Settings) -> Told:
    """Why, and what would mend it."""
    if verdict in OF_THE_CORPUS:
        return OF_THE_CORPUS[verdict](seen)
    assert seen.way is not None  # the verdict is of a stage behind the corpus
    return OF_THE_WAY[verdict](seen.way, settings)


def _not_ingested(seen: Seen) -> Told:
    one = seen.corpus.documents[0] if seen.corpus.documents else None
    if one is None:
        return "No document that you may read holds this text.", Fix("Put the document in.", INGEST)
    if one.upload is not None:
        why = f"Its upload is {one.upload.state}: nothing of it can be found before it is done."
        if one.upload.error is not None:
            why = f"{why} {one.upload.error.message}"
        return why, Fix("Wait until it is read in; a worker has to run for that.", "footnote jobs")
    if one.deleted_at is not None:
        return f"It was deleted at {one.deleted_at:%Y-%m-%d %H:%M} UTC.", Fix("Put it in again.", INGEST)
    return "There is no such document that you may read.", Fix("Put it in.", INGEST)


def _not_parsed(seen: Seen) -> Told:
    one = seen.corpus.documents[0]
    if one.upload is not None and one.upload.error is not None:
        error = one.upload.error
        which = "Its newest version" if one.state == "live" else "It"
        advice = error.hint or "Mend the file and put it in again, or try once more."
        why = f"{which} could not be read: {error.message} ({error.code})"
        return why, Fix(advice, f"footnote jobs retry {one.upload.id}")
    if one.upload is not None and not one.upload.finished:
        why = f"What is read so far does not hold it, and a newer upload is {one.upload.state}."
        return why, Fix("Wait until it is read in; a worker has to run for that.", "footnote jobs")
    what = "this text" if seen.expected.text else "any text"
    return f"It was read in, and what was read does not hold {what}.", _look_at(one)


def _look_at(one: DocumentSeen) -> Fix:
    advice = "Compare what was read with the file: its receipt says what was left out (a scan needs OCR)."
    return Fix(advice, f"footnote show {shlex.quote(one.source)} --text")


def _not_chunked_whole(seen: Seen) -> Told:
    pieces = ", ".join(str(place.ordinal + 1) for place in seen.corpus.places)
    why = f"The text is split between the chunks {pieces}, and no passage holds all of it."
    if not pieces:
        why = "The text stands in what was read, and in none of its chunks."
    advice = "Expect a shorter text, or let chunks be larger (FOOTNOTE_CHUNK__TARGET_TOKENS)."
    return why, Fix(advice, "footnote reindex")


def _found(way: Way, settings: Settings) -> Told:
    return "The answer cites it.", Fix("There is nothing to mend.")


def _not_retrieved(way: Way, settings: Settings) -> Told:
    ranks, candidates = way.ranks, settings.search.candidates
    if ranks.filtered:
        return "The question's filters leave it out.", Fix("Ask without the filters, or with others.")
    known = [one.rank for one in (ranks.dense, ranks.sparse) if one.rank is not None]
    places = f"dense {placed(ranks.dense)}, BM25 {placed(ranks.sparse)}"
    why = f"Neither list has it among its first {candidates}: {places}."
    if known:
        return why, Fix("Look further into both lists.", f"FOOTNOTE_SEARCH__CANDIDATES={min(known)}")
    if ranks.dense.looked_at < LOOKED_AT:  # the list ended by itself, and it has every chunk that there is
        return why, Fix("The index lacks it.", "footnote fsck --repair")
    advice = "The question and the text have too little in common: fit the model to your documents."
    return why, Fix(advice, "footnote tune embedder")


def _fused_away(way: Way, settings: Settings) -> Told:
    fused = way.ranks.fused
    why = f"Fused it stands at {placed(fused)}, and the first {fused.served} were reranked."
    return why, Fix("Let more be reranked.", f"FOOTNOTE_RERANK__DEPTH={fused.rank or fused.looked_at}")


def _reranked_away(way: Way, settings: Settings) -> Told:
    reranked = way.ranks.reranked
    why = f"Reranked it stands at {placed(reranked)}; the answer is drawn from the first {reranked.served}."
    advice = "Draw the answer from more, or fit the ranker to your documents (footnote tune reranker)."
    return why, Fix(advice, f"footnote ask QUESTION --top-k {reranked.rank}")


def _cut_by_budget(way: Way, settings: Settings) -> Told:
    context = settings.context
    if way.reached.left_out == "duplicate":
        why = f"A better hit says nearly the same (context.near_duplicate is {context.near_duplicate})."
        return why, Fix("If the better one is out of date, delete it.", "footnote delete SOURCE")
    why = (
        f"It did not fit into the context: {context.max_passages} passages, {context.max_tokens} tokens, "
        f"{context.max_passage_tokens} of one passage."
    )
    return why, Fix("Let the generator read more.", f"FOOTNOTE_CONTEXT__MAX_TOKENS={2 * context.max_tokens}")


def _abstained(way: Way, settings: Settings) -> Told:
    decision = way.run.answer.decision
    least = sorted(decision.contributions.items(), key=lambda item: item[1])[:3]
    against = ", ".join(f"{name} {added:+.2f}" for name, added in least if added < 0) or "nothing"
    why = (
        f"{decision.p_answerable:.2f} against a threshold of {decision.threshold:.2f} "
        f"({decision.reason}); what lowers the log odds most: {against}."
    )
    advice = "Fit the calibrator to questions of your own, or lower FOOTNOTE_DECIDE__THRESHOLD and err more."
    return why, Fix(advice, "footnote tune calibrator")


def _generated_wrongly(way: Way, settings: Settings) -> Told:
    why = f"The generator read it in passage {_numbers(way)} and wrote nothing of it."
    if settings.generate.base_url:
        return why, Fix("Try another language model.", "FOOTNOTE_GENERATE__MODEL")
    most = settings.generate.max_sentences
    advice = f"The built-in generator quotes {most} sentences at most: let it quote more, or use a model."
    return why, Fix(advice, f"FOOTNOTE_GENERATE__MAX_SENTENCES={2 * most}")


def _dropped_by_check(way: Way, settings: Settings) -> Told:
    reasons = ", ".join(dict.fromkeys(one.reason for one in way.run.answer.rejected))
    advice = "Compare the sentence with the passage; if that does say so, fit the check to your documents."
    return f"A sentence was written and dropped: {reasons}.", Fix(advice, "footnote tune support")


def _cited_wrongly(way: Way, settings: Settings) -> Told:
    why = f"A sentence says it, and its footnotes point elsewhere than to passage {_numbers(way)}."
    advice = "The same stands in another place, which is cited: look whether that one is right too."
    return why, Fix(advice, "footnote search QUESTION")


def placed(rank: Rank) -> str:
    """`3`, or `>1000` where it was not found so far."""
    return f">{rank.looked_at}" if rank.rank is None else str(rank.rank)


def _numbers(way: Way) -> str:
    return ", ".join(map(str, way.reached.passages))


OF_THE_CORPUS: Mapping[Verdict, Callable[[Seen], Told]] = {
    "not_ingested": _not_ingested,
    "not_parsed": _not_parsed,
    "not_chunked_whole": _not_chunked_whole,
}
OF_THE_WAY: Mapping[Verdict, Callable[[Way, Settings], Told]] = {
    "found": _found,
    "not_retrieved": _not_retrieved,
    "fused_away": _fused_away,
    "reranked_away": _reranked_away,
    "cut_by_budget": _cut_by_budget,
    "abstained": _abstained,
    "generated_wrongly": _generated_wrongly,
    "dropped_by_check": _dropped_by_check,
    "cited_wrongly": _cited_wrongly,
}
