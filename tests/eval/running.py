"""Cases, outcomes and a product that answers as it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from eval.engines import Asked
from eval.run.records import Case, FoundHit, HitScores, Json, Outcome, Product
from service.errors import FootnoteError, Forbidden, NotFound

PUMP = "The warranty of the pump lasts 24 months."


def case(id: str = "a", **expected: Any) -> Case:
    return Case(id=id, **{"question": f"Question {id}?", **expected})


def hit(
    source: str,
    chunk: str = "c1",
    text: str = PUMP,
    *,
    ranks: tuple[int | None, int | None] = (1, 1),
    fused: float = 1.0,
) -> FoundHit:
    scores = HitScores(dense_rank=ranks[0], sparse_rank=ranks[1], fused=fused, rerank=0.9)
    return FoundHit(source=source, chunk_id=chunk, text=text, scores=scores)


def response(
    answer: str = PUMP, cited: Sequence[str] = ("pump.md",), *, p: float = 0.9, dropped: int = 0
) -> Json:
    """A `/query` body; without an answer it is an abstention."""
    citations = [{"n": n, "source": source} for n, source in enumerate(cited, start=1)] if answer else []
    sentences = [{"text": answer, "citations": [one["n"] for one in citations], "support": 0.9}]
    return {
        "status": "answered" if answer else "abstained",
        "answer": f"{answer} [1]" if answer else "I don't know.",
        "sentences": sentences if answer else [],
        "citations": citations,
        "decision": {"p_answerable": p, "threshold": 0.5},
        "timings_ms": {"embed": 1.0, "total": 4.0},
        "dropped_sentences": dropped,
        "cached": False,
    }


def explanation(verdict: str, source: str = "pump.md") -> Json:
    """An `/explain` body, as far as it is read."""
    fix = {"advice": f"Mend {verdict}.", "command": "footnote mend"}
    return {"verdict": verdict, "why": f"It is {verdict}.", "fix": fix, "documents": [{"source": source}]}


def outcome(asked: Case, body: Json | None = None, hits: Sequence[FoundHit] = (), **more: Any) -> Outcome:
    body = response() if body is None else body
    return Outcome(case=asked, response=body, hits=tuple(hits), latency_ms=5.0, **more)


@dataclass
class Product24(Asked):
    """A product that knows one thing; what it is asked is counted, and a question may fail."""

    product: Product = field(default_factory=lambda: Product(version="1"))
    here: bool = False
    failing: Mapping[str, FootnoteError] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"pump.md": [PUMP]})
    """By source the chunks of a document."""
    asked: list[str] = field(default_factory=list)
    explanations: Mapping[str, Json] | FootnoteError = field(default_factory=lambda: Forbidden("not yours"))
    """By what is expected; an error where it may not be asked."""
    explained: list[Json] = field(default_factory=list)

    @override
    async def query(self, body: Json) -> Json:
        self.asked.append(body["query"])
        if body["query"] in self.failing:
            raise self.failing[body["query"]]
        return {**response(), "hits": [_served("pump.md", "c1")]}

    @override
    async def search(self, body: Json) -> Json:
        return {"hits": [_served("pump.md", "c1"), _served("other.md", "c2")]}

    @override
    async def explain(self, body: Json) -> Json:
        self.explained.append(body)
        if isinstance(self.explanations, FootnoteError):
            raise self.explanations
        return self.explanations[body.get("expected_document_id", body.get("expected_source", ""))]

    @override
    async def documents(self) -> list[Json]:
        return [{"document_id": f"id of {name}", "source": name, "external_id": None} for name in self.texts]

    @override
    async def text(self, document_id: str) -> str:
        return "\n".join(self._chunks(document_id))

    @override
    async def chunks(self, document_id: str) -> list[Json]:
        return [
            {"chunk_id": f"c{number}", "heading_path": [], "header": None, "text": text}
            for number, text in enumerate(self._chunks(document_id), start=1)
        ]

    def _chunks(self, document_id: str) -> Sequence[str]:
        if (name := document_id.removeprefix("id of ")) not in self.texts:
            raise NotFound("There is no such document.")
        return self.texts[name]


def _served(source: str, chunk: str) -> Json:
    scores = {"dense_rank": 1, "sparse_rank": None, "fused": 0.5, "rerank": 0.5}
    return {"source": source, "external_id": None, "chunk_id": chunk, "text": PUMP, "scores": scores}
