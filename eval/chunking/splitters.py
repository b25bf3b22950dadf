"""Ours and the baselines: a raw corpus becomes pieces, each with its place in the raw file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eval.chunking.align import locate
from eval.chunking.by_title import chunks_by_title
from ingestion.chunk import chunk
from ingestion.chunking.ruler import Tokenize
from ingestion.parse import parse
from ingestion.types import RawFile
from service.settings import ChunkSettings, ParseSettings


@dataclass(frozen=True, slots=True)
class Piece:
    """One searchable piece: what is indexed, and the span of `corpus` that a reader would be shown."""

    corpus: str
    start: int
    end: int
    indexed: str


Splitter = Callable[[str, str], list[Piece]]
"""From the name of a corpus and its text to its pieces."""


def ours(settings: ChunkSettings, tokenize: Tokenize) -> Splitter:
    """The product's parser and chunker."""

    def split(corpus: str, text: str) -> list[Piece]:
        raw = RawFile(corpus, text.encode(), "text/plain", f"{corpus}.txt")
        document = parse(raw, ParseSettings())
        made = chunk(document, tenant="eval", document_id=corpus, settings=settings, tokenize=tokenize)
        spans = locate(text, [one.text for one in made])
        return [
            Piece(corpus, *span, one.indexed_text)
            for one, span in zip(made, spans, strict=True)
            if span is not None
        ]

    return split


def fixed(tokens: int, overlap: int, tokenize: Tokenize) -> Splitter:
    """Windows of `tokens` tokens, each beginning `overlap` before the last one's end."""

    def split(corpus: str, text: str) -> list[Piece]:
        spans = tokenize(text)
        return [
            Piece(corpus, start, end, text[start:end])
            for first in range(0, max(len(spans) - overlap, 1), tokens - overlap)
            for start, end in [(spans[first][0], spans[min(first + tokens, len(spans)) - 1][1])]
        ]

    return split


def recursive(characters: int) -> Splitter:
    """LangChain's RecursiveCharacterTextSplitter, without overlap."""

    def split(corpus: str, text: str) -> list[Piece]:
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(
            chunk_size=characters, chunk_overlap=0, add_start_index=True, strip_whitespace=True
        )
        made = splitter.create_documents([text])
        starts = [int(one.metadata["start_index"]) for one in made]
        return [
            Piece(corpus, start, start + len(one.page_content), one.page_content)
            for one, start in zip(made, starts, strict=True)
        ]

    return split


def by_title(characters: int) -> Splitter:
    """unstructured's chunk_by_title over its own partition of the text."""

    def split(corpus: str, text: str) -> list[Piece]:
        texts = chunks_by_title(text, characters)
        spans = locate(text, texts)
        return [Piece(corpus, *span, one) for one, span in zip(texts, spans, strict=True) if span is not None]

    return split
